import { open, readdir, realpath, stat } from 'node:fs/promises';
import { join, sep } from 'node:path';
import { Secret } from '#base';
import type { MountedFiles } from '#secretsync';
import { ifPresent } from './volume-files.ts';

// NAME_MAX of Linux.
const MAX_NAME_BYTES = 255;

/** Reads files of the volume at `target` by their path in it; a path or a link that leads out of it finds nothing. */
export function createMountedFileReader(target: string): MountedFiles['read'] {
  return async (path) => {
    // No file has such a name, and asking for one is an error of another sort than asking for one that is missing.
    if (path.includes('\0') || path.split('/').some((name) => Buffer.byteLength(name) > MAX_NAME_BYTES))
      return undefined;
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

/** How many files of a volume are listed: enough for a message. */
const MAX_LISTED = 20;
const MAX_FOLDERS = 50;

/** The paths of the first files of the volume at `target`, as a class names them; for messages. */
export async function listMountedFiles(target: string): Promise<readonly string[]> {
  const found: string[] = [];
  const folders = [''];
  // By index: a link that leads back to its own folder makes the list longer for ever.
  for (let at = 0; at < Math.min(folders.length, MAX_FOLDERS) && found.length < MAX_LISTED; at += 1) {
    const folder = folders[at] ?? '';
    const names = (await ifPresent(readdir(join(target, folder)))) ?? [];
    // The writer's own names begin with two dots; what a person sees are links beside them.
    for (const name of names.filter((name) => !name.startsWith('..')).toSorted()) {
      const path = join(folder, name);
      const info = await ifPresent(stat(join(target, path)));
      if (info?.isDirectory() === true) folders.push(path);
      else if (info?.isFile() === true) found.push(path);
    }
  }
  return found.slice(0, MAX_LISTED);
}
