import type { Clock, LogFields } from '#base';
import type { ProviderFile } from '#providerapi';
import type { SyncedSecrets } from '../kubernetes/secret-sync.ts';

/** The steps of a publish, in their order (docs/architecture.md). */
export const PUBLISH_STEPS = ['class', 'mount', 'provider', 'write', 'record', 'sync'] as const;

/** One of {@link PUBLISH_STEPS}. */
export type PublishStep = (typeof PUBLISH_STEPS)[number];

/** What one publish did and how long each step of it took, for its log line. */
export interface PublishSteps {
  /** Runs a step and keeps its duration, also when it fails. */
  time<T>(step: PublishStep, work: () => Promise<T>): Promise<T>;
  /** The step that runs now. */
  readonly current: PublishStep | undefined;
  wrote(files: Iterable<ProviderFile>, versions: readonly { readonly id: string; readonly version: string }[]): void;
  synced(secrets: SyncedSecrets): void;
  /** `tookMs`, `steps` and what was written; sizes and modes of files, never their content or a digest of it. */
  readonly logFields: LogFields;
}

/** A line names so many files, and counts the rest. */
const MAX_FILES = 100;

/** The steps of a publish that starts now. */
export function createPublishSteps(clock: Clock): PublishSteps {
  const startMs = clock.monotonic();
  const steps: Partial<Record<PublishStep, number>> = {};
  let current: PublishStep | undefined;
  let written: LogFields = {};
  let secrets: SyncedSecrets = { names: [], state: 'none' };
  return {
    async time(step, work) {
      const stepStartMs = clock.monotonic();
      current = step;
      try {
        return await work();
      } finally {
        steps[step] = Math.round(clock.monotonic() - stepStartMs);
      }
    },
    get current() {
      return current;
    },
    wrote(files, versions) {
      const all = [...files];
      written = {
        files: all.slice(0, MAX_FILES).map(({ path, mode, contents }) => ({
          path,
          mode: mode.toString(8).padStart(4, '0'),
          sizeBytes: contents.expose().length,
        })),
        ...(all.length > MAX_FILES ? { moreFiles: all.length - MAX_FILES } : {}),
        versions: versions.slice(0, MAX_FILES),
      };
    },
    synced: (found) => {
      secrets = found;
    },
    get logFields() {
      return {
        tookMs: Math.round(clock.monotonic() - startMs),
        steps,
        ...written,
        ...(secrets.state === 'none' ? {} : { secrets }),
      };
    },
  };
}
