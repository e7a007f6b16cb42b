import { constants } from 'node:fs';
import { open, readdir, rmdir, unlink, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { errorText, type Log } from '#base';
import type { Mounter } from './mounter.ts';
import { ifPresent } from './volume-files.ts';

/** What {@link removeTarget} works with. */
export interface RemoveTargetOptions {
  readonly mounter: Pick<Mounter, 'find' | 'unmount'>;
  readonly log: Log;
}

/**
 * Takes away a volume's files, its mount and its folder, whatever of them is there. The files go before the mount: a copy of
 * it in another mount namespace may live on. Whatever lies in the folder below the mount goes too, as upstream 1.6 and others
 * may have left files there; but no link is followed, and what is mounted inside is not emptied.
 */
export async function removeTarget(target: string, { mounter, log }: RemoveTargetOptions): Promise<void> {
  // Another file system than a tmpfs is somebody's disk: it is unmounted as it is.
  if ((await mounter.find(target))?.fsType === 'tmpfs') {
    await emptyFolder(target, mounter).catch((error: unknown) => {
      log.warn('Files of a volume not removed before its unmount', { target, error: errorText(error) });
    });
  }
  await mounter.unmount(target);
  try {
    await rmdir(target);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return;
    // A file or a link in its place, or no folder above it.
    if (code === 'ENOTDIR') return ifPresent(unlink(target));
    if (code !== 'ENOTEMPTY') throw error;
    await emptyFolder(target, mounter);
    await ifPresent(rmdir(target));
  }
}

/**
 * Removes what is in a folder. Each folder is held open while it is emptied, and what is in it is named by way of that: so
 * nobody can put a link in the place of a folder that has been looked at already.
 */
async function emptyFolder(path: string, mounter: Pick<Mounter, 'find'>): Promise<void> {
  const folder = await ifPresent(openFolder(path));
  if (folder === undefined) return;
  try {
    const held = `/proc/self/fd/${folder.fd}`;
    for (const entry of await readdir(held, { withFileTypes: true })) {
      const place = join(held, entry.name);
      if (!entry.isDirectory()) {
        await ifPresent(unlink(place));
      } else if ((await mounter.find(place)) === undefined) {
        await emptyFolder(place, mounter);
        await ifPresent(rmdir(place));
      }
    }
  } finally {
    await folder.close();
  }
}

function openFolder(path: string): Promise<FileHandle> {
  return open(path, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW);
}
