import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { createDisposeStack, systemClock } from '#base';
import { createKubeClient, loadKubeconfig, RESOURCES, type KubeClient, type Node, type Pod } from '#kube';
import { outputOf } from '../../clients/install/programs.ts';
import { eventually } from '../../support/test-lab.ts';
import type { KubernetesVersion } from '../setup/kubernetes.ts';
import { findPrograms } from '../setup/programs.ts';
import { ADDRESSES } from './addresses.ts';
import { startApiServer, startControllers, startEtcd, type ControlPlaneOptions } from './control-plane.ts';
import { makeCredentials } from './credentials.ts';
import { startForward } from './forward.ts';
import { startMachine, type Words } from './machine.ts';
import { PAUSE_IMAGE } from './node-configs.ts';
import { renderShellImage } from './shell-image.ts';
import { bootNode, prepareNode, startContainerd, startKubelet, type NodeOptions, type RunningNode } from './node.ts';

/** A Kubernetes of one node made of real programs, in a network, mounts and processes of its own. */
export interface Cluster extends AsyncDisposable {
  readonly version: string;
  readonly nodeName: string;
  /** Where the node is reached from inside: its pods, and what is run with {@link enter}. */
  readonly nodeAddress: string;
  readonly kubeletRootDir: string;
  /** The administrator's kubeconfig, for use on this machine: no need to enter anything. */
  readonly kubeconfig: string;
  /** The same with the address inside, for programs that run there. */
  readonly insideKubeconfig: string;
  readonly client: KubeClient;
  /** The issuer of service account tokens, and the file with the keys that it publishes. */
  readonly issuer: string;
  readonly jwks: string;
  /** The words before a command that run it in the cluster's network; files and processes stay this machine's. */
  readonly enter: Words;
  /** The same on the node, with its mounts and processes; other words after a reboot. */
  readonly enterNode: Words;
  /** The node's process 1, as this machine numbers it: its mounts and files are at `/proc/<pid>/root`. Another after a reboot. */
  readonly nodePid: number;
  /** The logs of the cluster's programs. */
  readonly logs: string;
  /** Where the control groups of the node's pods are: `<hierarchy>/<cgroup>/kubepods/…`. */
  readonly cgroup: string;
  /** Runs kubectl of the cluster's version and answers what it prints; throws when it fails. */
  kubectl(...args: readonly string[]): Promise<string>;
  /** Imports an archive of an image (OCI or `docker save`) into the node's store. */
  importImage(archive: string): Promise<void>;
  /** Kills the kubelet; containers run on. */
  stopKubelet(): Promise<void>;
  /** Starts the kubelet after {@link stopKubelet}; done when the node is ready and kubelet knows its pods. */
  startKubelet(): Promise<void>;
  /** {@link stopKubelet} and {@link startKubelet}. */
  restartKubelet(): Promise<void>;
  /** Kills containerd and starts it again; containers run on meanwhile. */
  restartContainerd(): Promise<void>;
  /** Cuts the node's power: all of its processes, containers and mounts are gone, its disk stays. */
  powerOff(): Promise<void>;
  /** Boots the node after {@link powerOff}; done when it is ready. */
  powerOn(): Promise<void>;
  /** {@link powerOff} and {@link powerOn}. */
  reboot(): Promise<void>;
  /** Kills the API server; all else goes on. */
  stopApiServer(): Promise<void>;
  /** Starts the API server again; done when it is ready. */
  startApiServer(): Promise<void>;
}

/** What a cluster is started with. */
export interface ClusterOptions {
  /** Of Kubernetes; its programs have to be built (`npm run setup:cluster`). */
  readonly version: KubernetesVersion;
  /** The folder of the programs, where they are not those. */
  readonly programs?: string | undefined;
  /** A new folder, which goes with the cluster. */
  readonly folder: string;
  readonly kubeletRootDir?: string;
  readonly issuer?: string;
  /** Told what is done, a line each. */
  readonly log?: (line: string) => void;
}

/** Starts a cluster; done when its node is ready and pods can be made. */
export async function startCluster(options: ClusterOptions): Promise<Cluster> {
  const { version, log = () => {} } = options;
  const programs = options.programs ?? builtPrograms(version);
  const folder = resolve(options.folder);
  const { issuer = 'https://kubernetes.default.svc.cluster.local', kubeletRootDir = '/var/lib/kubelet' } = options;
  const nodeName = 'node-1';
  await mkdir(folder, { recursive: true });
  if ((await readdir(folder)).length > 0)
    throw new Error(`${folder} is not empty: a cluster needs a folder of its own`);
  const logs = join(folder, 'logs');
  await mkdir(logs);

  const stack = createDisposeStack();
  try {
    const machine = stack.use(await startMachine(folder));
    await machine.script(NETWORK, `${ADDRESSES.node}/${ADDRESSES.nodePrefix}`);
    const credentials = await makeCredentials(join(folder, 'credentials'), nodeName);
    const forward = stack.use(
      await startForward(machine, {
        name: 'api',
        address: ADDRESSES.node,
        port: ADDRESSES.apiServerPort,
        folder: logs,
      }),
    );
    const kubeconfig = join(folder, 'kubeconfig');
    await writeFile(kubeconfig, credentials.adminKubeconfig(`https://127.0.0.1:${forward.port}`), { mode: 0o600 });
    const kubectl = (...args: readonly string[]) =>
      outputOf(join(programs, 'kubectl'), [`--kubeconfig=${kubeconfig}`, ...args]);
    const client = stack.use(createKubeClient({ config: loadKubeconfig(kubeconfig, systemClock), clock: systemClock }));

    const controlPlane: ControlPlaneOptions = { machine, programs, folder: logs, credentials, issuer };
    log('starting etcd and the API server');
    const etcd = await startEtcd(controlPlane);
    let apiServer = startApiServer(controlPlane);
    const apiServerReady = () =>
      eventually('API server ready', async () => {
        etcd.check();
        apiServer.check();
        return kubectl('get', '--raw=/readyz').then((found) => ({ found }), seenError);
      });

    const nodeOptions: NodeOptions = {
      programs,
      folder,
      name: nodeName,
      cgroup: machine.cgroup,
      kubeletRootDir,
      credentials,
    };
    await prepareNode(nodeOptions);
    await apiServerReady();
    log('starting the controllers and the node');
    const controllers = startControllers(controlPlane);
    let node: RunningNode = await bootNode(machine, nodeOptions);
    /** A node is ready when its kubelet has said so after `sinceMs`: what stands there may be of the kubelet before. */
    const nodeReady = (sinceMs: number) =>
      eventually('node ready', async () => {
        for (const service of [apiServer, ...controllers, ...Object.values(node.services)]) service.check();
        return client.get<Node>(RESOURCES.nodes, { name: nodeName }).then(({ status }) => {
          const ready = status?.conditions?.find(({ type }) => type === 'Ready');
          const saidMs = Date.parse(ready?.lastHeartbeatTime ?? '');
          return ready?.status === 'True' && saidMs >= sinceMs ? { found: ready } : { seen: JSON.stringify(ready) };
        }, seenError);
      });
    /** A kubelet that has started knows no pod, and answers no exec, until the API server has told it of them. */
    const podsKnown = () =>
      eventually('kubelet knows its pods', () =>
        Promise.all([
          kubectl('get', 'pods', '--all-namespaces', `--field-selector=spec.nodeName=${nodeName}`, '-o=json'),
          kubectl('get', '--raw', `/api/v1/nodes/${nodeName}/proxy/pods`),
        ]).then(([bound, known]) => {
          const missing = uidsOf(bound).filter((uid) => !uidsOf(known).includes(uid));
          return missing.length === 0 ? { found: true } : { seen: `not ${missing.join(', ')}` };
        }, seenError),
      );
    const importImage = async (archive: string) => {
      const [program, ...args] = [...node.machine.enter, ...CTR, 'images', 'import', '--all-platforms', archive];
      await outputOf(program, args);
    };
    const shell = join(folder, 'shell.tar');
    await writeFile(shell, await renderShellImage([PAUSE_IMAGE, ...SHELL_IMAGES]));
    await importImage(shell);
    await rm(shell);
    await nodeReady(0);
    const jwks = join(folder, 'jwks.json');
    await writeFile(jwks, await kubectl('get', '--raw=/openid/v1/jwks'));
    await eventually('default service account', () =>
      client
        .get(RESOURCES.serviceaccounts, { namespace: 'default', name: 'default' })
        .then((found) => ({ found }), seenError),
    );

    const stopKubelet = () => node.services.kubelet.kill();
    const startKubeletAgain = async () => {
      const sinceMs = secondsNow();
      node.services.kubelet = startKubelet(node.machine, nodeOptions);
      await nodeReady(sinceMs);
      await podsKnown();
    };
    const powerOff = async () => {
      await node.machine.powerOff();
      await machine.script(FORGET_NODE, machine.cgroup);
    };
    const powerOn = async () => {
      const sinceMs = secondsNow();
      node = await bootNode(machine, nodeOptions);
      await nodeReady(sinceMs);
    };
    log(`Kubernetes ${version} is there`);
    return {
      version,
      nodeName,
      nodeAddress: ADDRESSES.node,
      kubeletRootDir,
      kubeconfig,
      insideKubeconfig: credentials.kubeconfigs.admin,
      client,
      issuer,
      jwks,
      enter: machine.enterNetwork,
      get enterNode() {
        return node.machine.enter;
      },
      get nodePid() {
        return node.machine.pid;
      },
      logs,
      cgroup: machine.cgroup,
      kubectl,
      importImage,
      stopKubelet,
      startKubelet: startKubeletAgain,
      async restartKubelet() {
        await stopKubelet();
        await startKubeletAgain();
      },
      async restartContainerd() {
        await node.services.containerd.kill();
        node.services.containerd = await startContainerd(node.machine, nodeOptions);
      },
      powerOff,
      powerOn,
      async reboot() {
        await powerOff();
        await powerOn();
      },
      stopApiServer: () => apiServer.kill(),
      async startApiServer() {
        apiServer = startApiServer(controlPlane);
        await apiServerReady();
      },
      [Symbol.asyncDispose]: () => stack[Symbol.asyncDispose](),
    };
  } catch (error) {
    await stack[Symbol.asyncDispose]();
    throw error;
  }
}

/** What a node that is switched off has no more, and what is not in its namespaces. $1: its control group. */
const FORGET_NODE = `
find /sys/fs/cgroup -depth -type d -path "/sys/fs/cgroup*/$1/*" -exec rmdir {} +
if ip link show cni0 > /dev/null 2>&1; then ip link delete cni0; fi
for table in filter nat mangle; do iptables --table $table --flush; iptables --table $table --delete-chain; done
`;

function builtPrograms(version: KubernetesVersion): string {
  const found = findPrograms(version);
  if ('missing' in found) throw new Error(found.missing);
  return found.folder;
}

/** $1: the node's address with its prefix. Both ends of the pair are here: it stands in for a card with a cable. */
const NETWORK = `
ip link set lo up
ip link add eth0 type veth peer name cable
ip address add "$1" dev eth0
ip link set eth0 up
ip link set cable up
ip route add default dev eth0
`;

/** The names that manifests may have for an image with shells and the usual programs. A tag that is not `latest` is not pulled. */
const SHELL_IMAGES = [
  'docker.io/library/busybox:1.36',
  'docker.io/library/ubuntu:20.04',
  'docker.io/library/debian:12',
];

/** containerd keeps the images of Kubernetes in a namespace of that name. */
const CTR = ['ctr', '--address=/run/containerd/containerd.sock', '--namespace=k8s.io'];

/** Kubelet says `null` where it knows none. */
const uidsOf = (list: string) =>
  ((JSON.parse(list) as { readonly items: readonly Pod[] | null }).items ?? []).map(
    ({ metadata }) => metadata?.uid ?? '',
  );

const seenError = (error: unknown) => ({ seen: String(error) });

/** Kubernetes tells times in whole seconds. */
const secondsNow = () => Math.floor(systemClock.now() / 1000) * 1000;
