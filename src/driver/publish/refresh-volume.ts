import type { Log } from '#base';
import type { EventRecorder } from '#kube';
import { describeVolume } from './describe-volume.ts';
import type { PublishRequest } from '../request/parse-publish.ts';
import { podTarget } from '../kubernetes/pod-target.ts';
import { createPublishSteps } from './publish-steps.ts';
import type { RefreshFailures } from './refresh-failures.ts';
import { StageFailure } from './stage.ts';
import type { VolumeRecord } from '../volume/volume-record.ts';
import { writeVolume, type VolumeWrite, type WriteDependencies } from './write-volume.ts';

/** What {@link refreshVolume} touches. */
export interface RefreshDependencies extends WriteDependencies {
  readonly events: Pick<EventRecorder, 'record'>;
  readonly failures: RefreshFailures;
  readonly log: Log;
}

/** How a volume is checked. */
export interface RefreshOptions extends Pick<VolumeWrite, 'beforeWrite' | 'signal'> {
  readonly freshSinceMs: number;
}

/**
 * Checks a volume that has its files, by kubelet's call or by the driver's own clock.
 *
 * The one place where a failure is answered with OK: the pod runs, its old files are whole and stay. Kubelet without the
 * mend of https://github.com/kubernetes/kubernetes/issues/121271 takes any final error of a republish as a reason to remove
 * the mount of the running pod, so it must not learn of it; the people who care learn of it by an event, a metric and a log
 * line (refresh-failures.ts), and it is tried again after a pause.
 */
export async function refreshVolume(
  deps: RefreshDependencies,
  request: PublishRequest,
  record: VolumeRecord | undefined,
  { freshSinceMs, beforeWrite, signal }: RefreshOptions,
): Promise<void> {
  const { targetPath, className, pod } = request;
  const steps = createPublishSteps(deps.clock);
  const startMs = deps.clock.monotonic();
  let provider = record?.provider ?? '';
  try {
    const { changed } = await writeVolume(deps, {
      request,
      record,
      freshSinceMs,
      prepare: () => Promise.resolve(),
      ...(beforeWrite && { beforeWrite }),
      steps,
      onProvider: (name) => {
        provider = name;
      },
      signal,
    });
    deps.failures.over(request, changed);
    deps.metrics.refreshed(provider, changed, (deps.clock.monotonic() - startMs) / 1000);
    deps.log.info(changed ? 'Volume has new content' : 'Volume is up to date', {
      ...describeVolume(request, provider),
      ...steps.logFields,
    });
    if (changed) {
      deps.events.record(
        podTarget(pod),
        'Normal',
        'MountRotationComplete',
        `successfully rotated mounted contents for spc ${className}`,
      );
    }
  } catch (error) {
    deps.refresher.failed(targetPath);
    // Whoever called has gone, or the driver stops: that says nothing about the volume.
    if (signal.aborted) return;
    const failure = error instanceof StageFailure ? error : new StageFailure('FailedToMount', error);
    deps.failures.tell(failure, request, provider);
  }
}
