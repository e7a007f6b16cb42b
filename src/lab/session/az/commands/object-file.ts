import { readFile, stat, writeFile } from 'node:fs/promises';
import { AzError } from '../errors.ts';

/** Writes a file that holds a secret: the real az leaves the mode to the umask, while this one is for its owner alone. */
export async function writeOwnFile(file: string, bytes: string | Buffer): Promise<void> {
  await write(file, bytes, 0o600);
}

/** Writes a file that anybody may read. */
export async function writePublicFile(file: string, bytes: string | Buffer): Promise<void> {
  await write(file, bytes, 0o666);
}

/** Throws what az says before it would replace a file or a directory. */
export async function checkNothingThere(file: string): Promise<void> {
  const found = await stat(file).catch(() => undefined);
  if (found !== undefined) throw new AzError('error', `File or directory named '${file}' already exists.`);
}

/** Reads a file that a command line names. Throws az's own error where there is none. */
export async function readNamedFile(file: string): Promise<Buffer> {
  return readFile(file).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw new AzError('error', `cannot read ${file}: ${error.message}`, { cause: error });
    throw new AzError('error', `[Errno 2] No such file or directory: '${file}'`, { cause: error });
  });
}

async function write(file: string, bytes: string | Buffer, mode: number): Promise<void> {
  await writeFile(file, bytes, { mode }).catch((error: unknown) => {
    throw new AzError('error', `cannot write ${file}: ${(error as Error).message}`, { cause: error });
  });
}
