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
import type { Dirent } from 'node:fs';
import { join, posix } from 'node:path';
import { KeyferryError, type Clock } from '#base';
import type { ProviderFile } from '#providerapi';
import { isAbsence, nodeVolumeFiles, type VolumeFiles } from './volume-files.ts';

const DATA = '..data';
const DATA_NEW = '..data_tmp';
const GENERATION = /^\.\.\d{4}_\d\d_\d\d_\d\d_\d\d_\d\d\./;
const DIRECTORY_MODE = 0o755;
const OWNER_READS = 0o400;
const GROUP_READS = 0o040;
const MOST_TRIES = 4;

/** What {@link createAtomicWriter} needs. */
export interface AtomicWriterOptions {
  readonly clock: Clock;
  readonly files?: VolumeFiles;
}

/** Who owns a volume's files beside root. */
export interface VolumeOwner {
  /**
   * The pod's fsGroup: files and folders are the group's, and what its owner may read the group may read, as in volumes that
   * kubelet makes itself. Undefined: the group of the process.
   */
  readonly groupId?: number | undefined;
}

/** Writes and reads the content of volumes. */
export interface AtomicWriter {
  /** Makes `payload` the whole content of the volume at `target`. Answers whether content, modes or the group changed. */
  write(
    target: string,
    payload: ReadonlyMap<string, ProviderFile>,
    owner?: VolumeOwner,
  ): Promise<{ readonly changed: boolean }>;
  /** Gives what a provider wrote into the volume itself to the owner. */
  give(target: string, owner: VolumeOwner): Promise<void>;
  /** True once a write has come to its end: the rename of `..data` comes after the last file. */
  isWritten(target: string): Promise<boolean>;
}

/** An {@link AtomicWriter} on the machine's file system. */
export function createAtomicWriter({ clock, files: fs = nodeVolumeFiles }: AtomicWriterOptions): AtomicWriter {
  return {
    async write(target, payload, { groupId } = {}) {
      const links = new Set([...payload.keys()].map(topName));
      const wanted = { files: payload, groupId };
      for (let tries = 1; ; tries += 1) {
        try {
          const changed = writeOnce(fs, target, { wanted, links, nowMs: clock.now() });
          if (readCurrent(fs, target) !== undefined || tries === MOST_TRIES) return { changed: changed || tries > 1 };
        } catch (error) {
          if (!isClash(error) || tries === MOST_TRIES) throw error;
        }
      }
    },
    async give(target, { groupId }) {
      if (groupId === undefined) return;
      give(fs, target, groupId);
      for (const entry of entriesBelow(fs, target)) {
        const place = join(entry.parentPath, entry.name);
        if (entry.isFile()) give(fs, place, groupId, modeFor(fs.lstatSync(place).mode & 0o777, groupId));
        else if (entry.isDirectory()) give(fs, place, groupId);
      }
    },
    isWritten: async (target) => readCurrent(fs, target) !== undefined,
  };
}

/** Answers whether it changed anything. */
function writeOnce(
  fs: VolumeFiles,
  target: string,
  { wanted, links, nowMs }: { readonly wanted: Wanted; readonly links: ReadonlySet<string>; readonly nowMs: number },
): boolean {
  const current = readCurrent(fs, target);
  if (current !== undefined && isSame(fs, current.folder, wanted) && hasLinks(fs, target, links)) {
    sweep(fs, target, links);
    return false;
  }
  if (wanted.groupId !== undefined) give(fs, target, wanted.groupId);
  removeGenerations(fs, target);
  const generation = writeGeneration(fs, target, wanted, nowMs);
  makeLinks(fs, target, links);
  fs.rmSync(join(target, DATA_NEW), { force: true });
  fs.symlinkSync(generation, join(target, DATA_NEW));
  // Throws where another driver has tidied it up.
  fs.lstatSync(join(target, generation));
  fs.renameSync(join(target, DATA_NEW), join(target, DATA));
  sweep(fs, target, links);
  return true;
}

/**
 * What one finds gone, there already or filled again where another driver writes at the same time, as when one takes the
 * place of another. Each removes what is not current at that moment, so what is current stays; whoever is disturbed starts
 * again, and the last one to swap wins. It does not exclude another: a driver whose socket was taken over stops refreshing.
 */
function isClash(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException;
  return isAbsence(error) || code === 'EEXIST' || code === 'ENOTEMPTY';
}

/** What a volume is to hold. */
interface Wanted {
  readonly files: ReadonlyMap<string, ProviderFile>;
  readonly groupId: number | undefined;
}

function readCurrent(fs: VolumeFiles, target: string): { readonly name: string; readonly folder: string } | undefined {
  const name = readLink(fs, join(target, DATA));
  if (name === undefined || !GENERATION.test(name)) return undefined;
  const folder = join(target, name);
  return ifThere(() => fs.lstatSync(folder))?.isDirectory() === true ? { name, folder } : undefined;
}

/** Answers the name of the folder that it made. One that cannot be filled does not stay: the volume's room is small. */
function writeGeneration(fs: VolumeFiles, target: string, wanted: Wanted, nowMs: number): string {
  const stamp = new Date(nowMs).toISOString().slice(0, 19).replace(/[-:T]/g, '_');
  const folder = fs.mkdtempSync(join(target, `..${stamp}.`));
  try {
    finishFolder(fs, folder, wanted);
    fillGeneration(fs, folder, wanted);
  } catch (error) {
    fs.rmSync(folder, { recursive: true, force: true });
    throw error;
  }
  return posix.basename(folder);
}

function fillGeneration(fs: VolumeFiles, folder: string, wanted: Wanted): void {
  const made = new Set<string>(['.']);
  for (const [path, file] of wanted.files) {
    for (const parent of ancestors(path).filter((each) => !made.has(each))) {
      fs.mkdirSync(join(folder, parent));
      finishFolder(fs, join(folder, parent), wanted);
      made.add(parent);
    }
    const place = join(folder, path);
    try {
      fs.writeFileSync(place, file.contents.expose(), { flag: 'wx', mode: 0o600 });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
      throw new KeyferryError('resource-exhausted', `the volume is too small for the file "${path}"`, {
        cause: error,
        hint: 'Mount fewer or smaller objects, or raise --volume-size-limit of the node driver.',
      });
    }
    if (wanted.groupId !== undefined) give(fs, place, wanted.groupId);
    fs.chmodSync(place, modeFor(file.mode, wanted.groupId));
  }
}

/** A folder's owner and mode, whatever the umask is. */
function finishFolder(fs: VolumeFiles, folder: string, { groupId }: Wanted): void {
  if (groupId !== undefined) give(fs, folder, groupId);
  fs.chmodSync(folder, DIRECTORY_MODE);
}

function give(fs: VolumeFiles, place: string, groupId: number, mode?: number): void {
  fs.chownSync(place, process.geteuid?.() ?? 0, groupId);
  if (mode !== undefined) fs.chmodSync(place, mode);
}

/** With a group, what the owner may read the group may read too (kubernetes/kubernetes pkg/volume/volume_linux.go). */
function modeFor(mode: number, groupId: number | undefined): number {
  return groupId !== undefined && (mode & OWNER_READS) !== 0 ? mode | GROUP_READS : mode;
}

function makeLinks(fs: VolumeFiles, target: string, links: ReadonlySet<string>): void {
  for (const name of links) {
    const place = join(target, name);
    const wanted = posix.join(DATA, name);
    if (readLink(fs, place) === wanted) continue;
    // What a provider wrote itself before it learned to return files stands in the way.
    fs.rmSync(place, { recursive: true, force: true });
    fs.symlinkSync(wanted, place);
  }
}

function hasLinks(fs: VolumeFiles, target: string, links: ReadonlySet<string>): boolean {
  return [...links].every((name) => readLink(fs, join(target, name)) === posix.join(DATA, name));
}

/** Removes all generations but the current one: what a killed run left would take the room of the next one's files. */
function removeGenerations(fs: VolumeFiles, target: string): void {
  for (const name of fs.readdirSync(target)) removeGeneration(fs, target, name);
}

/** Looks at the last moment whether it is current: another driver may have made it so. */
function removeGeneration(fs: VolumeFiles, target: string, name: string): void {
  if (!GENERATION.test(name) || readCurrent(fs, target)?.name === name) return;
  fs.rmSync(join(target, name), { recursive: true, force: true });
}

/** Removes links to files that are no more, and generations that a finished or a killed run left. */
function sweep(fs: VolumeFiles, target: string, links: ReadonlySet<string>): void {
  for (const name of fs.readdirSync(target)) {
    if (GENERATION.test(name)) removeGeneration(fs, target, name);
    else if (name === DATA_NEW || (!name.startsWith('..') && !links.has(name)))
      fs.rmSync(join(target, name), { recursive: true, force: true });
  }
}

function isSame(fs: VolumeFiles, folder: string, { files, groupId }: Wanted): boolean {
  const isOwned = (gid: number) => groupId === undefined || gid === groupId;
  if (!isOwned(fs.lstatSync(folder).gid)) return false;
  let count = 0;
  for (const entry of entriesBelow(fs, folder)) {
    if (entry.isDirectory()) continue;
    const path = posix.relative(folder, posix.join(entry.parentPath, entry.name));
    const wanted = files.get(path);
    if (wanted === undefined || !entry.isFile()) return false;
    const { mode, gid } = fs.lstatSync(join(folder, path));
    if ((mode & 0o777) !== modeFor(wanted.mode, groupId) || !isOwned(gid)) return false;
    if (!fs.readFileSync(join(folder, path)).equals(wanted.contents.expose())) return false;
    count += 1;
  }
  return count === files.size;
}

/** All that is below a folder, links as links: `readdir` with `recursive` goes where they lead, from Node 24 on. */
function* entriesBelow(fs: VolumeFiles, folder: string): Generator<Dirent> {
  for (const entry of fs.readdirSync(folder, { withFileTypes: true })) {
    yield entry;
    if (entry.isDirectory()) yield* entriesBelow(fs, join(folder, entry.name));
  }
}

function topName(path: string): string {
  return path.split('/', 1)[0] as string;
}

/** `a/b/c` → `a`, `a/b`. */
function ancestors(path: string): string[] {
  const parts = path.split('/').slice(0, -1);
  return parts.map((_part, index) => parts.slice(0, index + 1).join('/'));
}

/** Where a link leads; undefined where there is none, or a file or a folder in its place. */
function readLink(fs: VolumeFiles, place: string): string | undefined {
  try {
    return fs.readlinkSync(place);
  } catch (error) {
    if (isAbsence(error) || (error as NodeJS.ErrnoException).code === 'EINVAL') return undefined;
    throw error;
  }
}

function ifThere<T>(look: () => T): T | undefined {
  try {
    return look();
  } catch (error) {
    if (isAbsence(error)) return undefined;
    throw error;
  }
}
