import type { Clock, Log } from '#base';
import type { EventRecorder } from '#kube';
import type { DriverMetrics } from '../metrics.ts';
import type { PublishRequest } from '../request/parse-publish.ts';
import { podTarget } from '../kubernetes/pod-target.ts';
import { NOTHING_TOLD, planTelling, type ToldCauses } from '../kubernetes/retell.ts';
import type { StageFailure } from './stage.ts';
import { textWithHint } from '../kubernetes/text-with-hint.ts';

/** Tells people that a refresh failed, and when that is over. */
export interface RefreshFailures {
  /**
   * Counts and logs each failure; the pod has an event for the first of a cause, until it is over or the cause is another, and
   * again before the API server forgets it.
   */
  tell(failure: StageFailure, request: PublishRequest, provider: string): void;
  /** A check succeeded: where the pod was told of a failure, and no change of its files tells more, it is told that it is over. */
  over(request: PublishRequest, changed: boolean): void;
  /** Lets go of a volume. */
  forget(targetPath: string): void;
}

/** What {@link createRefreshFailures} needs. */
export interface RefreshFailuresOptions {
  readonly events: Pick<EventRecorder, 'record'>;
  readonly metrics: DriverMetrics;
  readonly clock: Pick<Clock, 'monotonic'>;
  readonly log: Log;
}

/** A {@link RefreshFailures} that knows of no failure yet. */
export function createRefreshFailures({ events, metrics, clock, log }: RefreshFailuresOptions): RefreshFailures {
  const told = new Map<string, ToldCauses>();
  return {
    tell(failure, request, provider) {
      const { pod, targetPath, className } = request;
      metrics.refreshFailed(provider, failure.errorType, failure.error.upstreamCode ?? failure.error.code);
      log.error('Refresh failed, the volume keeps its files', {
        namespace: pod.namespace,
        pod: pod.name,
        podUid: pod.uid,
        class: className,
        targetPath,
        ...failure.logFields,
      });
      const before = told.get(targetPath) ?? NOTHING_TOLD;
      const telling = planTelling(before, [textWithHint(failure.error)], clock.monotonic());
      told.set(targetPath, telling.told);
      for (const text of telling.tell) {
        events.record(
          podTarget(pod),
          'Warning',
          'MountRotationFailed',
          `failed to refresh the contents of secretproviderclass ${className}, the mounted files stay as they are: ${text}`,
        );
      }
    },
    over({ pod, targetPath, className }, changed) {
      if (!told.delete(targetPath) || changed) return;
      events.record(
        podTarget(pod),
        'Normal',
        'MountRotationRecovered',
        `the contents of secretproviderclass ${className} can be refreshed again, the mounted files are up to date`,
      );
    },
    forget: (targetPath) => {
      told.delete(targetPath);
    },
  };
}
