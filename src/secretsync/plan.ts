import { KeyferryError, Secret } from '#base';
import type { KubeObject, OwnerReference } from '#kube';
import { SECRET_CLASS_ANNOTATIONS, SECRET_CLASS_LABELS } from '#secretclass';
import type { DesiredSecret } from './build.ts';
import { joinedManagedFields, ownKeys } from './managed-fields.ts';
import { missingOwners } from './owners.ts';

/**
 * How sure the mounted files are: `write` right after they were asked for, so that they are the newest there is; `mend`
 * some time later, when the driver of another node may have written newer ones.
 */
export type SyncMode = 'write' | 'mend';

/** What to do about one Secret. */
export type SecretPlan =
  | { readonly action: 'create' }
  | { readonly action: 'keep' }
  | {
      readonly action: 'change';
      /** What to apply; undefined where only owners are missing. */
      readonly apply: DesiredSecret | undefined;
      /** What has to stand in managedFields before the apply. */
      readonly managedFields: ReturnType<typeof joinedManagedFields>;
      readonly owners: readonly OwnerReference[];
      /** Whether a value of the data changes. */
      readonly rotates: boolean;
    }
  | { readonly action: 'refuse'; readonly error: KeyferryError };

/** Decides what makes the Secret in the cluster (undefined: there is none) the one that is wanted. */
export function planSecret(
  live: KubeObject | undefined,
  desired: DesiredSecret,
  owners: readonly OwnerReference[],
  mode: SyncMode,
): SecretPlan {
  if (live === undefined) return { action: 'create' };
  const refusal = reasonToRefuse(live, desired);
  if (refusal !== undefined) return { action: 'refuse', error: refusal };
  const own = ownKeys(live);
  const liveData = textMap(live['data']);
  const data = mode === 'write' ? desired.data.expose() : keepWritten(desired.data.expose(), liveData, own.data);
  const dataDiffers = differs(data, liveData, own.data);
  if (dataDiffers && live['immutable'] === true) return { action: 'refuse', error: immutableError() };
  const missing = missingOwners(live, owners);
  const changed =
    dataDiffers ||
    differs(desired.labels, textMap(live.metadata.labels), own.labels) ||
    differs(desired.annotations, textMap(live.metadata.annotations), own.annotations);
  if (!changed && missing.length === 0) return { action: 'keep' };
  return {
    action: 'change',
    apply: changed ? { ...desired, data: new Secret(data) } : undefined,
    managedFields: changed ? joinedManagedFields(live) : undefined,
    owners: missing,
    rotates: dataDiffers,
  };
}

function reasonToRefuse(live: KubeObject, desired: DesiredSecret): KeyferryError | undefined {
  const { labels, annotations, deletionTimestamp } = live.metadata;
  if (deletionTimestamp !== undefined) {
    return new KeyferryError('unavailable', 'the secret of this name is being deleted', {
      hint: 'It is made anew as soon as it is gone; a finalizer may hold it.',
    });
  }
  const { managed } = SECRET_CLASS_LABELS;
  const { adopt } = SECRET_CLASS_ANNOTATIONS;
  if (labels?.[managed] !== 'true' && annotations?.[adopt] !== 'true') {
    return new KeyferryError('already-exists', 'a secret of this name exists and was not made from a volume', {
      hint: `Remove it, choose another secretName, or annotate it with ${adopt}=true to hand it over: its keys of other names stay.`,
    });
  }
  // A Secret without a type is Opaque: the API server's default.
  const type = typeof live['type'] === 'string' && live['type'] !== '' ? live['type'] : 'Opaque';
  if (type !== desired.type) {
    return new KeyferryError('failed-precondition', `it is of type ${type} and cannot become ${desired.type}`, {
      hint: 'The type of a Secret never changes. Delete it: it is made anew within minutes.',
    });
  }
  return undefined;
}

function immutableError(): KeyferryError {
  return new KeyferryError('failed-precondition', 'it is immutable, and the mounted files have other content', {
    hint: 'Delete it: it is made anew within minutes. Secrets that are refreshed cannot be immutable.',
  });
}

/** Whether an apply of `wanted` would change something: a value, or a key that was applied before and is wanted no more. */
function differs(
  wanted: Readonly<Record<string, string>>,
  live: Readonly<Record<string, string>>,
  own: ReadonlySet<string>,
): boolean {
  const isHeld = (key: string) => Object.hasOwn(live, key) && live[key] === wanted[key];
  return (
    !Object.keys(wanted).every(isHeld) ||
    [...own].some((key) => !Object.hasOwn(wanted, key) && Object.hasOwn(live, key))
  );
}

/** Values that a driver wrote stay: what differs there is newer, or older and about to be refreshed. */
function keepWritten(
  wanted: Readonly<Record<string, string>>,
  live: Readonly<Record<string, string>>,
  own: ReadonlySet<string>,
): Record<string, string> {
  const value = ([key, mine]: [string, string]) => [key, own.has(key) ? (live[key] ?? mine) : mine] as const;
  return Object.fromEntries(Object.entries(wanted).map(value));
}

function textMap(value: unknown): Readonly<Record<string, string>> {
  return (value ?? {}) as Readonly<Record<string, string>>;
}
