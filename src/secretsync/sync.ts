import { errorText, KeyferryError, toKeyferryError, withDeadline, type Clock, type ErrorCode } from '#base';
import { isReason, RESOURCES, type KubeClient, type OwnerReference, type Pod } from '#kube';
import { SECRET_CLASS_LABELS, type ClassSecretObject } from '#secretclass';
import {
  buildSecret,
  hasOwner,
  isUpToDate,
  ownerOfSecrets,
  type DesiredSecret,
  type ListMountedFiles,
  type ReadMountedFile,
  type WantedSecret,
} from './build.ts';

/** The field manager of the Secrets' content. Owners are merged in by a patch that takes nothing from others. */
const SECRET_FIELD_MANAGER = 'secrets-store-csi-driver';

/** What {@link syncSecrets} works on. */
export interface SecretSyncRequest {
  readonly pod: { readonly namespace: string; readonly name: string; readonly uid: string };
  readonly secretObjects: readonly ClassSecretObject[];
  readonly readFile: ReadMountedFile;
  readonly listFiles: ListMountedFiles;
  readonly signal?: AbortSignal | undefined;
}

/** What {@link syncSecrets} uses. */
export interface SecretSyncOptions {
  readonly client: Pick<KubeClient, 'get' | 'patch'>;
  readonly clock: Clock;
  /** For all Secrets of a volume together. Default 5 s. */
  readonly timeoutMs?: number;
}

const TIMEOUT_MS = 5000;

/**
 * Makes each Secret that a class asks for as the mounted files have it. A Secret that is as wanted is read, not
 * written. One failing Secret does not hold back the others; the first failure is thrown at the end, and trying again
 * is safe at any time.
 */
export async function syncSecrets(
  { client, clock, timeoutMs = TIMEOUT_MS }: SecretSyncOptions,
  request: SecretSyncRequest,
): Promise<void> {
  if (request.secretObjects.length === 0) return;
  const { pod } = request;
  const what = `syncing the Kubernetes secrets of pod ${pod.namespace}/${pod.name}`;
  await withDeadline({ clock, timeoutMs, signal: request.signal, what }, async (signal) => {
    const live = await client.get<Pod>(RESOURCES.pods, { namespace: pod.namespace, name: pod.name }, { signal });
    if (live.metadata?.uid !== pod.uid) {
      throw new KeyferryError('failed-precondition', `${what}: the pod has been replaced by another of its name`);
    }
    const owner = ownerOfSecrets(live);
    const failures: KeyferryError[] = [];
    for (const [index, wanted] of request.secretObjects.entries()) {
      const place = { at: `spec.secretObjects[${index}]`, wanted, namespace: pod.namespace };
      try {
        await applySecret(client, await buildSecret(place, request.readFile, request.listFiles), owner, signal);
      } catch (error) {
        failures.push(explain(place, error));
      }
    }
    if (failures[0] !== undefined) throw failures[0];
  });
}

async function applySecret(
  client: SecretSyncOptions['client'],
  desired: DesiredSecret,
  owner: OwnerReference,
  signal: AbortSignal,
): Promise<void> {
  const key = { namespace: desired.namespace, name: desired.name };
  const live = await client.get(RESOURCES.secrets, key, { signal }).catch((error: unknown): undefined => {
    if (!isReason(error, 'NotFound')) throw error;
  });
  if (live !== undefined && live.metadata.labels?.[SECRET_CLASS_LABELS.managed] !== 'true') {
    throw new KeyferryError('already-exists', 'a secret of this name exists and was not made from a volume', {
      hint: `Remove it, choose another secretName, or label it ${SECRET_CLASS_LABELS.managed}=true to hand it over.`,
    });
  }
  if (live !== undefined && isUpToDate(live, desired, owner)) return;
  const applied = await client.patch(
    RESOURCES.secrets,
    key,
    {
      type: 'apply',
      fieldManager: SECRET_FIELD_MANAGER,
      force: true,
      body: {
        apiVersion: 'v1',
        kind: 'Secret',
        metadata: { ...key, labels: desired.labels, annotations: desired.annotations },
        type: desired.type,
        data: desired.data.expose(),
      },
    },
    { signal },
  );
  if (hasOwner(applied, owner)) return;
  // Several owners share a Secret (two Deployments, one class): a strategic merge adds ours by its uid and keeps theirs,
  // which the apply of a list would not.
  await client.patch(
    RESOURCES.secrets,
    key,
    { type: 'strategic', body: { metadata: { ownerReferences: [owner] } } },
    { signal },
  );
}

/** What helps against the API server's refusals. */
const HINTS: Partial<Record<ErrorCode, (at: string) => string>> = {
  'permission-denied': () => 'Ensure that syncSecret.enabled=true was set when the driver was installed.',
  'invalid-input': (at) => `Check ${at} of the SecretProviderClass.`,
};

function explain({ at, wanted, namespace }: WantedSecret, error: unknown): KeyferryError {
  const known = toKeyferryError(error);
  const hint = known.hint ?? HINTS[known.code]?.(at);
  return new KeyferryError(known.code, `failed to sync secret ${namespace}/${wanted.secretName}: ${errorText(known)}`, {
    cause: error,
    issues: known.issues,
    ...(hint !== undefined && { hint }),
    ...(known.upstreamCode !== undefined && { upstreamCode: known.upstreamCode }),
  });
}
