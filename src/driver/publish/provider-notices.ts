import type { EventRecorder } from '#kube';
import type { ProviderNotice } from '#providerapi';
import type { PodIdentity } from '../request/parse-publish.ts';
import { podTarget } from '../kubernetes/pod-target.ts';

/** What providers tell about volumes that they could fill, as events on the pods. */
export interface ProviderNotices {
  /** Records the notices of a check that the volume's check before did not have: one event a change, not one a check. */
  report(pod: PodIdentity, targetPath: string, notices: readonly ProviderNotice[]): void;
  /** Lets go of a volume. */
  forget(targetPath: string): void;
}

/** {@link ProviderNotices} that knows of no volume yet; a driver that starts again tells once more. */
export function createProviderNotices({ events }: { readonly events: Pick<EventRecorder, 'record'> }): ProviderNotices {
  const told = new Map<string, ReadonlySet<string>>();
  return {
    report(pod, targetPath, notices) {
      const before = told.get(targetPath);
      for (const notice of notices) {
        if (before?.has(keyOf(notice)) !== true) {
          events.record(podTarget(pod), notice.type, notice.reason, notice.message);
        }
      }
      if (notices.length === 0) told.delete(targetPath);
      else told.set(targetPath, new Set(notices.map(keyOf)));
    },
    forget: (targetPath) => void told.delete(targetPath),
  };
}

function keyOf({ reason, message }: ProviderNotice): string {
  return `${reason} ${message}`;
}
