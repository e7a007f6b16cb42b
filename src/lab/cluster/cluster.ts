import { join } from 'node:path';
import { createDisposeStack, type Clock, type Log, type Random } from '#base';
import type { Event, Pod } from '#kube';
import type { Faults } from '#lab/faults';
import { storeSection, type Store } from '#lab/store';
import type { ApiAccess } from './api-access.ts';
import { startApiServer } from './apiserver/index.ts';
import { addContainerExtras, type ContainerFile } from './container-extras.ts';
import { startControllers } from './controllers/index.ts';
import { startKubelet, type Kubelet } from './kubelet/index.ts';
import { addLocalImages, type LocalImage } from './local-images.ts';
import { summarizePod, type PodSummary } from './pod-summary.ts';
import { podTroubles } from './pod-trouble.ts';
import { createProcessRuntime, type ContainerRuntime } from './runtime/index.ts';
import { servedKinds } from './served-kinds.ts';
import { stopGracefully } from './stop-gracefully.ts';
import { renderTokenKubeconfig } from './token-kubeconfig.ts';

/** What a cluster is started with. */
export interface ClusterOptions {
  /** Names the cluster and the context of its kubeconfig. */
  readonly name: string;
  /** All that must survive a restart. */
  readonly store: Store;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /** The issuer of service account tokens, with the slash at the end. */
  readonly issuerUrl: string;
  /** The state folder of this cluster: logs and roots of containers. */
  readonly folder: string;
  /** The kubelet's folder, short (unix sockets live below it) and on a tmpfs (secrets do too). */
  readonly kubeletDir: string;
  /** Homes and state folders that containers must not see. */
  readonly hiddenPaths: readonly string[];
  /** Added to the environment of every container that does not set the name itself. */
  readonly containerEnv?: Readonly<Record<string, string>> | undefined;
  /** Files that every container finds. */
  readonly containerFiles?: readonly ContainerFile[] | undefined;
  /** Images that are here, beside those of which only the command is known. */
  readonly images?: readonly LocalImage[] | undefined;
  /** The API server's port, if it is free; otherwise the one of before, or any. */
  readonly port?: number | undefined;
  readonly nodeName: string;
  /** How many pods the node takes. Default 110. */
  readonly maxPods?: number | undefined;
  /** Such as `v1.34.1`. */
  readonly kubernetesVersion?: string | undefined;
  /** The user in {@link Cluster.kubeconfig}. Default `clusterAdmin`. */
  readonly userName?: string | undefined;
  /** What goes wrong on purpose for clients of the API server's socket. Default: nothing. */
  readonly faults?: Faults | undefined;
}

/** A running Kubernetes of one node. */
export interface Cluster extends AsyncDisposable {
  readonly name: string;
  readonly url: string;
  readonly port: number;
  readonly caPem: string;
  /** The API, past authentication. */
  readonly api: ApiAccess;
  readonly nodeName: string;
  /** The documents of the service account issuer, which Entra ID reads to check a federated token. */
  readonly issuer: { openidConfiguration(): unknown; jwks(): Promise<unknown> };
  /** A new key signs service account tokens from now on; the one before counts for 24 hours more. */
  rotateSigningKeys(): Promise<void>;
  /** A kubeconfig (YAML) of an administrator, with a client certificate; its context is named after the cluster. */
  kubeconfig(): Promise<string>;
  /** A kubeconfig (YAML) with a token of a service account, valid for a year; the account must exist. */
  serviceAccountKubeconfig(account: ServiceAccountKubeconfigRequest): Promise<string>;
  /** All pods, in short. */
  pods(): Promise<PodSummary[]>;
}

/** Whose token, and for whom. */
export interface ServiceAccountKubeconfigRequest {
  readonly namespace: string;
  readonly name: string;
  /** Default: the API server itself. */
  readonly audience?: string | undefined;
}

// What containers get to end in when the lab ends. Most are shells that ignore SIGTERM, and a person waits.
const STOP_GRACE_MS = 300;
const TOKEN_SECONDS = 365 * 24 * 60 * 60;

/**
 * Starts a cluster: API server, controllers, one node. On a store that was used before its objects are there again, and
 * its pods start as after a reboot of the node. The caller runs in a private mount and PID namespace (see
 * createProcessRuntime). Disposing it stops the containers and closes the API server.
 */
export async function startCluster(options: ClusterOptions): Promise<Cluster> {
  const { name, nodeName, clock, random, log, kubeletDir, folder } = options;
  const stack = createDisposeStack();
  let kubelet: Kubelet | undefined;
  try {
    const port = options.port ?? lastPort(options.store);
    const server = stack.use(
      await startApiServer({
        store: storeSection(options.store, 'api/'),
        clock,
        random,
        log,
        issuerUrl: options.issuerUrl,
        faults: options.faults,
        streams: () => kubelet?.streams,
        ...(port === undefined ? {} : { port }),
        ...(options.kubernetesVersion === undefined ? {} : { kubernetesVersion: options.kubernetesVersion }),
      }),
    );
    // A kubeconfig that was handed out goes on working after a restart.
    options.store.put(PORT, server.port);
    const api = server.access;
    const runtime = stack.use(await startRuntime(options));
    stack.defer(async () => {
      await kubelet?.[Symbol.asyncDispose]();
    });
    // Above the kubelet on the stack, so that no controller answers the end of the containers with new pods.
    const { caPem } = server;
    stack.use(await startControllers({ api, clock, random, log, caPem, builtinKinds: servedKinds() }));
    kubelet = await startKubelet({
      api,
      nodeName,
      nodeIp: '127.0.0.1',
      rootDir: kubeletDir,
      logDir: join(folder, 'pods'),
      nodeDir: join(folder, 'node'),
      runtime,
      clock,
      random,
      log,
      apiServerUrl: server.url,
      kubernetesVersion: options.kubernetesVersion,
      maxPods: options.maxPods,
    });
    return {
      name,
      url: server.url,
      port: server.port,
      caPem,
      api,
      nodeName,
      issuer: { openidConfiguration: () => server.issuer.openidConfiguration(), jwks: () => server.issuer.jwks() },
      rotateSigningKeys: () => server.rotateSigningKeys(),
      kubeconfig: () =>
        server.issueKubeconfig({
          user: options.userName ?? 'clusterAdmin',
          groups: ['system:masters'],
          clusterName: name,
        }),
      serviceAccountKubeconfig: async ({ namespace, name: account, audience }) => {
        const request = { audiences: audience === undefined ? [] : [audience], expirationSeconds: TOKEN_SECONDS };
        const { token } = await api.createToken({ namespace, name: account }, request);
        return renderTokenKubeconfig({ clusterName: name, url: server.url, caPem, userName: account, token });
      },
      pods: async () => {
        const [pods, events] = await Promise.all([api.list<Pod>(PODS), api.list<Event>(EVENTS)]);
        const troubles = podTroubles(events.items);
        return pods.items.map((pod) => summarizePod(pod, troubles));
      },
      [Symbol.asyncDispose]: () => stack[Symbol.asyncDispose](),
    };
  } catch (error) {
    await stack[Symbol.asyncDispose]();
    throw error;
  }
}

async function startRuntime(options: ClusterOptions): Promise<ContainerRuntime> {
  const { clock, log, folder, kubeletDir } = options;
  const stateDir = join(folder, 'runtime');
  const plain = await createProcessRuntime({ stateDir, hiddenPaths: [...options.hiddenPaths, folder], clock, log });
  const withImages = addLocalImages(plain, options.images ?? []);
  return addContainerExtras(stopGracefully(withImages, { clock, graceMs: STOP_GRACE_MS }), {
    env: options.containerEnv ?? {},
    files: options.containerFiles ?? [],
    folder: join(kubeletDir, 'container-files'),
  });
}

const PORT = 'port';

function lastPort(store: Store): number | undefined {
  const port = store.get(PORT);
  return typeof port === 'number' ? port : undefined;
}

const PODS = { group: '', version: 'v1', resource: 'pods' };
const EVENTS = { group: '', version: 'v1', resource: 'events' };
