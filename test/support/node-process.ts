import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { RESOURCES, type KubeClient, type Pod } from '#kube';

/** The process id of a lab's `keyferry node`, as this machine numbers it; undefined while none runs. `isWanted` looks at each. */
export function nodeProcessOf(
  stateFolder: string,
  isWanted: (pid: number) => boolean = () => true,
): number | undefined {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .find((pid) => {
      const [, executable = '', command] = readProcessFile(pid, 'cmdline').split('\0');
      if (!executable.endsWith('/bin/keyferry') || command !== 'node') return false;
      return isBelowLab(pid, stateFolder) && isWanted(pid);
    });
}

/** A file of `/proc/<pid>`; empty when the process is gone. */
export function readProcessFile(
  pid: number,
  file: 'cmdline' | 'environ' | 'limits' | 'mountinfo' | 'stat' | 'status',
): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8');
  } catch {
    return '';
  }
}

/** The pod of a `keyferry node`: the container's host name. */
export function driverPodOf(pid: number): string {
  return /(?:^|\0)HOSTNAME=([^\0]*)/.exec(readProcessFile(pid, 'environ'))?.[1] ?? '';
}

/**
 * Kills a `keyferry node` as the kernel's out-of-memory killer does. Kubelet starts its container again at once the first time,
 * and after ten seconds the second: then the pod goes as well, and its DaemonSet makes another.
 */
export async function killNodeProcess(client: KubeClient, pid: number): Promise<void> {
  const name = driverPodOf(pid);
  const pod = await client.get<Pod>(RESOURCES.pods, { namespace: 'kube-system', name });
  process.kill(pid, 'SIGKILL');
  if (pod.status?.containerStatuses?.[0]?.restartCount === 0) return;
  await client.delete(RESOURCES.pods, { namespace: 'kube-system', name }, { gracePeriodSeconds: 0 });
}

/** What the drivers that a lab's clusters have now have logged, one line after the other. `clusters`: the folder of the state folder. */
export function nodeLogOf(clusters: string): string {
  const below = (folder: string) => (unlessGone(() => readdirSync(folder)) ?? []).map((name) => join(folder, name));
  return readdirSync(clusters)
    .flatMap((cluster) => below(join(clusters, cluster, 'pods')))
    .flatMap((pod) => below(join(pod, 'secrets-store')))
    .flatMap(
      (path) => unlessGone(() => ({ text: readFileSync(path, 'utf8'), changedAtMs: statSync(path).mtimeMs })) ?? [],
    )
    .toSorted((a, b) => a.changedAtMs - b.changedAtMs)
    .map(({ text }) => text.replaceAll(/^(\S+ \S+) P (.*)\n\S+ \S+ F /gm, '$1 F $2').replaceAll(/^\S+ \S+ F /gm, ''))
    .join('');
}

/** What `read` answers; undefined when the file goes meanwhile, as a pod's logs do with it. */
function unlessGone<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

function isBelowLab(pid: number, stateFolder: string): boolean {
  // The lab's process starts a container's first one by way of unshare(1).
  for (let one: number | undefined = pid, hops = 0; one !== undefined && one > 1 && hops < 5; hops += 1) {
    if (readProcessFile(one, 'cmdline').split('\0').includes(`--state=${stateFolder}`)) return true;
    const parent: string | undefined = /^PPid:\s*(\d+)/m.exec(readProcessFile(one, 'status'))?.[1];
    one = parent === undefined ? undefined : Number(parent);
  }
  return false;
}
