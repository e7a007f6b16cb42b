import { mkdir, writeFile } from 'node:fs/promises';
import { posix } from 'node:path';
import type { Pod } from '#kube';
import type { ContainerMount } from '../runtime/index.ts';

/** What a pod's files tell of its node. */
export interface NodeNames {
  readonly nodeName: string;
  readonly nodeIp: string;
  /** The machine's own /etc/resolv.conf and /etc/hosts. */
  readonly resolvConf: string;
  readonly hosts: string;
}

/** The name that the pod's containers have; a pod on the host's network has the node's. */
export function podHostname(pod: Pod, nodeName: string): string {
  if (pod.spec?.hostNetwork === true) return nodeName;
  return (pod.spec?.hostname ?? pod.metadata?.name ?? 'pod').slice(0, 63).replace(/[-.]+$/, '');
}

/** A pod's /etc/hosts (kubelet_pods.go, ensureHostsFile). */
export function renderHosts(pod: Pod, node: NodeNames): string {
  const hostname = podHostname(pod, node.nodeName);
  const { subdomain, hostAliases = [], hostNetwork } = pod.spec ?? {};
  const aliases = hostAliases.map(({ ip, hostnames = [] }) => `${ip}\t${hostnames.join('\t')}\n`);
  const more = aliases.length === 0 ? [] : ['\n# Entries added by HostAliases.\n', ...aliases];
  if (hostNetwork === true) return ['# Kubernetes-managed hosts file (host network).\n', node.hosts, ...more].join('');
  const full =
    subdomain === undefined || subdomain === ''
      ? ''
      : `${hostname}.${subdomain}.${pod.metadata?.namespace ?? 'default'}.svc.cluster.local\t`;
  return [
    '# Kubernetes-managed hosts file.\n127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\n',
    'fe00::0\tip6-localnet\nfe00::0\tip6-mcastprefix\nfe00::1\tip6-allnodes\nfe00::2\tip6-allrouters\n',
    `${node.nodeIp}\t${full}${hostname}\n`,
    ...more,
  ].join('');
}

/** A pod's /etc/resolv.conf: the machine's, unless `dnsPolicy` is None, with what its `dnsConfig` adds. */
export function renderResolvConf(pod: Pod, machine: string): string {
  const { dnsConfig, dnsPolicy } = pod.spec ?? {};
  if (dnsConfig === undefined) return machine;
  const base = dnsPolicy === 'None' ? [] : machine.split('\n');
  const words = (keyword: string) =>
    base.flatMap((line) => {
      const [name, ...values] = line.trim().split(/\s+/);
      return name === keyword ? values : [];
    });
  const options = new Map(words('options').map((text) => [text.split(':')[0] ?? '', text]));
  for (const { name = '', value } of dnsConfig.options ?? []) {
    options.set(name, value === undefined ? name : `${name}:${value}`);
  }
  const searches = [...new Set([...words('search'), ...(dnsConfig.searches ?? [])])];
  const servers = [...new Set([...words('nameserver'), ...(dnsConfig.nameservers ?? [])])];
  return [
    ...(searches.length === 0 ? [] : [`search ${searches.join(' ')}`]),
    ...servers.map((server) => `nameserver ${server}`),
    ...(options.size === 0 ? [] : [`options ${[...options.values()].join(' ')}`]),
    '',
  ].join('\n');
}

/** Writes a pod's own /etc/hosts, /etc/hostname and /etc/resolv.conf and answers how containers see them. */
export async function writePodFiles(podDir: string, pod: Pod, node: NodeNames): Promise<ContainerMount[]> {
  const folder = posix.join(podDir, 'etc');
  await mkdir(folder, { recursive: true, mode: 0o755 });
  const files = {
    hosts: renderHosts(pod, node),
    hostname: `${podHostname(pod, node.nodeName)}\n`,
    'resolv.conf': renderResolvConf(pod, node.resolvConf),
  };
  return Promise.all(
    Object.entries(files).map(async ([name, content]) => {
      await writeFile(posix.join(folder, name), content, { mode: 0o644 });
      return { hostPath: posix.join(folder, name), containerPath: `/etc/${name}`, readOnly: false };
    }),
  );
}
