import type { Log } from '#base';
import type { EventRecorder } from '#kube';
import type { DriverMetrics } from '../metrics.ts';
import type { PublishRequest } from '../request/parse-publish.ts';
import { podTarget } from '../kubernetes/pod-target.ts';
import type { StageFailure } from './stage.ts';
import { textWithHint } from '../kubernetes/text-with-hint.ts';

/** Tells people that a refresh failed. */
export interface RefreshFailures {
  /** Counts and logs each failure; the pod has an event for the first of a cause, until it is over or the cause is another. */
  tell(failure: StageFailure, request: PublishRequest, provider: string): void;
  /** The volume is well, or gone. */
  over(targetPath: string): void;
}

/** What {@link createRefreshFailures} needs. */
export interface RefreshFailuresOptions {
  readonly events: Pick<EventRecorder, 'record'>;
  readonly metrics: DriverMetrics;
  readonly log: Log;
}

/** A {@link RefreshFailures} that knows of no failure yet. */
export function createRefreshFailures({ events, metrics, log }: RefreshFailuresOptions): RefreshFailures {
  const told = new Map<string, string>();
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
      const text = textWithHint(failure.error);
      const cause = `${failure.errorType} ${withoutTimes(text)}`;
      if (told.get(targetPath) === cause) return;
      told.set(targetPath, cause);
      events.record(
        podTarget(pod),
        'Warning',
        'MountRotationFailed',
        `failed to refresh the contents of secretproviderclass ${className}, the mounted files stay as they are: ${text}`,
      );
    },
    over: (targetPath) => {
      told.delete(targetPath);
    },
  };
}

/** One cause may be told with another time or pause each time. */
function withoutTimes(text: string): string {
  return text.replaceAll(/\d{4}-\d\d-\d\d[T ][\d:.]+Z?|\d+(?:\.\d+)? ?(?:ms|s)\b/g, '#');
}
