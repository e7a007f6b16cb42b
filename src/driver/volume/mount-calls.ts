import { constants } from 'node:fs';
import { statfs } from 'node:fs/promises';
import { getSystemErrorName } from 'node:util';
import { KeyferryError } from '#base';
import { NO_FOLDER, type MountFailure, type MountWay } from './mount-way.ts';
import { ifPresent } from './volume-files.ts';

// include/uapi/linux/mount.h
const MS_NOSUID = 2;
const MS_NODEV = 4;
const MS_NOEXEC = 8;
const MNT_DETACH = 2;
const UMOUNT_NOFOLLOW = 8;
// include/uapi/linux/magic.h
const TMPFS_MAGIC = 0x01021994;
// statx(2): include/uapi/linux/fcntl.h and stat.h
const AT_FDCWD = -100;
const AT_SYMLINK_NOFOLLOW = 0x100;
const AT_NO_AUTOMOUNT = 0x800;
const AT_STATX_DONT_SYNC = 0x4000;
const STATX_TYPE = 1;
const STATX_ATTR_MOUNT_ROOT = 0x2000;
/** The size of `struct statx` and where its fields lie, on every architecture; of the attributes the low half. */
const STATX_BYTES = 256;
const AT_ATTRIBUTES = 8;
const AT_MODE = 28;
const AT_ATTRIBUTES_MASK = 56;

/**
 * The kernel's calls, with no program in between, by koffi, a foreign function interface (docs/adr/0004): loading it takes
 * about 10 ms and 3 MiB. Throws where koffi has no binary for this platform, where the C library lacks a function, and where
 * the kernel does not tell the root of a mount (before Linux 5.8).
 */
export async function loadMountCalls(): Promise<MountWay> {
  const { default: koffi } = await import('koffi');
  const library = koffi.load(null);
  const mount = library.func(
    'int mount(const char *source, const char *target, const char *type, unsigned long flags, const char *data)',
  );
  const unmount = library.func('int umount2(const char *target, int flags)');
  const statx = library.func('int statx(int folder, const char *path, int flags, unsigned int mask, void *answer)');

  /** On a thread of the pool: the kernel has one lock for all mounts, and the event loop must not wait for it. */
  const call = (work: typeof mount, ...args: readonly unknown[]): Promise<MountFailure | undefined> =>
    new Promise((resolve, reject) => {
      work.async(...args, (error: unknown, result: number) => {
        if (error instanceof Error) return reject(error);
        if (result === 0) return resolve(undefined);
        const code = getSystemErrorName(-koffi.errno());
        resolve({ code, text: code });
      });
    });

  // On the event loop: two microseconds, without that lock and without a question to a network file system's server.
  const answer = Buffer.alloc(STATX_BYTES);
  const look = (path: string): { readonly isFolder: boolean; readonly isMountRoot: boolean } | undefined => {
    const flags = AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT | AT_STATX_DONT_SYNC;
    if (statx(AT_FDCWD, path, flags, STATX_TYPE, answer) !== 0) return undefined;
    return {
      isFolder: (answer.readUInt16LE(AT_MODE) & constants.S_IFMT) === constants.S_IFDIR,
      isMountRoot: (answer.readUInt32LE(AT_ATTRIBUTES) & STATX_ATTR_MOUNT_ROOT) !== 0,
    };
  };
  if (look('/') === undefined || (answer.readUInt32LE(AT_ATTRIBUTES_MASK) & STATX_ATTR_MOUNT_ROOT) === 0) {
    throw new KeyferryError('unsupported', 'this kernel does not tell whether a folder is the root of a mount');
  }

  return {
    async find(target) {
      if (look(target)?.isMountRoot !== true) return undefined;
      const found = await ifPresent(statfs(target));
      if (found === undefined) return undefined;
      return { fsType: found.type === TMPFS_MAGIC ? 'tmpfs' : `0x${found.type.toString(16)}` };
    },
    async mountTmpfs(target, options) {
      if (look(target)?.isFolder !== true) return NO_FOLDER;
      return call(mount, 'tmpfs', target, 'tmpfs', MS_NOSUID | MS_NODEV | MS_NOEXEC, options.join(','));
    },
    unmount: (target, { detach }) => call(unmount, target, UMOUNT_NOFOLLOW | (detach ? MNT_DETACH : 0)),
  };
}
