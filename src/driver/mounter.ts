import { execFile } from 'node:child_process';
import { readFile, realpath, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { KeyferryError, type Clock, type Log } from '#base';
import { parseMountinfo, type MountEntry } from './mountinfo.ts';
import { ifPresent } from './volume-files.ts';

/** Mounts volumes. The mount table is the only truth about what is mounted: never the times of files. */
export interface Mounter {
  /** The file system that is mounted at `target` itself, the topmost where several are stacked; none that cannot be reached. */
  find(target: string): Promise<MountEntry | undefined>;
  /** Mounts an empty tmpfs on the existing folder `target`. */
  mountTmpfs(target: string, options: { readonly sizeBytes: number }): Promise<void>;
  /** Takes away whatever is mounted at `target`; nothing mounted is no error. */
  unmount(target: string): Promise<void>;
}

/** What {@link createMounter} needs. */
export interface MounterOptions {
  readonly clock: Clock;
  readonly log: Log;
}

// Files hold secrets, never programs or devices. 0755: readers need not be root, writers do.
const TMPFS_OPTIONS = ['nosuid', 'nodev', 'noexec', 'mode=0755'];
const COMMAND_TIMEOUT_MS = 30_000;
const BUSY_TRIES = 5;
const BUSY_PAUSE_MS = 100;
const MAX_STACKED = 16;

/** The real {@link Mounter}: the `mount` and `umount` programs, as Kubernetes itself does it, and /proc/self/mountinfo. */
export function createMounter({ clock, log }: MounterOptions): Mounter {
  // `noswap` came with Linux 6.4 and is refused in a user namespace; found out at the first mount.
  let noswap = true;

  const find = async (target: string): Promise<MountEntry | undefined> => {
    const path = await resolveTarget(target);
    const table = parseMountinfo(await readFile('/proc/self/mountinfo', 'utf8'));
    const entry = table.findLast(({ mountPoint }) => mountPoint === path);
    return entry !== undefined && (await isReached(entry)) ? entry : undefined;
  };

  const unmountOnce = async (target: string): Promise<void> => {
    for (let tries = 1; ; tries += 1) {
      const failure = await run('umount', [target]);
      if (failure === undefined || (await find(target)) === undefined) return;
      if (tries >= BUSY_TRIES || !/busy/.test(failure)) {
        throw new KeyferryError('internal', `cannot unmount ${target}: ${failure}`);
      }
      await clock.sleep(BUSY_PAUSE_MS);
    }
  };

  return {
    find,
    async mountTmpfs(target, { sizeBytes }) {
      const options = [...TMPFS_OPTIONS, `size=${sizeBytes}`];
      const mount = (all: readonly string[]) => run('mount', ['-t', 'tmpfs', '-o', all.join(','), 'tmpfs', target]);
      let failure = await mount(noswap ? [...options, 'noswap'] : options);
      if (failure !== undefined && noswap) {
        failure = await mount(options);
        if (failure === undefined) {
          noswap = false;
          log.info('Volumes are mounted without noswap, which this kernel does not offer here');
        }
      }
      if (failure !== undefined) throw new KeyferryError('internal', `cannot mount a tmpfs on ${target}: ${failure}`);
    },
    async unmount(target) {
      for (let count = 0; count < MAX_STACKED && (await find(target)) !== undefined; count += 1) {
        await unmountOnce(target);
      }
    },
  };
}

/** The path as the mount table has it: kubelet's folder may be reached over symbolic links. */
async function resolveTarget(target: string): Promise<string> {
  try {
    return join(await realpath(dirname(target)), basename(target));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return target; // no folder: nothing can be mounted there
    throw error;
  }
}

/**
 * Whether the path leads to this mount. The table also has mounts that nobody reaches, because one of their upper folders
 * has been mounted over since: what is written to such a path lands on whatever is there now, maybe a disk.
 * Only a tmpfs, what this driver mounts, is looked at: other file systems may have one device number in the table and
 * another in stat (btrfs), or not answer at all.
 */
async function isReached({ mountPoint, fsType, device }: MountEntry): Promise<boolean> {
  if (fsType !== 'tmpfs') return true;
  const found = await ifPresent(stat(mountPoint, { bigint: true }));
  return found !== undefined && renderDevice(found.dev) === device;
}

/** A device number as mountinfo has it: the layout of makedev(3) in user space. */
function renderDevice(dev: bigint): string {
  const major = ((dev >> 8n) & 0xfffn) | ((dev >> 32n) & 0xfffff000n);
  const minor = (dev & 0xffn) | ((dev >> 12n) & 0xffffff00n);
  return `${major}:${minor}`;
}

/** Runs a program; answers undefined when it succeeds and else what it said. */
function run(program: string, args: readonly string[]): Promise<string | undefined> {
  return new Promise((resolve) => {
    execFile(
      program,
      args,
      { timeout: COMMAND_TIMEOUT_MS, env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C' } },
      (error, _stdout, stderr) => resolve(error === null ? undefined : stderr.trim() || error.message),
    );
  });
}
