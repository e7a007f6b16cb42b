import { execFile } from 'node:child_process';
import { mkdir, rm, stat } from 'node:fs/promises';
import { promisify } from 'node:util';
import { mountOf, readMounts } from '../runtime/index.ts';
import { createSlots } from '../slots.ts';

const execute = promisify(execFile);
/** How many programs run at once. */
const AT_ONCE = 4;

/** What the kubelet mounts for itself. Paths are absolute and clean. */
export interface VolumeMounter {
  /** Mounts a tmpfs on a folder, which is created; without effect when one is there. */
  mountTmpfs(folder: string, options: string): Promise<void>;
  isMounted(folder: string): boolean;
  /** Shows a folder of the machine, with what is mounted below it, at another one, which is created. What is mounted on that shows only there. */
  show(source: string, folder: string, access: 'ro' | 'rw'): Promise<void>;
  /** Hides a file or folder of the machine behind an empty one; without effect when nothing is there. */
  cover(path: string): Promise<void>;
  /** Makes a folder a mount whose later mounts are seen by containers that ask for it, and theirs here. */
  share(folder: string): Promise<void>;
  /** Undoes {@link share}, with everything that is mounted below. */
  unshare(folder: string): Promise<void>;
  /** Unmounts everything at and below a folder, then removes it with its content. */
  removeTree(folder: string): Promise<void>;
}

/** Options that a mount must keep where they came from outside (mount_namespaces(7), "locked"). */
function isLocked(option: string): boolean {
  return /^(?:nosuid|nodev|noexec|noatime|nodiratime|relatime)$/.test(option);
}

/** Mounts with mount(8), in this process's mount namespace. */
export function createVolumeMounter(): VolumeMounter {
  const slots = createSlots(AT_ONCE);
  const run = (program: string, args: readonly string[]) => slots.run(() => execute(program, args));
  const isMounted = (folder: string) => readMounts().some(({ mountPoint }) => mountPoint === folder);
  return {
    isMounted,
    mountTmpfs: async (folder, options) => {
      await mkdir(folder, { recursive: true, mode: 0o755 });
      if (!isMounted(folder)) await run('mount', ['-t', 'tmpfs', '-o', `${options},nodev`, 'tmpfs', folder]);
    },
    show: async (source, folder, access) => {
      await mkdir(folder, { recursive: true, mode: 0o755 });
      if (isMounted(folder)) return;
      const kept = (mountOf(readMounts(), source)?.options ?? []).filter(isLocked);
      await run('mount', [
        '-o',
        ['rbind', access === 'ro' ? 'rprivate' : 'rslave', access, ...kept, 'nodev'].join(','),
        source,
        folder,
      ]);
      if (access === 'rw') return;
      // `ro` was about the topmost mount alone.
      const below = readMounts().filter(({ mountPoint }) => mountPoint.startsWith(`${folder}/`));
      for (const { mountPoint, options } of below) {
        if (options.includes('ro')) continue;
        await run('mount', ['-o', ['remount', 'bind', 'ro', ...options.filter(isLocked)].join(','), mountPoint]);
      }
    },
    cover: async (path) => {
      const found = await stat(path).catch(() => undefined);
      if (found === undefined || isMounted(path)) return;
      if (found.isDirectory()) await run('mount', ['-t', 'tmpfs', '-o', 'ro,mode=0700,size=4k', 'tmpfs', path]);
      else await run('mount', ['--bind', '/dev/null', path]);
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
      const inside = below.map(({ mountPoint }) => mountPoint).reverse();
      if (inside.length > 0) await run('umount', ['-l', ...inside]);
      await rm(folder, { recursive: true, force: true });
    },
  };
}
