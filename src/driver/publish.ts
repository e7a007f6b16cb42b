/**
 * NodePublishVolume, in the order of docs/architecture.md: parse ▸ plan ▸ fetch ▸ write ▸ record ▸ sync, then the
 * answer; the pod status follows on its own. A first publish that fails undoes its steps in reverse, because kubelet
 * never calls unpublish after a failed publish; a refresh that fails leaves all as it is (mask-refresh-failure.ts).
 */
import {
  createDisposeStack,
  errorText,
  KeyferryError,
  type Clock,
  type DisposeStack,
  type KeyedLock,
  type Log,
  type LogFields,
} from '#base';
import type { EventRecorder } from '#kube';
import type { ProviderDirectory } from '#providerapi';
import { mergeAttributes, type ParsedSecretProviderClass } from '#secretclass';
import type { NodePublishVolumeRequest } from '../gen/csi/v1/csi.ts';
import type { AtomicWriter } from './atomic-writer.ts';
import { maskRefreshFailure } from './mask-refresh-failure.ts';
import type { DriverMetrics } from './metrics.ts';
import type { Mounter } from './mounter.ts';
import { describeFailure } from './describe-failure.ts';
import { createPublishSteps, type PublishSteps } from './publish-steps.ts';
import { parsePublish, type PublishRequest } from './parse-publish.ts';
import { checkPayload } from './payload.ts';
import { planPublish, type PublishPlan } from './plan-publish.ts';
import { podTarget } from './pod-target.ts';
import type { PodStatusWriter } from './pod-status.ts';
import type { ProviderNotices } from './provider-notices.ts';
import type { RefreshSchedule } from './refresh-schedule.ts';
import type { SecretSync } from './secret-sync.ts';
import { inStage, StageFailure } from './stage.ts';
import type { VolumeFileSystem } from './volume-files.ts';
import type { VolumeRecord, VolumeRecords } from './volume-record.ts';

/** Everything that a publish touches; handed in. */
export interface PublishDependencies {
  readonly mounter: Mounter;
  readonly writer: AtomicWriter;
  readonly files: Pick<VolumeFileSystem, 'mkdir' | 'rmdir'>;
  readonly records: VolumeRecords;
  readonly providers: Pick<ProviderDirectory, 'resolve'>;
  readonly readClass: (
    key: { readonly namespace: string; readonly name: string },
    signal: AbortSignal,
  ) => Promise<ParsedSecretProviderClass>;
  readonly secrets: Pick<SecretSync, 'sync'>;
  readonly podStatus: Pick<PodStatusWriter, 'report'>;
  readonly notices: Pick<ProviderNotices, 'report'>;
  readonly schedule: RefreshSchedule;
  readonly events: Pick<EventRecorder, 'record'>;
  readonly metrics: DriverMetrics;
  /** One change at a time per target path. */
  readonly locks: KeyedLock;
  readonly clock: Clock;
  readonly log: Log;
  /** The size limit of a volume's tmpfs. It holds the old and the new files for the moment of a swap. */
  readonly volumeSizeBytes: number;
}

/** Fills, refreshes or keeps the volume that kubelet asks for. When it returns, the files are in place. */
export type PublishVolume = (request: NodePublishVolumeRequest, signal: AbortSignal) => Promise<void>;

const TARGET_MODE = 0o750;
const FILE_PERMISSION = 0o644;

/** The {@link PublishVolume} of a driver. */
export function createPublishVolume(deps: PublishDependencies): PublishVolume {
  return async (raw, signal) => {
    const request = parsePublish(raw);
    await deps.locks.run(request.targetPath, async () => {
      const record = await deps.records.read(request.targetPath);
      const plan = await inspect(deps, request, record);
      if (plan.action === 'keep') deps.metrics.published(record?.provider ?? '');
      else if (plan.action === 'fill') await fill(deps, request, plan, signal);
      else await refresh(deps, request, record, signal);
    });
  };
}

async function inspect(
  { mounter, writer, schedule, clock }: PublishDependencies,
  { targetPath }: PublishRequest,
  record: VolumeRecord | undefined,
): Promise<PublishPlan> {
  const mounted = (await mounter.find(targetPath)) !== undefined;
  // The record is missing where an older driver mounted the volume, or a kill came between the swap and the record;
  // the swap itself tells then. A provider that writes the files itself leaves no trace but the record.
  const filled = mounted && (record !== undefined || (await writer.isWritten(targetPath)));
  return planPublish(
    { mounted, filled, nextCheckMs: schedule.nextCheckMs(targetPath) },
    { refreshes: schedule.enabled, nowMs: clock.monotonic() },
  );
}

async function fill(
  deps: PublishDependencies,
  request: PublishRequest,
  plan: Extract<PublishPlan, { action: 'fill' }>,
  signal: AbortSignal,
): Promise<void> {
  const undo = createDisposeStack();
  const told = { provider: '', steps: createPublishSteps(deps.clock) };
  try {
    await fetchAndWrite(deps, request, signal, told, undefined, () =>
      told.steps.time('mount', () =>
        inStage('FailedToMount', () => prepareTarget(deps, request.targetPath, plan.mount, undo)),
      ),
    );
  } catch (error) {
    const failure = error instanceof StageFailure ? error : new StageFailure('FailedToMount', error);
    deps.metrics.publishFailed(told.provider, failure.errorType);
    await undo[Symbol.asyncDispose]().catch((undoError: unknown) => {
      deps.log.error('Undoing a failed publish failed', { target: request.targetPath, error: errorText(undoError) });
    });
    deps.log.error('Volume not mounted', {
      ...describeVolume(request, told.provider),
      ...failure.logFields,
      ...told.steps.logFields,
    });
    throw describeFailure(request, failure);
  }
  undo.release();
  deps.metrics.published(told.provider);
  deps.log.info('Volume mounted', { ...describeVolume(request, told.provider), ...told.steps.logFields });
}

async function refresh(
  deps: PublishDependencies,
  request: PublishRequest,
  record: VolumeRecord | undefined,
  signal: AbortSignal,
): Promise<void> {
  const told = { provider: record?.provider ?? '', steps: createPublishSteps(deps.clock) };
  const startMs = deps.clock.monotonic();
  try {
    const { changed } = await fetchAndWrite(deps, request, signal, told, record, () => Promise.resolve());
    deps.metrics.refreshed(told.provider, changed, (deps.clock.monotonic() - startMs) / 1000);
    deps.log.info(changed ? 'Volume has new content' : 'Volume is up to date', {
      ...describeVolume(request, told.provider),
      ...told.steps.logFields,
    });
    if (changed) {
      deps.events.record(
        podTarget(request.pod),
        'Normal',
        'MountRotationComplete',
        `successfully rotated mounted contents for spc ${request.className}`,
      );
    }
  } catch (error) {
    const failure = error instanceof StageFailure ? error : new StageFailure('FailedToMount', error);
    deps.schedule.failed(request.targetPath);
    maskRefreshFailure(failure, request, told.provider, deps);
  }
  deps.metrics.published(told.provider);
}

/** From the class to the record: what a first publish and a refresh have in common. */
async function fetchAndWrite(
  deps: PublishDependencies,
  request: PublishRequest,
  signal: AbortSignal,
  told: { provider: string; readonly steps: PublishSteps },
  record: VolumeRecord | undefined,
  prepare: () => Promise<void>,
): Promise<{ readonly changed: boolean }> {
  const { pod, targetPath, className } = request;
  const { steps } = told;
  const parsed = await steps.time('class', () =>
    inStage('SecretProviderClassNotFound', () => deps.readClass({ namespace: pod.namespace, name: className }, signal)),
  );
  told.provider = parsed.value.provider;
  const provider = await inStage('FailedToLookupProviderGRPCClient', () =>
    deps.providers.resolve(parsed.value.provider),
  );
  // tmpfs comes before the provider's call: a provider that returns no files writes into the target itself.
  await prepare();
  const result = await steps.time('provider', () =>
    inStage('GRPCProviderError', () =>
      provider.mount({
        attributes: mergeAttributes(parsed.value.parameters, request.volumeContext),
        secrets: request.secrets,
        targetPath,
        permission: FILE_PERMISSION,
        currentVersions: new Map(record?.versions.map(({ id, version }) => [id, version])),
        signal,
      }),
    ),
  );
  if (result.versions.length === 0) {
    throw new StageFailure('GRPCProviderError', new KeyferryError('unknown', 'missing object versions'));
  }
  const versions = [...new Map(result.versions.map((entry) => [entry.id, entry])).values()];
  const changed = await steps.time('write', () =>
    inStage('FileWriteError', async () => {
      if (result.files.length === 0 && result.noFiles !== true) {
        return JSON.stringify(record?.versions) !== JSON.stringify(versions);
      }
      const payload = checkPayload(result.files);
      const { changed: different } = await deps.writer.write(targetPath, payload);
      steps.wrote(payload.values(), versions);
      return different;
    }),
  );
  const written: VolumeRecord = {
    targetPath,
    volumeId: request.volumeId,
    podName: pod.name,
    podNamespace: pod.namespace,
    podUid: pod.uid,
    className,
    provider: parsed.value.provider,
    writtenAt: changed || record === undefined ? new Date(deps.clock.now()).toISOString() : record.writtenAt,
    versions,
  };
  await steps.time('record', () => inStage('FailedToMount', () => deps.records.write(written)));
  deps.schedule.checked(targetPath);
  deps.metrics.volumeChecked(written);
  steps.synced(await steps.time('sync', () => deps.secrets.sync(request.pod, targetPath, parsed, { changed, signal })));
  deps.podStatus.report(written);
  deps.notices.report(pod, targetPath, result.notices ?? []);
  return { changed };
}

async function prepareTarget(
  deps: PublishDependencies,
  targetPath: string,
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
  if (mount) await deps.mounter.mountTmpfs(targetPath, { sizeBytes: deps.volumeSizeBytes });
}

/** The fields of a log line about a volume. */
function describeVolume({ pod, className, volumeId, targetPath }: PublishRequest, provider: string): LogFields {
  return { namespace: pod.namespace, pod: pod.name, podUid: pod.uid, class: className, provider, volumeId, targetPath };
}
