import { Registry } from 'prom-client';
import { createKeyedLock, silentLog, type Clock } from '#base';
import type { ProviderMountResult } from '#providerapi';
import { createFakeRandom } from '../../base/testing/index.ts';
import { VolumeCapability } from '../../gen/csi/v1/csi.ts';
import { createAtomicWriter } from '../volume/atomic-writer.ts';
import { createDriverMetrics } from '../metrics.ts';
import type { Mounter } from '../volume/mounter.ts';
import { noPodMarks } from '../refresh/pod-marks.ts';
import { createVolumes } from '../publish/publish.ts';
import { createRefreshFailures } from '../publish/refresh-failures.ts';
import { createRefreshSchedule } from '../refresh/refresh-schedule.ts';
import { createRefresher } from '../refresh/refresher.ts';
import { createUnpublishVolume } from '../publish/unpublish.ts';
import { nodeFileSystem, nodeVolumeFiles } from '../volume/volume-files.ts';
import { createVolumeRecords } from '../volume/volume-record.ts';
import { CHANGING_CALLS, type KillSwitch } from './kill-switch.ts';

/** What a {@link BareDriver} stands on. */
export interface BareDriverOptions {
  readonly recordFolder: string;
  readonly target: string;
  readonly mounter: Mounter;
  readonly clock: Clock;
  /** What the provider answers. */
  readonly answer: () => ProviderMountResult | Promise<ProviderMountResult>;
  /** With it, the driver is one that is killed. */
  readonly kill?: KillSwitch | undefined;
}

/** The driver's deeds on one volume: no socket, no API server, no loop. A new one is a driver as after its start. */
export interface BareDriver {
  publish(): Promise<void>;
  /** The driver's own refresh, when it is due. */
  refresh(): Promise<void>;
  unpublish(): Promise<void>;
}

/** Makes a {@link BareDriver}; checks are due a second after the last. */
export function createBareDriver(options: BareDriverOptions): BareDriver {
  const { target, clock, kill, answer } = options;
  const guard = <T extends object>(object: T, only?: readonly (keyof T)[]): T => kill?.guard(object, only) ?? object;
  const { signal } = new AbortController();
  const mounter = guard(options.mounter, ['mountTmpfs', 'unmount']);
  const records = guard(createVolumeRecords({ folder: options.recordFolder, log: silentLog }), ['write', 'remove']);
  const metrics = createDriverMetrics(new Registry(), clock);
  const events = { record: () => undefined };
  const schedule = createRefreshSchedule({ enabled: true, intervalMs: 0, clock, random: createFakeRandom() });
  const classes = {
    read: async ({ namespace, name }: { readonly namespace: string; readonly name: string }) => ({
      parsed: {
        value: { name, namespace, provider: 'fake', parameters: { a: 'b' }, secretObjects: [] },
        secretIssues: [],
      },
      interval: { intervalMs: undefined, problem: undefined },
      marks: { spec: 'spec', refresh: '' },
    }),
    onChange: () => undefined,
  };
  const refresher = createRefresher({ schedule, classes, pods: noPodMarks, clock, signal });
  const failures = createRefreshFailures({ events, metrics, clock, log: silentLog });
  const sync = () => Promise.resolve({ names: [], state: 'none' as const });
  const common = {
    mounter,
    records,
    metrics,
    locks: createKeyedLock(),
    secrets: guard({ sync, enter: () => undefined, forget: () => undefined }, ['sync']),
    podStatus: { report: () => undefined, enter: () => undefined, forget: () => undefined },
    notices: { report: () => undefined, forget: () => undefined },
    log: silentLog,
  };
  const provider = guard({ mount: async () => answer() });
  const volumes = createVolumes({
    ...common,
    writer: createAtomicWriter({ clock, files: guard({ ...nodeVolumeFiles }, CHANGING_CALLS) }),
    files: guard({ ...nodeFileSystem }, ['mkdir', 'rmdir']),
    providers: { resolve: async () => ({ name: 'fake', version: '1', mount: provider.mount }) },
    classes,
    refresher,
    failures,
    events,
    clock,
    standAside: async () => undefined,
    volumeSizeBytes: 1024 * 1024,
  });
  const unpublish = createUnpublishVolume({ ...common, refresher, failures, cancelCheck: () => undefined });
  const request = {
    volumeId: 'csi-1',
    publishContext: {},
    stagingTargetPath: '',
    targetPath: target,
    volumeCapability: VolumeCapability.create(),
    readonly: true,
    secrets: {},
    volumeContext: { secretProviderClass: 'db', 'csi.storage.k8s.io/pod.namespace': 'shop' },
  };
  return {
    publish: () => volumes.publish(request, signal),
    refresh: () => volumes.refresh(target, signal),
    unpublish: () => unpublish({ volumeId: 'csi-1', targetPath: target }),
  };
}
