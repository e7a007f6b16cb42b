import type { Stats } from 'node:fs';
import { mkdir, stat, writeFile } from 'node:fs/promises';
import type { NodePlace } from './node-root.ts';
import { VolumeError } from './volume-files.ts';

const CHECKS: Readonly<Record<string, readonly [is: (found: Stats) => boolean, name: string]>> = {
  Directory: [(found) => found.isDirectory(), 'a directory'],
  DirectoryOrCreate: [(found) => found.isDirectory(), 'a directory'],
  File: [(found) => found.isFile(), 'a file'],
  FileOrCreate: [(found) => found.isFile(), 'a file'],
  Socket: [(found) => found.isSocket(), 'a socket file'],
  CharDevice: [(found) => found.isCharacterDevice(), 'a character device'],
  BlockDevice: [(found) => found.isBlockDevice(), 'a block device'],
};

/**
 * Makes what a hostPath volume is to have made, and checks its type (pkg/volume/hostpath). Without a type a folder is made,
 * as container engines do. Throws {@link VolumeError} with kubelet's text.
 */
export async function prepareHostPath({ nodePath, machinePath, readOnly }: NodePlace, type: string): Promise<void> {
  const found = await stat(machinePath).catch(() => undefined);
  if (found === undefined && !readOnly) {
    if (type === '' || type === 'DirectoryOrCreate') {
      await mkdir(machinePath, { recursive: true, mode: 0o755 });
      return;
    }
    if (type === 'FileOrCreate') {
      // as kubelet: the folder has to be there
      await writeFile(machinePath, '', { flag: 'a', mode: 0o644 }).catch((cause: unknown) => {
        throw new VolumeError(`open ${nodePath}: no such file or directory`, { cause });
      });
      return;
    }
  }
  const [is, name] = CHECKS[type] ?? [() => true, ''];
  if (found === undefined || !is(found)) {
    throw new VolumeError(`hostPath type check failed: ${nodePath} is not ${name || 'there'}`);
  }
}
