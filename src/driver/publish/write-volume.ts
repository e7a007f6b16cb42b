import { KeyferryError, type Clock } from '#base';
import type { ProviderDirectory, ProviderNotice } from '#providerapi';
import type { EventRecorder } from '#kube';
import { mergeAttributes, refuseParametersOfPod } from '#secretclass';
import type { AtomicWriter } from '../volume/atomic-writer.ts';
import type { ClassCache } from '../refresh/class-cache.ts';
import type { DriverMetrics } from '../metrics.ts';
import type { PublishRequest } from '../request/parse-publish.ts';
import { checkPayload } from '../volume/payload.ts';
import type { PodStatusWriter } from '../kubernetes/pod-status.ts';
import { blamePod } from './blame-pod.ts';
import type { ProviderNotices } from './provider-notices.ts';
import type { PublishSteps } from './publish-steps.ts';
import type { ClassInterval } from '../refresh/refresh-annotations.ts';
import type { Refresher } from '../refresh/refresher.ts';
import type { SecretSync } from '../kubernetes/secret-sync.ts';
import { watchSlowVolume, type SlowVolumeWatch } from './slow-volume.ts';
import { inStage, StageFailure } from './stage.ts';
import type { VolumeRecord, VolumeRecords } from '../volume/volume-record.ts';

/** What {@link writeVolume} touches. */
export interface WriteDependencies {
  readonly classes: Pick<ClassCache, 'read'>;
  readonly providers: Pick<ProviderDirectory, 'resolve'>;
  readonly writer: AtomicWriter;
  readonly records: VolumeRecords;
  readonly secrets: Pick<SecretSync, 'sync'>;
  readonly podStatus: Pick<PodStatusWriter, 'report'>;
  readonly notices: Pick<ProviderNotices, 'report'>;
  readonly refresher: Refresher;
  readonly metrics: DriverMetrics;
  readonly events: Pick<EventRecorder, 'record'>;
  readonly clock: Clock;
  /** Whether pods may not give parameters of their own, in place of the class's or beside them. Default: they may. */
  readonly forbidsParameterOverrides?: boolean | undefined;
}

/** One write of a volume. */
export interface VolumeWrite {
  readonly request: PublishRequest;
  /** What the volume holds; undefined before its first write, or where that is not known. */
  readonly record: VolumeRecord | undefined;
  /** The provider's answers have to be as new as this, {@link Clock.monotonic} milliseconds; undefined: as new as it likes. */
  readonly freshSinceMs: number | undefined;
  /** Comes before the provider's call: a provider that returns no files writes into the target itself. */
  readonly prepare: () => Promise<void>;
  /** Comes after the provider's answer; where it throws, nothing is written. */
  readonly beforeWrite?: () => Promise<void>;
  readonly steps: PublishSteps;
  /** Told the provider's name once the class is read. */
  readonly onProvider: (provider: string) => void;
  readonly signal: AbortSignal;
}

const FILE_PERMISSION = 0o644;

/** From the class to the record and the Secrets: what a first publish and a refresh have in common. Throws StageFailure. */
export async function writeVolume(deps: WriteDependencies, write: VolumeWrite): Promise<WrittenVolume> {
  using slow = watchSlowVolume(deps, write.request, write.steps);
  return await writeSteps(deps, write, slow);
}

/** What came of a write. */
export interface WrittenVolume {
  readonly changed: boolean;
  readonly provider: string;
}

async function writeSteps(deps: WriteDependencies, write: VolumeWrite, slow: SlowVolumeWatch): Promise<WrittenVolume> {
  const { request, record, steps, signal } = write;
  const { pod, targetPath, className } = request;
  const running = deps.refresher.begin(request);
  const seen = await steps.time('class', () =>
    inStage('SecretProviderClassNotFound', () =>
      deps.classes.read({ namespace: pod.namespace, name: className }, signal),
    ),
  );
  const { provider: providerName, parameters } = seen.parsed.value;
  write.onProvider(providerName);
  if (deps.forbidsParameterOverrides === true) {
    await inStage('FailedToMount', async () => refuseParametersOfPod(request.volumeContext, pod.namespace, className));
  }
  const provider = await inStage('FailedToLookupProviderGRPCClient', () => deps.providers.resolve(providerName));
  await write.prepare();
  const mountRequest = {
    attributes: mergeAttributes(parameters, request.volumeContext),
    secrets: request.secrets,
    targetPath,
    permission: FILE_PERMISSION,
    currentVersions: new Map(record?.versions.map(({ id, version }) => [id, version])),
    ...(write.freshSinceMs !== undefined && { freshSinceMs: write.freshSinceMs }),
    onProgress: slow.onProgress,
    signal,
  };
  const result = await steps.time('provider', () =>
    inStage('GRPCProviderError', () => provider.mount(mountRequest).catch(blamePod(request.volumeContext))),
  );
  if (result.versions.length === 0) {
    throw new StageFailure('GRPCProviderError', new KeyferryError('unknown', 'missing object versions'));
  }
  const versions = [...new Map(result.versions.map((entry) => [entry.id, entry])).values()];
  const isProviderWritten = result.files.length === 0 && result.noFiles !== true;
  const changed = await steps.time('write', () =>
    inStage('FileWriteError', async () => {
      await write.beforeWrite?.();
      const owner = { groupId: request.groupId };
      if (isProviderWritten) {
        await deps.writer.give(targetPath, owner);
        return JSON.stringify(record?.versions) !== JSON.stringify(versions);
      }
      const payload = checkPayload(result.files);
      const { changed: different } = await deps.writer.write(targetPath, payload, owner);
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
    provider: providerName,
    writtenAt: changed || record === undefined ? new Date(deps.clock.now()).toISOString() : record.writtenAt,
    versions,
    ...(result.absentFiles && { absentFiles: [...result.absentFiles] }),
    filesBy: isProviderWritten ? 'provider' : 'driver',
    check: deps.refresher.describe(running, seen),
  };
  await steps.time('record', () => inStage('FailedToMount', () => deps.records.write(written)));
  deps.refresher.checked(request, running, seen);
  deps.metrics.volumeChecked(written);
  const { absentFiles = [] } = result;
  const sync = () => deps.secrets.sync(pod, targetPath, seen.parsed, { changed, absentFiles, signal });
  steps.synced(await steps.time('sync', sync));
  deps.podStatus.report(written);
  deps.notices.report(pod, targetPath, [...noticesOf(seen.interval), ...(result.notices ?? [])]);
  return { changed, provider: providerName };
}

function noticesOf({ problem }: ClassInterval): readonly ProviderNotice[] {
  return problem === undefined ? [] : [{ type: 'Warning', reason: 'RotationPollIntervalInvalid', message: problem }];
}
