import { execFile } from 'node:child_process';
import { mkdir, rm } from 'node:fs/promises';
import { promisify } from 'node:util';
import { mountOf, readMounts } from '../runtime/index.ts';

const run = promisify(execFile);

/** What the kubelet mounts for itself. Paths are absolute and clean. */
export interface VolumeMounter {
  /** Mounts a tmpfs on a folder, which is created; without effect when one is there. */
  mountTmpfs(folder: string, options: string): Promise<void>;
  isMounted(folder: string): boolean;
  /** Shows a folder of the machine, with what is mounted below it, at another one, which is created. What is mounted on that shows only there. */
  show(source: string, folder: string, access: 'ro' | 'rw'): Promise<void>;
  /** Makes a folder a mount whose later mounts are seen by containers that ask for it, and theirs here. */
  share(folder: string): Promise<void>;
  /** Undoes {@link share}, with everything that is mounted below. */
  unshare(folder: string): Promise<void>;
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
    show: async (source, folder, access) => {
      await mkdir(folder, { recursive: true, mode: 0o755 });
      if (isMounted(folder)) return;
      const kept = (mountOf(readMounts(), source)?.options ?? []).filter((option) =>
        /^no(?:suid|dev|exec)$/.test(option),
      );
      await run('mount', [
        '-o',
        ['rbind', 'rslave', access, ...(access === 'ro' ? kept : [])].join(','),
        source,
        folder,
      ]);
    },
    share: async (folder) => {
      if (!isMounted(folder)) await run('mount', ['--bind', folder, folder]);
      await run('mount', ['--make-rshared', folder]);
    },
    unshare: async (folder) => {
      if (isMounted(folder)) await run('umount', ['-l', folder]);
    },
    removeTree: async (folder) => {
      const below = readMounts().filter(({ mountPoint }) => `${mountPoint}/`.startsWith(`${folder}/`));
      for (const { mountPoint } of below.reverse()) await run('umount', ['-l', mountPoint]);
      await rm(folder, { recursive: true, force: true });
    },
  };
}
