/**
 * Writes a volume's files so that a reader sees either all old or all new ones: Kubernetes' AtomicWriter layout
 * (kubernetes/kubernetes pkg/volume/util/atomic_writer.go), which programs that watch a volume know:
 *
 *   <target>/..2026_01_01_00_00_00.XXXXXX/…   the files
 *   <target>/..data -> ..2026_01_01_00_00_00.XXXXXX     swapped by one rename
 *   <target>/<first part of the path> -> ..data/<first part of the path>
 *
 * A kill at any step leaves the old or the new files, whole; the next run removes what was left lying.
 */
import { join, posix } from 'node:path';
import { KeyferryError, type Clock } from '#base';
import type { ProviderFile } from '#providerapi';
import { ifPresent, nodeFileSystem, type VolumeFileSystem } from './volume-files.ts';

const DATA = '..data';
const DATA_NEW = '..data_tmp';
const GENERATION = /^\.\.\d{4}_\d\d_\d\d_\d\d_\d\d_\d\d\./;
const DIRECTORY_MODE = 0o755;
const MOST_TRIES = 4;

/** What {@link createAtomicWriter} needs. */
export interface AtomicWriterOptions {
  readonly clock: Clock;
  readonly files?: VolumeFileSystem;
}

/** Writes and reads the content of volumes. */
export interface AtomicWriter {
  /** Makes `payload` the whole content of the volume at `target`. Answers whether content or modes changed. */
  write(target: string, payload: ReadonlyMap<string, ProviderFile>): Promise<{ readonly changed: boolean }>;
  /** True once a write has come to its end: the rename of `..data` comes after the last file. */
  isWritten(target: string): Promise<boolean>;
}

/** An {@link AtomicWriter} on the machine's file system. */
export function createAtomicWriter({ clock, files: fs = nodeFileSystem }: AtomicWriterOptions): AtomicWriter {
  return {
    async write(target, payload) {
      const links = new Set([...payload.keys()].map(topName));
      const current = await readCurrent(fs, target);
      if (current !== undefined && (await isSame(fs, current.folder, payload)) && (await hasLinks(fs, target, links))) {
        await sweep(fs, target, current.name, links);
        return { changed: false };
      }
      for (let tries = 1; ; tries += 1) {
        await removeGenerations(fs, target);
        const generation = await writeGeneration(fs, target, payload, clock.now());
        await makeLinks(fs, target, links);
        await fs.rm(join(target, DATA_NEW), { force: true });
        await fs.symlink(generation, join(target, DATA_NEW));
        await fs.rename(join(target, DATA_NEW), join(target, DATA));
        // Gone only where another driver writes at the same time, as when one takes the place of another.
        if ((await readCurrent(fs, target)) === undefined && tries < MOST_TRIES) continue;
        await sweep(fs, target, generation, links);
        return { changed: true };
      }
    },
    isWritten: async (target) => (await readCurrent(fs, target)) !== undefined,
  };
}

async function readCurrent(
  fs: VolumeFileSystem,
  target: string,
): Promise<{ readonly name: string; readonly folder: string } | undefined> {
  const name = await ifPresent(fs.readlink(join(target, DATA)).catch(notALink));
  if (name === undefined || !GENERATION.test(name)) return undefined;
  const folder = join(target, name);
  return (await ifPresent(fs.lstat(folder)))?.isDirectory() ? { name, folder } : undefined;
}

/** Answers the name of the folder that it made. One that cannot be filled does not stay: the volume's room is small. */
async function writeGeneration(
  fs: VolumeFileSystem,
  target: string,
  payload: ReadonlyMap<string, ProviderFile>,
  nowMs: number,
): Promise<string> {
  const stamp = new Date(nowMs).toISOString().slice(0, 19).replace(/[-:T]/g, '_');
  const folder = await fs.mkdtemp(join(target, `..${stamp}.`));
  try {
    await fs.chmod(folder, DIRECTORY_MODE);
    await fillGeneration(fs, folder, payload);
  } catch (error) {
    await fs.rm(folder, { recursive: true, force: true });
    throw error;
  }
  return posix.basename(folder);
}

async function fillGeneration(
  fs: VolumeFileSystem,
  folder: string,
  payload: ReadonlyMap<string, ProviderFile>,
): Promise<void> {
  const made = new Set<string>(['.']);
  for (const [path, file] of payload) {
    const parents = ancestors(path).filter((parent) => !made.has(parent));
    for (const parent of parents) {
      await fs.mkdir(join(folder, parent));
      await fs.chmod(join(folder, parent), DIRECTORY_MODE); // whatever the umask is
      made.add(parent);
    }
    const place = join(folder, path);
    try {
      await fs.writeFile(place, file.contents.expose(), { flag: 'wx', mode: 0o600 });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
      throw new KeyferryError('resource-exhausted', `the volume is too small for the file "${path}"`, {
        cause: error,
        hint: 'Mount fewer or smaller objects, or raise --volume-size-limit of the node driver.',
      });
    }
    await fs.chmod(place, file.mode);
  }
}

async function makeLinks(fs: VolumeFileSystem, target: string, links: ReadonlySet<string>): Promise<void> {
  for (const name of links) {
    const place = join(target, name);
    const wanted = posix.join(DATA, name);
    const found = await ifPresent(fs.lstat(place));
    if (found?.isSymbolicLink() && (await fs.readlink(place)) === wanted) continue;
    // What a provider wrote itself before it learned to return files stands in the way.
    if (found !== undefined) await fs.rm(place, { recursive: true, force: true });
    await fs.symlink(wanted, place);
  }
}

async function hasLinks(fs: VolumeFileSystem, target: string, links: ReadonlySet<string>): Promise<boolean> {
  for (const name of links) {
    const found = await ifPresent(fs.readlink(join(target, name)).catch(notALink));
    if (found !== posix.join(DATA, name)) return false;
  }
  return true;
}

/** Removes all generations but the current one: what a killed run left would take the room of the next one's files. */
async function removeGenerations(fs: VolumeFileSystem, target: string): Promise<void> {
  const current = (await readCurrent(fs, target))?.name;
  for (const name of await fs.readdir(target)) {
    if (name !== current && GENERATION.test(name)) await fs.rm(join(target, name), { recursive: true, force: true });
  }
}

/** Removes links to files that are no more, and generations that a finished or a killed run left. */
async function sweep(
  fs: VolumeFileSystem,
  target: string,
  generation: string,
  links: ReadonlySet<string>,
): Promise<void> {
  for (const name of await fs.readdir(target)) {
    if (name === DATA || name === generation || links.has(name)) continue;
    const ours = name === DATA_NEW || GENERATION.test(name);
    if (name.startsWith('..') && !ours) continue;
    await fs.rm(join(target, name), { recursive: true, force: true });
  }
}

async function isSame(
  fs: VolumeFileSystem,
  folder: string,
  payload: ReadonlyMap<string, ProviderFile>,
): Promise<boolean> {
  let count = 0;
  for (const entry of await fs.readdir(folder, { withFileTypes: true, recursive: true })) {
    if (entry.isDirectory()) continue;
    const path = posix.relative(folder, posix.join(entry.parentPath, entry.name));
    const wanted = payload.get(path);
    if (wanted === undefined || !entry.isFile()) return false;
    const { mode } = await fs.lstat(join(folder, path));
    if ((mode & 0o777) !== wanted.mode) return false;
    if (!(await fs.readFile(join(folder, path))).equals(wanted.contents.expose())) return false;
    count += 1;
  }
  return count === payload.size;
}

function topName(path: string): string {
  return path.split('/', 1)[0] as string;
}

/** `a/b/c` → `a`, `a/b`. */
function ancestors(path: string): string[] {
  const parts = path.split('/').slice(0, -1);
  return parts.map((_part, index) => parts.slice(0, index + 1).join('/'));
}

function notALink(error: NodeJS.ErrnoException): undefined {
  if (error.code === 'EINVAL') return undefined; // a file or a folder stands there
  throw error;
}
