import { open, realpath } from 'node:fs/promises';
import { join, sep } from 'node:path';
import { Secret } from '#base';
import type { ReadMountedFile } from '#secretsync';
import { ifPresent } from './volume-files.ts';

/** Reads files of the volume at `target` by their path in it; a path or a link that leads out of it finds nothing. */
export function createMountedFileReader(target: string): ReadMountedFile {
  return async (path) => {
    const root = await ifPresent(realpath(target));
    const place = await ifPresent(realpath(join(target, path)));
    if (root === undefined || place?.startsWith(root + sep) !== true) return undefined;
    const file = await open(place, 'r');
    try {
      return (await file.stat()).isFile() ? new Secret<Uint8Array>(await file.readFile()) : undefined;
    } finally {
      await file.close();
    }
  };
}
