import * as nodeFs from 'node:fs/promises';

/** The part of node:fs/promises that touches a volume: handed in, so that a test can stop the writer at any step. */
export type VolumeFileSystem = Pick<
  typeof nodeFs,
  | 'chmod'
  | 'lstat'
  | 'mkdir'
  | 'mkdtemp'
  | 'readdir'
  | 'readFile'
  | 'readlink'
  | 'rename'
  | 'rm'
  | 'rmdir'
  | 'symlink'
  | 'unlink'
  | 'writeFile'
>;

/** The machine's own. */
export const nodeFileSystem: VolumeFileSystem = nodeFs;

/** Answers undefined where there is no such file or folder; other failures are thrown. */
export async function ifPresent<T>(work: Promise<T>): Promise<T | undefined> {
  try {
    return await work;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw error;
  }
}
