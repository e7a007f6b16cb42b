import type { Log } from '#base';
import type { EventRecorder } from '#kube';
import type { DriverMetrics } from './metrics.ts';
import type { PublishRequest } from './parse-publish.ts';
import type { StageFailure } from './stage.ts';
import { podTarget } from './pod-target.ts';
import { textWithHint } from './text-with-hint.ts';

/**
 * The one place where a failure is answered with OK. A refresh of a volume whose pod runs has failed; its old files are
 * whole and stay. Kubelet without the mend of https://github.com/kubernetes/kubernetes/issues/121271 takes any final
 * error of a republish as a reason to remove the mount of the running pod, so it must not learn of it; the people who
 * care learn of it here, by a pod event, a metric and a log line, and the next republish tries again.
 */
export function maskRefreshFailure(
  failure: StageFailure,
  request: PublishRequest,
  provider: string,
  tell: { readonly events: Pick<EventRecorder, 'record'>; readonly metrics: DriverMetrics; readonly log: Log },
): void {
  tell.metrics.refreshFailed(provider, failure.errorType, failure.error.upstreamCode ?? failure.error.code);
  tell.events.record(
    podTarget(request.pod),
    'Warning',
    'MountRotationFailed',
    `failed to refresh the contents of secretproviderclass ${request.className}, the mounted files stay as they are: ${textWithHint(failure.error)}`,
  );
  tell.log.error('Refresh failed, the volume keeps its files', {
    namespace: request.pod.namespace,
    pod: request.pod.name,
    podUid: request.pod.uid,
    class: request.className,
    targetPath: request.targetPath,
    ...failure.logFields,
  });
}
