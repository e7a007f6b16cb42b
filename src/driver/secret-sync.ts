import { errorText, inputError, type Clock, type Log } from '#base';
import type { EventRecorder, KubeClient } from '#kube';
import type { ParsedSecretProviderClass } from '#secretclass';
import { syncSecrets } from '#secretsync';
import type { BackgroundQueue } from './background-queue.ts';
import type { DriverMetrics } from './metrics.ts';
import { createMountedFileReader, listMountedFiles } from './mounted-files.ts';
import type { PodIdentity } from './parse-publish.ts';
import { podTarget } from './pod-target.ts';
import { textWithHint } from './text-with-hint.ts';

/** The Secrets that a class asks for, and what became of them: there is none, they are as wanted, or they are tried again. */
export interface SyncedSecrets {
  readonly names: readonly string[];
  readonly state: 'none' | 'synced' | 'later';
}

/** The Kubernetes Secrets of volumes. */
export interface SecretSync {
  /**
   * Syncs the Secrets of a volume from its mounted files before kubelet gets its answer, so that a container hardly
   * ever waits for them. It never throws: a failure is a pod event and is tried again in the background, with the class
   * as it is then.
   */
  sync(
    pod: PodIdentity,
    targetPath: string,
    parsed: ParsedSecretProviderClass,
    signal: AbortSignal,
  ): Promise<SyncedSecrets>;
  /** Gives up what is still to be tried for a volume. */
  forget(targetPath: string): void;
}

/** What {@link createSecretSync} needs. */
export interface SecretSyncDependencies {
  readonly client: Pick<KubeClient, 'get' | 'patch'>;
  readonly readClass: (
    key: { readonly namespace: string; readonly name: string },
    signal: AbortSignal,
  ) => Promise<ParsedSecretProviderClass>;
  readonly queue: BackgroundQueue;
  readonly events: Pick<EventRecorder, 'record'>;
  readonly metrics: DriverMetrics;
  readonly clock: Clock;
  readonly log: Log;
}

const RETRY_MS = 5000;

/** A {@link SecretSync} on the API server. */
export function createSecretSync(deps: SecretSyncDependencies): SecretSync {
  const { client, readClass, queue, events, metrics, clock, log } = deps;

  const attempt = async (
    pod: PodIdentity,
    targetPath: string,
    find: () => Promise<ParsedSecretProviderClass>,
    signal: AbortSignal,
  ): Promise<void> => {
    const startMs = clock.monotonic();
    try {
      const { value, secretIssues } = await find();
      if (secretIssues.length > 0)
        throw inputError(`secretproviderclass ${value.namespace}/${value.name}`, secretIssues);
      const files = { readFile: createMountedFileReader(targetPath), listFiles: () => listMountedFiles(targetPath) };
      await syncSecrets({ client, clock }, { pod, secretObjects: value.secretObjects, ...files, signal });
      metrics.secretsSynced(value.provider, (clock.monotonic() - startMs) / 1000);
    } catch (error) {
      if (!signal.aborted) events.record(podTarget(pod), 'Warning', 'FailedToCreateSecret', textWithHint(error));
      throw error;
    }
  };

  return {
    async sync(pod, targetPath, parsed, signal) {
      queue.drop(targetPath);
      const names = parsed.value.secretObjects.map(({ secretName }) => secretName);
      if (names.length === 0) return { names, state: 'none' };
      try {
        await attempt(pod, targetPath, () => Promise.resolve(parsed), signal);
        return { names, state: 'synced' };
      } catch (error) {
        metrics.secretsNotSynced(parsed.value.provider);
        log.warn('Secrets of a volume not synced, tried again soon', {
          namespace: pod.namespace,
          pod: pod.name,
          class: parsed.value.name,
          error: errorText(error),
        });
        const { namespace, name } = parsed.value;
        const again = (retrySignal: AbortSignal) =>
          attempt(pod, targetPath, () => readClass({ namespace, name }, retrySignal), retrySignal);
        queue.put(targetPath, again, { afterMs: RETRY_MS });
        return { names, state: 'later' };
      }
    },
    forget: (targetPath) => queue.drop(targetPath),
  };
}
