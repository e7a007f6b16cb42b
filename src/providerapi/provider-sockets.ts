import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';

/** The socket of a provider. */
export interface ProviderSocket {
  readonly path: string;
  /** Which file it is: a provider that restarts makes a new one. */
  readonly identity: string;
}

const SUFFIX = '.sock';

/** The socket of a provider in the first folder that has it; undefined where none has. */
export async function findProviderSocket(
  folders: readonly string[],
  name: string,
): Promise<ProviderSocket | undefined> {
  for (const folder of folders) {
    const path = join(folder, `${name}${SUFFIX}`);
    try {
      const { dev, ino, birthtimeMs } = await stat(path);
      return { path, identity: `${path}:${dev}:${ino}:${birthtimeMs}` };
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code !== 'ENOENT' && code !== 'ENOTDIR') throw error;
    }
  }
  return undefined;
}

/** The names of all providers with a socket in one of the folders. */
export async function listProviderSockets(folders: readonly string[]): Promise<readonly string[]> {
  const files = await Promise.all(folders.map((folder) => readdir(folder).catch(() => [])));
  const sockets = files.flat().filter((file) => file.endsWith(SUFFIX));
  return [...new Set(sockets.map((file) => file.slice(0, -SUFFIX.length)))];
}
