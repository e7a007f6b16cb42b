import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Registry } from 'prom-client';
import { createDisposeStack, KeyferryError, Secret, systemClock } from '#base';
import { callUnary, createGrpcClient } from '#grpc';
import { RESOURCES } from '#kube';
import type { Provider, ProviderMountRequest, ProviderMountResult } from '#providerapi';
import { SECRET_CLASS_RESOURCES } from '#secretclass';
import {
  createFakeClock,
  createFakeRandom,
  createMemoryLog,
  type FakeClock,
  type MemoryLog,
} from '../../base/testing/index.ts';
import { IdentityClient, NodeClient, VolumeCapability_AccessMode_Mode } from '../../gen/csi/v1/csi.ts';
import { createFakeKubeClient, type FakeKubeClient } from '../../kube/testing/index.ts';
import { startDriver, type Driver, type DriverOptions } from '../driver.ts';
import { createDriverMetrics } from '../metrics.ts';
import type { Mounter } from '../volume/mounter.ts';
import { createFakeMounter, type FakeMounter } from './fake-mounter.ts';

/** An event that the driver recorded on a pod. */
export interface RecordedEvent {
  readonly pod: string;
  readonly type: string;
  readonly reason: string;
  readonly message: string;
}

/** A driver on a real socket, with everything around it in memory. */
export interface DriverHarness extends AsyncDisposable {
  readonly folder: string;
  readonly target: string;
  readonly kube: FakeKubeClient;
  readonly mounter: FakeMounter;
  readonly clock: FakeClock;
  readonly log: MemoryLog;
  readonly registry: Registry;
  readonly events: readonly RecordedEvent[];
  /** The requests that the provider got. */
  readonly mounts: readonly ProviderMountRequest[];
  /** What the provider answers; may throw. */
  answer: (request: ProviderMountRequest) => ProviderMountResult | Promise<ProviderMountResult>;
  publish(change?: { readonly context?: Record<string, string>; readonly [field: string]: unknown }): Promise<void>;
  unpublish(): Promise<void>;
  readonly node: NodeClient;
  readonly identity: IdentityClient;
  /** Lets background work run until nothing is left but waits. */
  idle(): Promise<void>;
  /** Moves the clock on until every volume was due once more, by the longest that the default interval takes. */
  nextChecks(): Promise<void>;
  /** Ends the driver and starts another one on what it left. */
  restart(meanwhile?: () => Promise<void>): Promise<void>;
  /** Starts another driver in the place of the one that runs, which goes on, as in an update that overlaps; answers the old one. */
  overtake(): Promise<Pick<Driver, 'idle'>>;
}

/** The pod of the harness. */
export const POD = { namespace: 'shop', name: 'web-1', uid: '7c1f' } as const;

/** A provider's answer: files with their texts, each with a version. */
export function filesOf(files: Readonly<Record<string, string>>, version = 'v1'): ProviderMountResult {
  return {
    files: Object.entries(files).map(([path, text]) => ({
      path,
      mode: 0o644,
      contents: new Secret<Uint8Array>(Buffer.from(text)),
    })),
    versions: Object.keys(files).map((path) => ({ id: `secret/${path}`, version })),
  };
}

/** Starts a {@link DriverHarness}; a class `db` with the provider `fake` and the pod exist. */
export async function startHarness(
  options: Partial<Pick<DriverOptions, 'refreshes' | 'refreshIntervalMs' | 'forbidsParameterOverrides'>> & {
    /** In place of the harness's own, which mounts nothing. */
    readonly mounter?: Mounter;
    readonly secretObjects?: readonly unknown[];
  } = {},
): Promise<DriverHarness> {
  const folder = await mkdtemp(join(tmpdir(), 'keyferry-driver-'));
  const target = join(folder, 'pods', POD.uid, 'volumes', 'kubernetes.io~csi', 'secrets', 'mount');
  await mkdir(join(target, '..'), { recursive: true });
  const kube = createFakeKubeClient();
  kube.put(SECRET_CLASS_RESOURCES.classes, {
    apiVersion: 'secrets-store.csi.x-k8s.io/v1',
    kind: 'SecretProviderClass',
    metadata: { name: 'db', namespace: POD.namespace },
    spec: {
      provider: 'fake',
      parameters: { vault: 'one', region: 'north' },
      ...(options.secretObjects && { secretObjects: options.secretObjects }),
    },
  });
  kube.put(RESOURCES.pods, { apiVersion: 'v1', kind: 'Pod', metadata: { ...POD } });
  const clock = createFakeClock();
  const log = createMemoryLog();
  const mounter = createFakeMounter();
  let registry = new Registry();
  const events: RecordedEvent[] = [];
  const mounts: ProviderMountRequest[] = [];
  const provider: Provider = {
    name: 'fake',
    version: '1.0.0',
    mount: async (request) => {
      mounts.push(request);
      return harness.answer(request);
    },
  };
  const socketPath = join(folder, 'csi.sock');
  const start = () => {
    registry = new Registry(); // of the process
    return startDriver({
      socketPath,
      recordFolder: join(folder, 'volumes'),
      driverName: 'secrets-store.csi.k8s.io',
      version: '1.2.3',
      nodeId: 'node-1',
      refreshes: options.refreshes ?? true,
      refreshIntervalMs: options.refreshIntervalMs ?? 120_000,
      forbidsParameterOverrides: options.forbidsParameterOverrides ?? false,
      client: kube,
      providers: {
        resolve: async (name) => {
          if (name === 'fake') return provider;
          throw new KeyferryError(
            'unknown',
            `error connecting to provider "${name}": provider not found: provider "${name}"`,
          );
        },
      },
      mounter: options.mounter ?? mounter,
      events: {
        record: (pod, type, reason, message) => {
          events.push({ pod: `${pod.namespace}/${pod.name}`, type, reason, message });
        },
      },
      metrics: createDriverMetrics(registry, clock),
      clock,
      random: createFakeRandom(),
      log,
    });
  };
  const stack = createDisposeStack();
  stack.defer(() => rm(folder, { recursive: true, force: true }));
  stack.defer(() => mounter.reboot());
  let driver = await start();
  stack.defer(async () => driver[Symbol.asyncDispose]());
  const connect = () => ({
    node: createGrpcClient(NodeClient, socketPath),
    identity: createGrpcClient(IdentityClient, socketPath),
  });
  let clients = connect();
  const disconnect = () => {
    clients.node.close();
    clients.identity.close();
  };
  stack.defer(disconnect);
  const limits = { timeoutMs: 10_000 };

  const harness: DriverHarness = {
    folder,
    target,
    kube,
    mounter,
    clock,
    log,
    get registry() {
      return registry;
    },
    events,
    mounts,
    answer: () => filesOf({ password: 'hunter2' }),
    get node() {
      return clients.node;
    },
    get identity() {
      return clients.identity;
    },
    async publish({ context = {}, ...change } = {}) {
      const request = {
        volumeId: 'csi-0123',
        publishContext: {},
        stagingTargetPath: '',
        targetPath: target,
        volumeCapability: {
          accessType: { $case: 'mount' as const, value: { fsType: '', mountFlags: [], volumeMountGroup: '' } },
          accessMode: { mode: VolumeCapability_AccessMode_Mode.SINGLE_NODE_WRITER },
        },
        readonly: true,
        secrets: {},
        volumeContext: {
          secretProviderClass: 'db',
          'csi.storage.k8s.io/pod.name': POD.name,
          'csi.storage.k8s.io/pod.namespace': POD.namespace,
          'csi.storage.k8s.io/pod.uid': POD.uid,
          ...context,
        },
        ...change,
      };
      await callUnary(clients.node, 'nodePublishVolume', request, limits, systemClock);
    },
    async unpublish() {
      const request = { volumeId: 'csi-0123', targetPath: target };
      await callUnary(clients.node, 'nodeUnpublishVolume', request, limits, systemClock);
    },
    idle: () => driver.idle(),
    async nextChecks() {
      await clock.advance(120_000);
      await driver.idle();
    },
    async restart(meanwhile) {
      disconnect();
      await driver[Symbol.asyncDispose]();
      await meanwhile?.();
      driver = await start();
      clients = connect();
    },
    async overtake() {
      disconnect();
      const old = driver;
      driver = await start();
      clients = connect();
      stack.defer(async () => old[Symbol.asyncDispose]());
      return old;
    },
    [Symbol.asyncDispose]: () => stack[Symbol.asyncDispose](),
  };
  return harness;
}
