import { execFile } from 'node:child_process';
import { mkdir, rm } from 'node:fs/promises';
import { promisify } from 'node:util';
import { readMounts } from '../runtime/index.ts';

const run = promisify(execFile);

/** What the kubelet mounts for itself. Paths are absolute and clean. */
export interface VolumeMounter {
  /** Mounts a tmpfs on a folder, which is created; without effect when one is there. */
  mountTmpfs(folder: string, options: string): Promise<void>;
  isMounted(folder: string): boolean;
  /** Unmounts everything at and below a folder, then removes it with its content. */
  removeTree(folder: string): Promise<void>;
}

/** Mounts with mount(8), in this process's mount namespace. */
export function createVolumeMounter(): VolumeMounter {
  const isMounted = (folder: string) => readMounts().some(({ mountPoint }) => mountPoint === folder);
  return {
    isMounted,
    mountTmpfs: async (folder, options) => {
      await mkdir(folder, { recursive: true, mode: 0o755 });
      if (!isMounted(folder)) await run('mount', ['-t', 'tmpfs', '-o', options, 'tmpfs', folder]);
    },
    removeTree: async (folder) => {
      const below = readMounts().filter(({ mountPoint }) => `${mountPoint}/`.startsWith(`${folder}/`));
      for (const { mountPoint } of below.reverse()) await run('umount', ['-l', mountPoint]);
      await rm(folder, { recursive: true, force: true });
    },
  };
}
