import { errorText, KeyferryError, type Log } from '#base';
import { loadMountCalls } from './mount-calls.ts';
import { mountPrograms } from './mount-programs.ts';
import type { FoundMount, MountFailure, MountWay } from './mount-way.ts';

/** How a volume's tmpfs is mounted. */
export interface TmpfsOptions {
  readonly sizeBytes: number;
  /** The group that owns the volume's own folder; undefined: that of the process. */
  readonly groupId?: number | undefined;
}

/** Mounts volumes. What is mounted is the only truth about what is mounted: never the times of files. */
export interface Mounter {
  /** The file system that is mounted at `target` itself, the topmost where several are stacked; none that cannot be reached. */
  find(target: string): Promise<FoundMount | undefined>;
  /** Mounts an empty tmpfs on the existing folder `target`. */
  mountTmpfs(target: string, options: TmpfsOptions): Promise<void>;
  /**
   * Takes away whatever is mounted at `target`; nothing mounted is no error. A tmpfs that is still in use, for example by an
   * open file of a container that is ending, leaves the target at once and ends with its last user.
   */
  unmount(target: string): Promise<void>;
}

const MAX_STACKED = 16;

/** What a person can do about a failure, by errno. */
const HINTS: Readonly<Record<string, string>> = {
  EPERM:
    'Mounting needs CAP_SYS_ADMIN: run the container of the node driver privileged, with no AppArmor or seccomp profile that forbids mount.',
  EACCES: 'An AppArmor or SELinux rule of the node forbids the mount: run the container of the node driver privileged.',
  ENOSPC: 'The node has as many mounts as sysctl fs.mount-max allows: raise it, or look for what mounts without end.',
  ENOMEM: 'The node has no memory left for another file system.',
  EBUSY: 'Something on the node uses the volume: fuser -vm TARGET names it.',
};

/** What {@link createMounter} needs. */
export interface MounterOptions {
  readonly log: Log;
  /** Default: {@link findMountWay}. */
  readonly way?: Promise<MountWay>;
}

/** The real {@link Mounter}. */
export function createMounter({ log, way: given = findMountWay(log) }: MounterOptions): Mounter {
  // `noswap` came with Linux 6.4 and is refused in a user namespace; found out at the first mount.
  let noswap = true;
  return {
    find: async (target) => (await given).find(target),
    async mountTmpfs(target, { sizeBytes, groupId }) {
      const way = await given;
      // 0755: readers need not be root, writers do.
      const options = ['mode=0755', `size=${sizeBytes}`, ...(groupId === undefined ? [] : [`gid=${groupId}`])];
      // Volumes are mounted side by side: what the others find out meanwhile says nothing about this try.
      const triedNoswap = noswap;
      let failure = await way.mountTmpfs(target, triedNoswap ? [...options, 'noswap'] : options);
      if (failure !== undefined && triedNoswap) {
        failure = await way.mountTmpfs(target, options);
        if (failure === undefined && noswap) {
          noswap = false;
          log.info('Volumes are mounted without noswap, which this kernel does not offer here');
        }
      }
      if (failure !== undefined) throw mountError(`cannot mount a tmpfs on ${target}`, failure);
    },
    async unmount(target) {
      const way = await given;
      for (let count = 0; count < MAX_STACKED; count += 1) {
        const found = await way.find(target);
        if (found === undefined) return;
        let failure = await way.unmount(target, { detach: false });
        // Detaching a disk would leave writes behind that nobody waits for; a tmpfs has nothing to lose.
        if (failure?.code === 'EBUSY' && found.fsType === 'tmpfs') {
          log.info('Volume is still in use and is detached; it ends with its last user', { target });
          failure = await way.unmount(target, { detach: true });
        }
        if (failure !== undefined && (await way.find(target)) !== undefined) {
          throw mountError(`cannot unmount ${target}`, failure);
        }
      }
    },
  };
}

/** The kernel's calls where they can be made, else the programs `mount` and `umount`, of which the log tells. */
async function findMountWay(log: Log): Promise<MountWay> {
  try {
    return await loadMountCalls();
  } catch (error) {
    log.warn('Volumes are mounted by the mount program, which takes some milliseconds each', { why: errorText(error) });
    return mountPrograms;
  }
}

function mountError(what: string, { code, text }: MountFailure): KeyferryError {
  const hint = code === undefined ? undefined : HINTS[code];
  return new KeyferryError('internal', `${what}: ${text}`, hint === undefined ? {} : { hint });
}
