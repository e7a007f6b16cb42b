import { existsSync } from 'node:fs';
import { outputOf } from '../../clients/install/programs.ts';

/** Why this machine cannot run a cluster, whatever is installed; nothing when it can. */
export async function whyNoCluster(): Promise<string | undefined> {
  if (process.platform !== 'linux') return 'not Linux';
  if (process.getuid?.() !== 0) return 'not root: containers, mounts and a network of their own need it';
  const tried = 'unshare --net --mount --pid --fork mount -t tmpfs tmpfs /mnt';
  try {
    await outputOf('sh', ['-c', `exec ${tried}`]);
  } catch (error) {
    return `namespaces cannot be had: ${error instanceof Error ? error.message : String(error)}`;
  }
  const hierarchies = ['/sys/fs/cgroup/cgroup.controllers', '/sys/fs/cgroup/memory/cgroup.procs'];
  if (!hierarchies.some((path) => existsSync(path))) return 'no control groups at /sys/fs/cgroup';
  try {
    const group = existsSync(hierarchies[0] as string) ? '/sys/fs/cgroup' : '/sys/fs/cgroup/memory';
    await outputOf('sh', ['-c', `mkdir ${group}/keyferry-trial-$$ && rmdir ${group}/keyferry-trial-$$`]);
  } catch (error) {
    return `control groups cannot be made: ${error instanceof Error ? error.message : String(error)}`;
  }
  return undefined;
}
