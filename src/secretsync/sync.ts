import { errorText, KeyferryError, toKeyferryError, withDeadline, type Clock, type ErrorCode } from '#base';
import type { ClassSecretObject } from '#secretclass';
import { applySecret, type FindOwners, type SecretChange, type SecretClient } from './apply.ts';
import { buildSecret, type MountedFiles } from './build.ts';
import type { SyncMode } from './plan.ts';

/** What {@link syncSecrets} works on: the Secrets that one class asks for, and the volume that holds their content. */
export interface SecretSyncRequest {
  /** For messages: `of pod ns/name`. */
  readonly of: string;
  readonly namespace: string;
  readonly secretObjects: readonly ClassSecretObject[];
  readonly files: MountedFiles;
  readonly mode: SyncMode;
  /** A rejection is the failure of the Secret that they were asked for. */
  readonly owners: FindOwners;
  readonly signal?: AbortSignal | undefined;
}

/** What {@link syncSecrets} uses. */
export interface SecretSyncOptions {
  readonly client: SecretClient;
  readonly clock: Clock;
  /** For all Secrets of a volume together. Default 5 s. */
  readonly timeoutMs?: number;
}

/** What became of the Secrets of a class, in the class's order. */
export interface SecretSyncResult {
  readonly done: readonly { readonly name: string; readonly change: SecretChange }[];
  /** One for each Secret that is not as it should be. */
  readonly failures: readonly KeyferryError[];
}

const TIMEOUT_MS = 5000;
const CONCURRENCY = 4;

/**
 * Makes each Secret that a class asks for as the mounted files have it. A Secret that is as wanted is read, not written.
 * One failing Secret does not hold back the others. Never throws; trying again is safe at any time, and so are several at
 * once: who comes second finds it done.
 */
export async function syncSecrets(options: SecretSyncOptions, request: SecretSyncRequest): Promise<SecretSyncResult> {
  const { client, clock, timeoutMs = TIMEOUT_MS } = options;
  const { namespace, secretObjects, files, mode, owners, signal } = request;
  const changes = new Map<ClassSecretObject, SecretChange>();
  const failures = new Map<ClassSecretObject, KeyferryError>();
  const sync = async (wanted: ClassSecretObject, linked: AbortSignal): Promise<void> => {
    try {
      const desired = await buildSecret(namespace, wanted, files);
      changes.set(wanted, await applySecret(client, { desired, mode, owners, signal: linked }));
    } catch (error) {
      if (linked.aborted) throw linked.reason;
      failures.set(wanted, explain(wanted, namespace, error));
    }
  };
  const late: KeyferryError[] = [];
  const what = `syncing the Kubernetes secrets ${request.of}`;
  try {
    await withDeadline({ clock, timeoutMs, signal, what }, async (linked) => {
      const next = secretObjects.values();
      const work = async () => {
        for (const wanted of next) await sync(wanted, linked);
      };
      await Promise.all(Array.from({ length: CONCURRENCY }, work));
    });
  } catch (error) {
    late.push(toKeyferryError(error));
  }
  const inOrder = <T>(found: ReadonlyMap<ClassSecretObject, T>) =>
    secretObjects.flatMap((wanted) => {
      const value = found.get(wanted);
      return value === undefined ? [] : [{ name: wanted.secretName, value }];
    });
  return {
    done: inOrder(changes).map(({ name, value }) => ({ name, change: value })),
    failures: [...inOrder(failures).map(({ value }) => value), ...late],
  };
}

/** What helps against the API server's refusals. */
const HINTS: Partial<Record<ErrorCode, (at: string) => string>> = {
  'permission-denied': () => 'Ensure that syncSecret.enabled=true was set when the driver was installed.',
  'invalid-input': (at) => `Check ${at} of the SecretProviderClass.`,
  unavailable: () => 'The API server is in trouble, not the class: it is tried again by itself.',
};

function explain({ at, secretName }: ClassSecretObject, namespace: string, error: unknown): KeyferryError {
  const known = toKeyferryError(error);
  const hint = known.hint ?? HINTS[known.code]?.(at);
  return new KeyferryError(known.code, `failed to sync secret ${namespace}/${secretName}: ${errorText(known)}`, {
    cause: error,
    issues: known.issues,
    ...(hint !== undefined && { hint }),
    ...(known.upstreamCode !== undefined && { upstreamCode: known.upstreamCode }),
  });
}
