import { chmodSync, mkdirSync, readdirSync, utimesSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { ImageFile } from './image-file.ts';

/** Writes the files below a folder, which it makes, all of one time. Throws when the folder is there and not empty. */
export function writeTree(root: string, files: readonly ImageFile[], mtime: Date): void {
  mkdirSync(root, { recursive: true });
  if (readdirSync(root).length > 0) throw new Error(`${root} is not empty`);
  for (const { path, mode, content } of files) {
    const target = join(root, path);
    if (path.endsWith('/')) {
      mkdirSync(target, { recursive: true });
    } else {
      mkdirSync(dirname(target), { recursive: true });
      writeFileSync(target, content);
    }
    // Not by the creation: the umask would take its share.
    chmodSync(target, mode);
  }
  for (const entry of readdirSync(root, { recursive: true, withFileTypes: true })) {
    utimesSync(join(entry.parentPath, entry.name), mtime, mtime);
  }
  utimesSync(root, mtime, mtime);
}
