import { setMaxListeners } from 'node:events';
import { mkdir, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { PersistentVolume, PersistentVolumeClaim } from 'kubernetes-types/core/v1.js';
import { createDisposeStack, errorText, type Clock, type Log, type Random } from '#base';
import type { ConfigMap, KubeObject, Pod, ResourceRef, SecretObject } from '#kube';
import { ApiError, type ApiAccess } from '../api-access.ts';
import { listAndWatch } from '../list-and-watch.ts';
import type { PodStreams } from '../pod-streams.ts';
import type { ContainerRuntime } from '../runtime/index.ts';
import { RESOURCES } from '../resources.ts';
import { createCsiVolumes, csiTargetPath, type CsiVolumes } from './csi-volume.ts';
import { createEventRecorder } from './events.ts';
import { createVolumeMounter, type VolumeMounter } from './mounts.ts';
import { nodeResources, startNodeRegistration } from './node-registration.ts';
import { createNodeRoot } from './node-root.ts';
import { startPluginRegistry } from './plugins.ts';
import { podHostname } from './pod-files.ts';
import { createPodLogs } from './pod-logs.ts';
import { createPodVolumes } from './pod-volumes.ts';
import { startPodWorker, type PodWorker } from './pod-worker.ts';
import { createPodStreams } from './streams.ts';
import { createTokenCache } from './token-cache.ts';

/** What {@link startKubelet} needs. */
export interface KubeletOptions {
  readonly api: ApiAccess;
  readonly nodeName: string;
  readonly nodeIp: string;
  /** Where volumes and plugin sockets are: what /var/lib/kubelet is elsewhere. On a tmpfs, short enough for socket paths. */
  readonly rootDir: string;
  /** Where the containers' logs are. */
  readonly logDir: string;
  /** Where hostPaths are that are not this machine's: what the node's disk is elsewhere. */
  readonly nodeDir: string;
  readonly runtime: ContainerRuntime;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /** Default `v1.34.1`. */
  readonly kubernetesVersion?: string | undefined;
  /** How many pods the node takes. Default 110. */
  readonly maxPods?: number | undefined;
  /** What containers find in KUBERNETES_SERVICE_HOST and _PORT; without it they get neither. */
  readonly apiServerUrl?: string | undefined;
}

/** The node's agent. */
export interface Kubelet extends AsyncDisposable {
  readonly streams: PodStreams;
  readonly paths: {
    readonly podsDir: string;
    readonly pluginsDir: string;
    readonly registryDir: string;
    readonly providersDir: string;
  };
  /** Publishes CSI volumes again now, of one pod or of all, instead of in a minute. */
  republish(podUid?: string): void;
}

/**
 * Starts the kubelet: it registers the node, answers once the pods it has are known, and then runs them. The caller is in
 * a private mount namespace. Disposing it leaves pods' objects as they are; the containers end with their runtime.
 */
export async function startKubelet(options: KubeletOptions): Promise<Kubelet> {
  const { api, nodeName, nodeIp, rootDir, runtime, clock, random, log } = options;
  const paths = {
    podsDir: join(rootDir, 'pods'),
    pluginsDir: join(rootDir, 'plugins'),
    registryDir: join(rootDir, 'plugins_registry'),
    providersDir: join(rootDir, 'providers'),
  };
  for (const path of Object.values(paths)) await mkdir(path, { recursive: true, mode: 0o750 });
  const stack = createDisposeStack();
  const stopping = new AbortController();
  const { signal } = stopping;
  // Every pod listens to it: far more than Node takes for a leak.
  setMaxListeners(0, signal);
  const workers = new Map<string, PodWorker>();
  const mounter = createVolumeMounter();
  const nodeRoot = await createNodeRoot({
    nodeDir: options.nodeDir,
    kubeletDir: rootDir,
    logDir: options.logDir,
    mounter,
  });
  stack.defer(() => mounter.unshare(`${options.nodeDir}-root`));
  for (const folder of [rootDir, options.nodeDir]) {
    await mounter.share(folder);
    stack.defer(() => mounter.unshare(folder));
  }
  const events = createEventRecorder({ api, nodeName, clock, random, log });
  stack.defer(() => events.flush());
  const registration = stack.use(
    await startNodeRegistration({
      api,
      clock,
      log,
      nodeName,
      nodeIp,
      kubernetesVersion: options.kubernetesVersion ?? 'v1.34.1',
      runtimeVersion: `${runtime.name}://${runtime.version}`,
      maxPods: options.maxPods,
    }),
  );
  const retryAll = () => {
    for (const worker of workers.values()) worker.republish();
  };
  const plugins = stack.use(
    startPluginRegistry({
      registryDir: paths.registryDir,
      machinePath: (nodePath) => nodeRoot.resolve(nodePath).machinePath,
      clock,
      log,
      onChange: async (drivers) => {
        await registration.setDrivers(drivers);
        // Volumes that failed for want of this driver need not sit out their pause.
        if (drivers.length > 0) retryAll();
      },
    }),
  );
  const tokens = createTokenCache(api, clock);
  const secret = (namespace: string, name: string) =>
    find<KubeObject & SecretObject>(api, RESOURCES.secrets, namespace, name);
  const configMap = (namespace: string, name: string) =>
    find<KubeObject & ConfigMap>(api, RESOURCES.configMaps, namespace, name);
  const csi = createCsiVolumes({ api, nodeName, plugins, nodeRoot, tokens, clock, random, secret });
  const etc = (name: string) => readFile(join('/etc', name), 'utf8').catch(() => '');
  const node = { nodeName, nodeIp, resolvConf: await etc('resolv.conf'), hosts: await etc('hosts') };
  const sources = (pod: Pod) => {
    const namespace = pod.metadata?.namespace ?? 'default';
    return {
      secret: (name: string) => secret(namespace, name),
      configMap: (name: string) => configMap(namespace, name),
      token: (audience: string, seconds: number) => tokens.get(pod, audience, seconds),
      node: { nodeIp },
      nodeResources: nodeResources(options.maxPods),
      defaults: defaultEnvironment(podHostname(pod, nodeName), options.apiServerUrl),
    };
  };
  const logs = createPodLogs(options.logDir, log);

  const addWorker = (pod: Pod): void => {
    const { uid = '', name = '', namespace = 'default' } = pod.metadata ?? {};
    const podDir = join(paths.podsDir, uid);
    const worker = startPodWorker(pod, {
      api,
      runtime,
      events,
      clock,
      random,
      log,
      node,
      podDir,
      sources,
      signal,
      logDir: logs.folderOf({ namespace, name, uid }),
      createVolumes: (onProgress) =>
        createPodVolumes({
          podDir,
          csi,
          mounter,
          sources,
          events,
          clock,
          random,
          log,
          signal,
          onProgress,
          canChangeUser: runtime.canChangeUser,
          nodeRoot,
          claimed: (claimNamespace, claimName) => findClaimed(api, claimNamespace, claimName),
        }),
    });
    workers.set(uid, worker);
    void worker.ended.then(() => {
      workers.delete(uid);
      tokens.forget(uid);
    });
  };
  const onPod = (pod: Pod): void => {
    const worker = workers.get(pod.metadata?.uid ?? '');
    if (worker !== undefined) worker.update(pod);
    else if (!isOver(pod) || pod.metadata?.deletionTimestamp !== undefined) addWorker(pod);
  };

  const onDelete = (pod: Pod): void => {
    const { uid = '', name = '', namespace = 'default' } = pod.metadata ?? {};
    const worker = workers.get(uid);
    // A pod that was over before this kubelet started has nothing but its logs.
    if (worker === undefined) logs.remove({ namespace, name, uid });
    else worker.update('gone');
  };

  let started: () => void = () => undefined;
  let listed: ReadonlySet<string> = new Set();
  const firstList = new Promise<void>((resolve) => {
    started = resolve;
  });
  const watch = { api, clock, random, log, signal };
  const loops = [
    listAndWatch<KubeObject & Pod>(
      { ...watch, resource: RESOURCES.pods, query: { fieldSelector: `spec.nodeName=${nodeName}` } },
      {
        onList: (pods) => {
          listed = new Set(pods.map(({ metadata }) => metadata.uid ?? ''));
          for (const [uid, worker] of workers) if (!listed.has(uid)) worker.update('gone');
          for (const pod of pods) onPod(pod);
          started();
        },
        onChange: onPod,
        onDelete,
      },
    ),
    ...(['Secret', 'ConfigMap'] as const).map((kind) => {
      const tell = ({ metadata }: KubeObject) => {
        for (const worker of workers.values()) {
          if (worker.pod.metadata?.namespace === metadata.namespace) worker.objectChanged(kind, metadata.name ?? '');
        }
      };
      const resource = kind === 'Secret' ? RESOURCES.secrets : RESOURCES.configMaps;
      return listAndWatch({ ...watch, resource }, { onList: () => undefined, onChange: tell, onDelete: tell });
    }),
  ];
  stack.defer(async () => {
    stopping.abort();
    await Promise.all(loops);
    await Promise.all([...workers.values()].map(({ ended }) => ended));
    await logs.idle();
  });
  await firstList;
  await removeOrphans(paths.podsDir, new Set(workers.keys()), { csi, mounter, log, signal });
  await logs.removeAllBut((uid) => listed.has(uid) || workers.has(uid));

  return {
    streams: createPodStreams({
      worker: (uid) => workers.get(uid),
      logDir: ({ namespace, podName, podUid }) => logs.folderOf({ namespace, name: podName, uid: podUid }),
      clock,
    }),
    paths,
    republish: (uid) => {
      if (uid === undefined) retryAll();
      else workers.get(uid)?.republish();
    },
    [Symbol.asyncDispose]: () => stack[Symbol.asyncDispose](),
  };
}

function isOver(pod: Pod): boolean {
  return pod.status?.phase === 'Succeeded' || pod.status?.phase === 'Failed';
}

/** What a container finds in its environment though nobody wrote it. */
function defaultEnvironment(hostname: string, apiServerUrl: string | undefined): Record<string, string> {
  const base = {
    PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
    HOSTNAME: hostname,
    HOME: '/root',
  };
  if (apiServerUrl === undefined) return base;
  const { hostname: host, port } = new URL(apiServerUrl);
  return {
    ...base,
    KUBERNETES_SERVICE_HOST: host,
    KUBERNETES_SERVICE_PORT: port,
    KUBERNETES_SERVICE_PORT_HTTPS: port,
  };
}

async function find<T extends KubeObject>(
  api: ApiAccess,
  resource: ResourceRef,
  namespace: string | undefined,
  name: string,
): Promise<T | undefined> {
  try {
    return await api.get<T>(resource, { namespace, name });
  } catch (error) {
    if (error instanceof ApiError && error.body.code === 404) return undefined;
    throw error;
  }
}

/** The volume that a claim is bound to. */
async function findClaimed(api: ApiAccess, namespace: string, name: string): Promise<PersistentVolume | undefined> {
  const claim = await find<KubeObject & PersistentVolumeClaim>(api, RESOURCES.persistentVolumeClaims, namespace, name);
  const { volumeName } = claim?.spec ?? {};
  if (!volumeName || claim?.status?.phase !== 'Bound') return undefined;
  return find<KubeObject & PersistentVolume>(api, RESOURCES.persistentVolumes, undefined, volumeName);
}

/** Takes down what pods left behind that were deleted while the lab did not run. */
async function removeOrphans(
  podsDir: string,
  present: ReadonlySet<string>,
  using: { readonly csi: CsiVolumes; readonly mounter: VolumeMounter; readonly log: Log; readonly signal: AbortSignal },
): Promise<void> {
  for (const uid of await readdir(podsDir)) {
    if (present.has(uid)) continue;
    const podDir = join(podsDir, uid);
    const volumes = await readdir(join(podDir, 'volumes', 'kubernetes.io~csi')).catch(() => []);
    for (const volume of volumes) {
      await using.csi.unpublish(csiTargetPath(podDir, volume), using.signal).catch((error: unknown) => {
        using.log.debug('Orphaned volume not unpublished', { volume, error: errorText(error) });
      });
    }
    await using.mounter.removeTree(podDir).catch(() => rm(podDir, { recursive: true, force: true }));
  }
}
