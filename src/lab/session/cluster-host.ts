import { createHash } from 'node:crypto';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { createKeyedLock, KeyferryError, type Clock, type Log, type Random } from '#base';
import type { ClusterHost, ClusterSpec, NodeMetadata } from '#lab/cloud';
import { startCluster, type Cluster } from '#lab/cluster';
import type { Faults } from '#lab/faults';
import { storeSection, type Store } from '#lab/store';
import { proxyEnvironment } from './environment.ts';
import { removeAddonObjects, startAddon, type Addon } from './secrets-provider-addon.ts';
import type { StateFolder } from './state-folder.ts';
import type { ClusterSummary } from './status.ts';
import type { TracedCluster } from './trace/gather.ts';
import type { ProcessTime } from './timekeeper.ts';

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
  /** `--v` of the node processes. */
  readonly verbosity: number;
  readonly clock: Clock;
  /** Keeps a process in the lab's time; `path` is for its clock file. */
  timeFor(path: string): ProcessTime;
  readonly random: Random;
  readonly log: Log;
  /** What goes wrong on purpose for clients of the API servers. */
  readonly faults: Faults;
}

/** A {@link ClusterHost} that runs each managed cluster as a Kubernetes of the lab, in this process. */
export interface LabClusters extends ClusterHost, AsyncDisposable {
  summaries(): Promise<ClusterSummary[]>;
  /** The running clusters, with the logs of their node processes. */
  traced(): TracedCluster[];
  /** Where the API servers of running clusters are. */
  apiServers(): { readonly cluster: string; readonly host: string }[];
}

interface Running {
  readonly cluster: Cluster;
  readonly metadata: NodeMetadata;
  spec: ClusterSpec;
  addon: Addon | undefined;
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
    const metadata = await options.startNodeMetadata(spec.armId);
    const cluster = await startClusterWith(spec, metadata.port, { id, folder }).catch(async (error: unknown) => {
      await metadata[Symbol.asyncDispose]();
      throw error;
    });
    const entry: Running = { cluster, metadata, spec, addon: undefined };
    running.set(spec.armId.toLowerCase(), entry);
    return entry;
  };

  const startClusterWith = (
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

  const bringAddon = async (entry: Running, before: ClusterSpec['secretsProvider'] | undefined) => {
    const wanted = entry.spec.secretsProvider;
    const changed = JSON.stringify(wanted) !== JSON.stringify(before);
    if (entry.addon !== undefined && changed) {
      await entry.addon[Symbol.asyncDispose]();
      entry.addon = undefined;
      if (wanted === undefined) await removeAddonObjects(entry.cluster);
    }
    if (wanted !== undefined && entry.addon === undefined) {
      const folder = join(options.folder.clusters, `${entry.spec.name}-${clusterId(entry.spec.armId)}`);
      entry.addon = await startAddon({
        cluster: entry.cluster,
        settings: wanted,
        verbosity: options.verbosity,
        env: {
          PATH: process.env['PATH'] ?? '/usr/sbin:/usr/bin:/sbin:/bin',
          ...proxyEnvironment({
            ...options.folder,
            gatewayPort: options.gatewayPort(),
            metadataPort: entry.metadata.port,
          }),
        },
        logFile: join(folder, 'node.log'),
        time: options.timeFor(join(folder, 'node.clock')),
        clock: options.clock,
        random: options.random,
        log: options.log,
      });
    }
  };

  const stop = async (entry: Running) => {
    await entry.addon?.[Symbol.asyncDispose]();
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
        await entry.addon?.renewCredentials();
      }),
    issuer: (armId) => find(armId)?.cluster.issuer,
    summaries: () =>
      Promise.all(
        [...running.values()].map(async ({ cluster, spec, addon }) => ({
          name: spec.name,
          resourceGroup: spec.resourceGroup,
          url: cluster.url,
          issuerUrl: spec.issuerUrl,
          secretsProvider: addon?.state ?? ('off' as const),
          pods: await cluster.pods(),
        })),
      ),
    traced: () =>
      [...running.values()].map(({ cluster, spec }) => ({
        cluster,
        nodeLog: join(options.folder.clusters, `${spec.name}-${clusterId(spec.armId)}`, 'node.log'),
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
