import {
  errorText,
  KeyferryError,
  toKeyferryError,
  withDeadline,
  type Clock,
  type ErrorCode,
  type KeyedLock,
} from '#base';
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
  /** One writer a Secret in this process: pods that start together share it. */
  readonly locks: KeyedLock;
  /** For all Secrets of a volume together. Default 5 s. */
  readonly timeoutMs?: number;
}

/** What became of the Secrets of a class. */
export interface SecretSyncResult {
  readonly done: readonly { readonly name: string; readonly change: SecretChange }[];
  /** One for each Secret that is not as it should be. */
  readonly failures: readonly KeyferryError[];
}

const TIMEOUT_MS = 5000;

/**
 * Makes each Secret that a class asks for as the mounted files have it. A Secret that is as wanted is read, not written.
 * One failing Secret does not hold back the others. Never throws; trying again is safe at any time.
 */
export async function syncSecrets(options: SecretSyncOptions, request: SecretSyncRequest): Promise<SecretSyncResult> {
  const { client, clock, locks, timeoutMs = TIMEOUT_MS } = options;
  const { namespace, files, mode, owners, signal } = request;
  const done: { readonly name: string; readonly change: SecretChange }[] = [];
  const failures: KeyferryError[] = [];
  const what = `syncing the Kubernetes secrets ${request.of}`;
  const sync = async (wanted: ClassSecretObject, linked: AbortSignal): Promise<void> => {
    try {
      const desired = await buildSecret(namespace, wanted, files);
      const change = await locks.run(`${namespace}/${desired.name}`, () =>
        applySecret(client, { desired, mode, owners, signal: linked }),
      );
      done.push({ name: desired.name, change });
    } catch (error) {
      if (linked.aborted) throw linked.reason;
      failures.push(explain(wanted, namespace, error));
    }
  };
  try {
    await withDeadline({ clock, timeoutMs, signal, what }, async (linked) => {
      for (const wanted of request.secretObjects) await sync(wanted, linked);
    });
  } catch (error) {
    failures.push(toKeyferryError(error));
  }
  // A copy: after the deadline a call that hangs may still fail.
  return { done: [...done], failures: [...failures] };
}

/** What helps against the API server's refusals. */
const HINTS: Partial<Record<ErrorCode, (at: string) => string>> = {
  'permission-denied': () => 'Ensure that syncSecret.enabled=true was set when the driver was installed.',
  'invalid-input': (at) => `Check ${at} of the SecretProviderClass.`,
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
