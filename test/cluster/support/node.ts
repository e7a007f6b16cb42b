import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { eventually } from '../../support/test-lab.ts';
import { ADDRESSES } from './addresses.ts';
import type { Credentials } from './credentials.ts';
import type { InnerMachine, Machine } from './machine.ts';
import { bridgeConfig, containerdConfig, kubeletConfig } from './node-configs.ts';
import { startService, type Service } from './service.ts';

/** What a node is made of. */
export interface NodeOptions {
  /** The folder of the programs of Kubernetes. */
  readonly programs: string;
  /** The node's disk, its configuration and the logs of its programs. */
  readonly folder: string;
  readonly name: string;
  readonly cgroup: string;
  readonly kubeletRootDir: string;
  readonly credentials: Credentials;
}

/** A node that is on. */
export interface RunningNode {
  readonly machine: InnerMachine;
  /** By name; the one that was started last. */
  readonly services: { containerd: Service; readonly proxy: Service; kubelet: Service };
}

/** Writes what the node's programs read. */
export async function prepareNode({ folder, credentials, cgroup }: NodeOptions): Promise<void> {
  const { disk, cni } = places(folder);
  for (const path of [cni, join(disk, 'containerd'), join(disk, 'var'), join(disk, 'work'), join(disk, 'kubelet')]) {
    await mkdir(path, { recursive: true });
  }
  await writeFile(join(folder, 'resolv.conf'), 'options ndots:1\n');
  await writeFile(join(cni, 'pods.conflist'), bridgeConfig());
  await writeFile(join(folder, 'containerd.toml'), containerdConfig({ root: join(disk, 'containerd'), cni }));
  await writeFile(
    join(folder, 'kubelet.yaml'),
    kubeletConfig({ credentials, cgroup, resolvConf: join(folder, 'resolv.conf') }),
  );
}

/**
 * Switches the node on: a machine of its own in the cluster's network, whose /var and kubelet folder are on the node's disk
 * and whose /run is new, as after a boot; then containerd, kubelet and kube-proxy in it.
 */
export async function bootNode(cluster: Machine, options: NodeOptions): Promise<RunningNode> {
  const { folder, kubeletRootDir, programs, credentials } = options;
  const machine = await cluster.startInner();
  await machine.script(BOOT, places(folder).disk, kubeletRootDir, options.cgroup);
  const containerd = await startContainerd(machine, options);
  const proxy = startService(
    machine,
    'kube-proxy',
    [
      join(programs, 'kube-proxy'),
      `--kubeconfig=${credentials.kubeconfigs.proxy}`,
      `--hostname-override=${options.name}`,
      `--cluster-cidr=${ADDRESSES.pods}`,
      '--proxy-mode=iptables',
      // These would be set for the whole machine.
      '--conntrack-max-per-core=0',
      '--conntrack-tcp-timeout-established=0s',
      '--conntrack-tcp-timeout-close-wait=0s',
    ],
    { folder: join(folder, 'logs') },
  );
  return { machine, services: { containerd, proxy, kubelet: startKubelet(machine, options) } };
}

/** Starts containerd; done when it answers. */
export async function startContainerd(machine: Machine, { folder }: NodeOptions): Promise<Service> {
  const containerd = startService(
    machine,
    'containerd',
    ['containerd', `--config=${join(folder, 'containerd.toml')}`],
    {
      folder: join(folder, 'logs'),
    },
  );
  await eventually('containerd ready', () => {
    containerd.check();
    return machine.script('ctr --address=/run/containerd/containerd.sock version').then(
      (found) => ({ found }),
      (error: unknown) => ({ seen: String(error) }),
    );
  });
  return containerd;
}

/** Starts the kubelet. */
export function startKubelet(machine: Machine, options: NodeOptions): Service {
  const { folder, kubeletRootDir, programs, credentials, name } = options;
  return startService(
    machine,
    'kubelet',
    [
      join(programs, 'kubelet'),
      `--config=${join(folder, 'kubelet.yaml')}`,
      `--kubeconfig=${credentials.kubeconfigs.node}`,
      `--root-dir=${kubeletRootDir}`,
      `--hostname-override=${name}`,
      `--node-ip=${ADDRESSES.node}`,
    ],
    { folder: join(folder, 'logs') },
  );
}

const places = (folder: string) => ({ disk: join(folder, 'disk'), cni: join(folder, 'cni') });

/** $1: the node's disk, $2: the kubelet's folder, $3: the control group. */
const BOOT = `
mount --make-rprivate /
mount -t tmpfs -o mode=755 tmpfs /run
mkdir /run/lock
mount -t overlay -o "lowerdir=/var,upperdir=$1/var,workdir=$1/work" var /var
mkdir -p "$2"
mount --bind "$1/kubelet" "$2"
mount --make-rshared "$2"
if [ -e /sys/fs/cgroup/cgroup.controllers ]; then
  for controller in $(cat /sys/fs/cgroup/cgroup.controllers); do
    echo "+$controller" > /sys/fs/cgroup/cgroup.subtree_control
  done
  mkdir -p "/sys/fs/cgroup/$3"
else
  for hierarchy in /sys/fs/cgroup/*; do
    mkdir -p "$hierarchy/$3"
    if [ -e "$hierarchy/cpuset.cpus" ]; then
      cat "$hierarchy/cpuset.cpus" > "$hierarchy/$3/cpuset.cpus"
      cat "$hierarchy/cpuset.mems" > "$hierarchy/$3/cpuset.mems"
    fi
  done
fi
echo 1 > /proc/sys/net/ipv4/ip_forward
`;
