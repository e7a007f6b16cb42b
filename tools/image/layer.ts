import { buffer } from 'node:stream/consumers';
import { pack } from 'tar-stream';
import type { ImageFile } from './image-file.ts';

/**
 * A tar archive of the files and of the folders above them, all owned by root and of one time: equal files make equal bytes.
 */
export async function renderLayer(files: readonly ImageFile[], mtime: Date): Promise<Buffer> {
  const archive = pack();
  const whole = buffer(archive);
  for (const { path, mode, content } of withFolders(files)) {
    const type = path.endsWith('/') ? 'directory' : 'file';
    archive.entry({ name: path, mode, mtime, uid: 0, gid: 0, type }, Buffer.from(content));
  }
  archive.finalize();
  return whole;
}

/** In the order of their paths, each folder before what is in it. */
function withFolders(files: readonly ImageFile[]): readonly Pick<ImageFile, 'path' | 'mode' | 'content'>[] {
  const entries = new Map<string, Pick<ImageFile, 'path' | 'mode' | 'content'>>();
  for (const { path } of files) {
    for (let slash = path.indexOf('/'); slash !== -1; slash = path.indexOf('/', slash + 1)) {
      const above = path.slice(0, slash + 1);
      entries.set(above, { path: above, mode: 0o755, content: new Uint8Array() });
    }
  }
  for (const entry of files) entries.set(entry.path, entry);
  return [...entries.values()].sort((a, b) => (a.path < b.path ? -1 : 1));
}
