import { createHash } from 'node:crypto';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { createKeyedLock, KeyferryError, type Clock, type Log, type Random } from '#base';
import type { ClusterHost, ClusterSpec, NodeMetadata } from '#lab/cloud';
import { startCluster, type Cluster } from '#lab/cluster';
import type { Faults } from '#lab/faults';
import { storeSection, type Store } from '#lab/store';
import { proxyEnvironment } from './environment.ts';
import { driverPods, driverState, isDriverRegistered, readDriverLogs } from './driver-pods.ts';
import { keyferryImage } from './keyferry-image.ts';
import { choosePort } from './metrics-port.ts';
import { installAddon, removeAddon } from './secrets-provider-addon.ts';
import type { StateFolder } from './state-folder.ts';
import type { ClusterSummary } from './status.ts';
import type { TracedCluster } from './trace/gather.ts';
import type { Timekeeper } from './timekeeper.ts';

/** What a cluster host starts clusters with. */
export interface ClusterHostOptions {
  readonly folder: StateFolder;
  readonly store: Store;
  /** A short path on a tmpfs of the lab's own, for kubelet folders and their sockets. */
  readonly runFolder: string;
  /** The gateway's port and the CA, known once the cloud has started. */
  gatewayPort(): number;
  caBundle(): string;
  /** {@link caBundle} as a Java key store. */
  javaTrustStore(): Uint8Array;
  /** Starts the instance metadata service of a cluster's node. */
  startNodeMetadata(armId: string): Promise<NodeMetadata>;
  /** What pods must not see: homes and state folders. */
  readonly hiddenPaths: readonly string[];
  /** `--v` of the add-on's drivers. */
  readonly verbosity: number;
  readonly clock: Clock;
  /** Keeps the containers of Keyferry's image in the lab's time. */
  readonly timeFor: Timekeeper['timeFor'];
  readonly random: Random;
  readonly log: Log;
  /** What goes wrong on purpose for clients of the API servers. */
  readonly faults: Faults;
}

/** A {@link ClusterHost} that runs each managed cluster as a Kubernetes of the lab, in this process. */
export interface LabClusters extends ClusterHost, AsyncDisposable {
  summaries(): Promise<ClusterSummary[]>;
  /** The running clusters, and how the logs of their drivers are read. */
  traced(): TracedCluster[];
  /** Where the API servers of running clusters are. */
  apiServers(): { readonly cluster: string; readonly host: string }[];
}

interface Running {
  readonly cluster: Cluster;
  readonly metadata: NodeMetadata;
  /** The cluster's folder. */
  readonly folder: string;
  /** Where the add-on's driver serves metrics and probes. */
  readonly port: number;
  spec: ClusterSpec;
  /** What of the add-on is installed by this lab. */
  addon: ClusterSpec['secretsProvider'];
}

/** Where pods find the lab's CA. */
const POD_FILES = { caBundle: '/run/keyferry/ca-bundle.pem', javaTrustStore: '/run/keyferry/trust.jks' };

/** A host without clusters. */
export function createLabClusters(options: ClusterHostOptions): LabClusters {
  const running = new Map<string, Running>();
  const lock = createKeyedLock();
  const find = (armId: string) => running.get(armId.toLowerCase());

  const start = async (spec: ClusterSpec): Promise<Running> => {
    const id = clusterId(spec.armId);
    const folder = join(options.folder.clusters, `${spec.name}-${id}`);
    await mkdir(folder, { recursive: true, mode: 0o700 });
    const port = await choosePort(storeSection(options.store, `clusters/${id}/`), options.random);
    const metadata = await options.startNodeMetadata(spec.armId);
    const cluster = await startClusterWith(spec, metadata.port, { id, folder }).catch(async (error: unknown) => {
      await metadata[Symbol.asyncDispose]();
      throw error;
    });
    const entry: Running = { cluster, metadata, folder, port, spec, addon: undefined };
    running.set(spec.armId.toLowerCase(), entry);
    return entry;
  };

  const startClusterWith = async (
    spec: ClusterSpec,
    metadataPort: number,
    { id, folder }: { readonly id: string; readonly folder: string },
  ): Promise<Cluster> =>
    startCluster({
      name: spec.name,
      store: storeSection(options.store, `clusters/${id}/`),
      clock: options.clock,
      random: options.random,
      log: options.log.child({ cluster: spec.name }),
      faults: options.faults,
      issuerUrl: spec.issuerUrl,
      folder,
      kubeletDir: join(options.runFolder, id, 'kubelet'),
      hiddenPaths: options.hiddenPaths,
      images: [await keyferryImage({ timeFor: options.timeFor, clockFolder: join(folder, 'clocks') })],
      containerEnv: proxyEnvironment({
        gatewayPort: options.gatewayPort(),
        metadataPort,
        caBundle: POD_FILES.caBundle,
        caFile: POD_FILES.caBundle,
        javaTrustStore: POD_FILES.javaTrustStore,
      }),
      containerFiles: [
        { path: POD_FILES.caBundle, content: options.caBundle() },
        { path: POD_FILES.javaTrustStore, content: options.javaTrustStore() },
      ],
      // Azure says 1.33.5 where Kubernetes says v1.33.5
      kubernetesVersion: `v${spec.kubernetesVersion}`,
      nodeName: spec.nodeName,
      maxPods: spec.maxPods,
      userName: `clusterUser_${spec.resourceGroup}_${spec.name}`,
    });

  /** Installs the add-on, changes its settings or takes it away. After a restart of the lab it is installed again, as it may be newer. */
  const bringAddon = async (entry: Running, before: ClusterSpec['secretsProvider']) => {
    const wanted = entry.spec.secretsProvider;
    const { api } = entry.cluster;
    if (wanted === undefined) {
      if (before !== undefined) await removeAddon(api);
    } else if (JSON.stringify(wanted) !== JSON.stringify(entry.addon)) {
      await installAddon(api, { settings: wanted, verbosity: options.verbosity, port: entry.port });
    }
    entry.addon = wanted;
  };

  const stop = async (entry: Running) => {
    await entry.cluster[Symbol.asyncDispose]();
    await entry.metadata[Symbol.asyncDispose]();
  };

  return {
    apply: (spec) =>
      lock.run(spec.armId.toLowerCase(), async () => {
        const known = find(spec.armId);
        const before = known?.spec.secretsProvider;
        const entry = known ?? (await start(spec));
        entry.spec = spec;
        await bringAddon(entry, before);
      }),
    remove: (armId) =>
      lock.run(armId.toLowerCase(), async () => {
        const entry = find(armId);
        const id = clusterId(armId);
        if (entry !== undefined) {
          running.delete(armId.toLowerCase());
          await stop(entry);
          await rm(join(options.folder.clusters, `${entry.spec.name}-${id}`), { recursive: true, force: true });
        }
        const section = storeSection(options.store, `clusters/${id}/`);
        section.write(section.list('').map(({ key }) => ({ key, value: undefined })));
      }),
    kubeconfig: async (armId) => {
      const entry = find(armId);
      if (entry === undefined) throw new KeyferryError('not-found', `the cluster ${armId} does not run`);
      return entry.cluster.kubeconfig();
    },
    rotateSigningKeys: (armId) =>
      lock.run(armId.toLowerCase(), async () => {
        const entry = find(armId);
        if (entry === undefined) throw new KeyferryError('not-found', `the cluster ${armId} does not run`);
        await entry.cluster.rotateSigningKeys();
      }),
    issuer: (armId) => find(armId)?.cluster.issuer,
    summaries: () =>
      Promise.all(
        [...running.values()].map(async ({ cluster, spec }) => ({
          name: spec.name,
          resourceGroup: spec.resourceGroup,
          url: cluster.url,
          issuerUrl: spec.issuerUrl,
          secretsProvider: driverState(await driverPods(cluster.api), {
            wanted: spec.secretsProvider !== undefined,
            registered: await isDriverRegistered(cluster),
          }),
          pods: await cluster.pods(),
        })),
      ),
    traced: () =>
      [...running.values()].map(({ cluster, folder }) => ({
        cluster,
        drivers: () => driverPods(cluster.api),
        logOf: (drivers) => readDriverLogs(join(folder, 'pods'), drivers),
      })),
    apiServers: () =>
      [...running.values()].map(({ cluster, spec }) => ({ cluster: spec.name, host: new URL(cluster.url).host })),
    async [Symbol.asyncDispose]() {
      await Promise.all([...running.values()].map(stop));
      running.clear();
    },
  };
}

/** A short name for a cluster, the same for the same ARM id. */
function clusterId(armId: string): string {
  return createHash('sha256').update(armId.toLowerCase()).digest('hex').slice(0, 8);
}
