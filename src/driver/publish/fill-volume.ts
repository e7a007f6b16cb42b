import { createDisposeStack, errorText, KeyferryError, type DisposeStack, type Log } from '#base';
import { describeFailure } from './describe-failure.ts';
import { describeVolume } from './describe-volume.ts';
import type { Mounter } from '../volume/mounter.ts';
import type { PublishRequest } from '../request/parse-publish.ts';
import type { PublishPlan } from './plan-publish.ts';
import { createPublishSteps } from './publish-steps.ts';
import { inStage, StageFailure } from './stage.ts';
import type { VolumeFileSystem } from '../volume/volume-files.ts';
import { writeVolume, type WriteDependencies } from './write-volume.ts';

/** What {@link fillVolume} touches. */
export interface FillDependencies extends WriteDependencies {
  readonly mounter: Mounter;
  readonly files: Pick<VolumeFileSystem, 'mkdir' | 'rmdir'>;
  readonly log: Log;
  /** The size limit of a volume's tmpfs. It holds the old and the new files for the moment of a swap. */
  readonly volumeSizeBytes: number;
}

const TARGET_MODE = 0o750;

/**
 * The first write of a volume. A failure is kubelet's to know, and undoes its steps in reverse, because kubelet never calls
 * unpublish after a publish that failed for good. Where the volume holds somebody's files already, nothing is undone.
 */
export async function fillVolume(
  deps: FillDependencies,
  request: PublishRequest,
  plan: Extract<PublishPlan, { action: 'fill' }>,
  signal: AbortSignal,
): Promise<void> {
  const undo = createDisposeStack();
  const steps = createPublishSteps(deps.clock);
  let provider = '';
  const mount = () => inStage('FailedToMount', () => prepareTarget(deps, request, plan.mount, undo));
  try {
    await writeVolume(deps, {
      request,
      record: undefined,
      freshSinceMs: undefined,
      prepare: () => (plan.keepsFiles ? Promise.resolve() : steps.time('mount', mount)),
      steps,
      onProvider: (name) => {
        provider = name;
      },
      signal,
    });
  } catch (error) {
    const failure = error instanceof StageFailure ? error : new StageFailure('FailedToMount', error);
    deps.metrics.publishFailed(provider, failure.errorType);
    await undo[Symbol.asyncDispose]().catch((undoError: unknown) => {
      deps.log.error('Undoing a failed publish failed', { target: request.targetPath, error: errorText(undoError) });
    });
    deps.log.error('Volume not mounted', {
      ...describeVolume(request, provider),
      ...failure.logFields,
      ...steps.logFields,
    });
    const described = describeFailure(request, failure);
    throw plan.keepsFiles ? notFinal(described) : described;
  }
  undo.release();
  deps.metrics.published(provider);
  deps.log.info('Volume mounted', { ...describeVolume(request, provider), ...steps.logFields });
}

/** With any other code kubelet may take the volume from a pod that runs (refresh-volume.ts); after this one it asks again. */
function notFinal(error: KeyferryError): KeyferryError {
  return new KeyferryError('unavailable', error.message, {
    issues: error.issues,
    ...(error.hint !== undefined && { hint: error.hint }),
    ...(error.upstreamCode !== undefined && { upstreamCode: error.upstreamCode }),
  });
}

async function prepareTarget(
  deps: FillDependencies,
  { targetPath, groupId }: PublishRequest,
  mount: boolean,
  undo: DisposeStack,
): Promise<void> {
  if (mount) {
    // A record without a mount is of before a reboot, or of an unpublish that was cut short. It must not outlive this line.
    await deps.records.remove(targetPath);
    await inStage('FailedToEnsureMountPoint', async () => {
      const made = await deps.files.mkdir(targetPath, { recursive: true, mode: TARGET_MODE });
      if (made !== undefined) undo.defer(() => deps.files.rmdir(targetPath));
    });
  }
  undo.defer(() => deps.records.remove(targetPath));
  undo.defer(() => deps.mounter.unmount(targetPath));
  if (mount) await deps.mounter.mountTmpfs(targetPath, { sizeBytes: deps.volumeSizeBytes, groupId });
}
