import { createDisposeStack, createKeyedLock, KeyferryError, type Clock, type Log, type Random } from '#base';
import { startGrpcServer, type GrpcServer } from '#grpc';
import type { EventRecorder, KubeClient } from '#kube';
import type { ProviderDirectory } from '#providerapi';
import { createAtomicWriter } from './volume/atomic-writer.ts';
import { createBackgroundQueue } from './kubernetes/background-queue.ts';
import type { DriverMetrics } from './metrics.ts';
import type { Mounter } from './volume/mounter.ts';
import { createPodStatusWriter } from './kubernetes/pod-status.ts';
import { createProviderNotices } from './publish/provider-notices.ts';
import { startClassCache } from './refresh/class-cache.ts';
import { noPodMarks, startPodMarks } from './refresh/pod-marks.ts';
import { createVolumes } from './publish/publish.ts';
import { createRefreshFailures } from './publish/refresh-failures.ts';
import { startRefreshLoop } from './refresh/refresh-loop.ts';
import { createRefreshSchedule } from './refresh/refresh-schedule.ts';
import { createRefresher } from './refresh/refresher.ts';
import { createSecretSync } from './kubernetes/secret-sync.ts';
import { createCsiServices } from './services.ts';
import { sweepRecords } from './volume/sweep-records.ts';
import { createUnpublishVolume } from './publish/unpublish.ts';
import { nodeFileSystem } from './volume/volume-files.ts';
import { createVolumeRecords } from './volume/volume-record.ts';

/** What {@link startDriver} needs. */
export interface DriverOptions {
  /** The CSI socket. */
  readonly socketPath: string;
  /** A folder of the host for the volume records (volume-record.ts). */
  readonly recordFolder: string;
  readonly driverName: string;
  readonly version: string;
  readonly nodeId: string;
  /** Whether volumes that have their files are checked again. */
  readonly refreshes: boolean;
  /** The time between two checks of a volume whose class names none, milliseconds. */
  readonly refreshIntervalMs: number;
  /** Whether pods may give no parameters by volumeAttributes. Default: they may, as upstream has it. */
  readonly forbidsParameterOverrides?: boolean;
  /** The size limit of one volume. Default 32 MiB. */
  readonly volumeSizeBytes?: number;
  readonly client: Pick<KubeClient, 'get' | 'list' | 'watch' | 'create' | 'patch'>;
  readonly providers: Pick<ProviderDirectory, 'resolve'>;
  readonly mounter: Mounter;
  readonly events: Pick<EventRecorder, 'record'>;
  readonly metrics: DriverMetrics;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
}

/** A driver that answers on its socket. Disposing it lets the calls under way end. */
export interface Driver extends AsyncDisposable {
  /** Resolves when pod statuses and the like are written, or wait for another try. For tests. */
  idle(): Promise<void>;
}

// Eight times what a provider may answer by default (4 MiB), and a swap holds two of them.
const VOLUME_SIZE_BYTES = 32 * 1024 * 1024;

// A container may wait for its Secret: whoever mends the class sees it start soon. Upstream tries every 5 to 10 s.
const SECRET_PAUSE_MS = 30_000;

// Pod statuses come in crowds, as when a node starts, and wait for the API server only.
const STATUS_WRITES = 16;

/** Starts the CSI node driver. */
export async function startDriver(options: DriverOptions): Promise<Driver> {
  const { client, providers, mounter, events, metrics, clock, random, log } = options;
  const stack = createDisposeStack();
  const records = createVolumeRecords({ folder: options.recordFolder, log });
  const statusQueue = stack.use(
    createBackgroundQueue({ name: 'pod status', clock, random, log, concurrency: STATUS_WRITES }),
  );
  const secretQueue = stack.use(
    createBackgroundQueue({ name: 'secret sync', clock, random, log, maxPauseMs: SECRET_PAUSE_MS }),
  );
  const schedule = createRefreshSchedule({
    enabled: options.refreshes,
    intervalMs: options.refreshIntervalMs,
    clock,
    random,
  });
  const podStatus = createPodStatusWriter({ client, queue: statusQueue, nodeName: options.nodeId });
  const stop = new AbortController();
  stack.defer(() => stop.abort(new KeyferryError('aborted', 'the driver stops')));
  const classes = stack.use(startClassCache({ client, clock, random, log }));
  const pods = options.refreshes
    ? stack.use(startPodMarks({ client, nodeName: options.nodeId, clock, random, log }))
    : noPodMarks;
  const refresher = createRefresher({ schedule, classes, pods, clock, signal: stop.signal });
  const failures = createRefreshFailures({ events, metrics, clock, log });
  const secrets = createSecretSync({
    client,
    readClass: async (key, signal) => (await classes.read(key, signal)).parsed,
    queue: secretQueue,
    events,
    metrics,
    clock,
    random,
    log,
  });
  const notices = createProviderNotices({ events });
  const locks = createKeyedLock();
  for (const volume of await sweepRecords({ records, mounter, locks, log })) {
    secrets.enter(volume);
    podStatus.enter(volume);
    if (volume.check !== undefined) {
      metrics.volumeChecked(volume, clock.monotonic() - Math.max(0, clock.now() - volume.check.atMs));
    }
  }
  let server: GrpcServer | undefined;
  const standAside = async () => {
    if ((await server?.isReplaced()) === true && loop.retire()) {
      log.info('Another driver has taken the socket and refreshes the volumes');
    }
  };
  const volumes = createVolumes({
    mounter,
    writer: createAtomicWriter({ clock }),
    files: nodeFileSystem,
    records,
    classes,
    providers,
    secrets,
    podStatus,
    notices,
    refresher,
    failures,
    events,
    metrics,
    locks,
    clock,
    log,
    standAside,
    forbidsParameterOverrides: options.forbidsParameterOverrides,
    volumeSizeBytes: options.volumeSizeBytes ?? VOLUME_SIZE_BYTES,
  });
  const loop = stack.use(startRefreshLoop({ refresher, refresh: volumes.refresh, clock, log }));
  const services = createCsiServices({
    driverName: options.driverName,
    version: options.version,
    nodeId: options.nodeId,
    publish: volumes.publish,
    log,
    unpublish: createUnpublishVolume({
      mounter,
      records,
      secrets,
      podStatus,
      notices,
      refresher,
      failures,
      cancelCheck: loop.cancel,
      metrics,
      locks,
      log,
    }),
  });
  server = stack.use(await startGrpcServer({ socketPath: options.socketPath, services, clock, log, graceMs: 10_000 }));
  return {
    idle: async () => {
      await loop.idle();
      await statusQueue.idle();
      await secretQueue.idle();
    },
    [Symbol.asyncDispose]: () => stack[Symbol.asyncDispose](),
  };
}
