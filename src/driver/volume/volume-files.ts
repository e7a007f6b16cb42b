import * as nodeFs from 'node:fs';
import * as nodeFsPromises from 'node:fs/promises';

/** The part of node:fs/promises that makes and removes the folders of targets, which lie on a disk of the node. */
export type VolumeFileSystem = Pick<typeof nodeFsPromises, 'mkdir' | 'readdir' | 'rmdir'>;

/** The machine's own. */
export const nodeFileSystem: VolumeFileSystem = nodeFsPromises;

/**
 * The part of node:fs that touches what is in a volume: handed in, so that a test can stop the writer at any step. Without
 * promises, because a volume is a tmpfs: each call takes microseconds and waits for no device, where the way over Node's
 * thread pool and back takes ten times as long.
 */
export type VolumeFiles = Pick<
  typeof nodeFs,
  | 'chmodSync'
  | 'chownSync'
  | 'lstatSync'
  | 'mkdirSync'
  | 'mkdtempSync'
  | 'readdirSync'
  | 'readFileSync'
  | 'readlinkSync'
  | 'renameSync'
  | 'rmSync'
  | 'symlinkSync'
  | 'writeFileSync'
>;

/** The machine's own. */
export const nodeVolumeFiles: VolumeFiles = nodeFs;

/** Answers undefined where there is no such file or folder; other failures are thrown. */
export async function ifPresent<T>(work: Promise<T>): Promise<T | undefined> {
  try {
    return await work;
  } catch (error) {
    if (isAbsence(error)) return undefined;
    throw error;
  }
}

/** Whether a failure says that there is no such file or folder. */
export function isAbsence(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException;
  return code === 'ENOENT' || code === 'ENOTDIR';
}
