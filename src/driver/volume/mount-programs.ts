import { execFile } from 'node:child_process';
import { lstat, readFile, realpath, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { NO_FOLDER, type FoundMount, type MountFailure, type MountWay } from './mount-way.ts';
import { parseMountinfo, type MountEntry } from './mountinfo.ts';
import { ifPresent } from './volume-files.ts';

const COMMAND_TIMEOUT_MS = 30_000;

/**
 * The programs `mount` and `umount`, as Kubernetes itself mounts, and /proc/self/mountinfo: for machines where the calls
 * cannot be made (mount-calls.ts). Each mount costs a start of a program, and each look the reading of the whole table.
 */
export const mountPrograms: MountWay = {
  async find(target): Promise<FoundMount | undefined> {
    const path = await resolveTarget(target);
    const table = parseMountinfo(await readFile('/proc/self/mountinfo', 'utf8'));
    const entry = table.findLast(({ mountPoint }) => mountPoint === path);
    return entry !== undefined && (await isReached(entry)) ? entry : undefined;
  },
  async mountTmpfs(target, options) {
    if ((await ifPresent(lstat(target)))?.isDirectory() !== true) return NO_FOLDER;
    return run('mount', ['-t', 'tmpfs', '-o', ['nosuid', 'nodev', 'noexec', ...options].join(','), 'tmpfs', target]);
  },
  unmount: (target, { detach }) => run('umount', [...(detach ? ['--lazy'] : []), target]),
};

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

/** What the programs of util-linux and busybox say, and the error of the kernel behind it. */
const SAID = [
  [/permission denied|not permitted|superuser/i, 'EPERM'],
  [/busy/i, 'EBUSY'],
  [/no space left/i, 'ENOSPC'],
] as const satisfies readonly (readonly [RegExp, string])[];

/** Runs a program; answers undefined when it succeeds. */
function run(program: string, args: readonly string[]): Promise<MountFailure | undefined> {
  return new Promise((resolve) => {
    execFile(
      program,
      args,
      { timeout: COMMAND_TIMEOUT_MS, env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C' } },
      (error, _stdout, stderr) => {
        if (error === null) return resolve(undefined);
        const text = stderr.trim() || error.message;
        resolve({ code: SAID.find(([said]) => said.test(text))?.[1], text });
      },
    );
  });
}
