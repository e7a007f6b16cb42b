import {
  chmod,
  chown,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  readlink,
  rename,
  rm,
  symlink,
  writeFile,
  stat,
} from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Clock } from '#base';

/** A file of a volume. */
export interface VolumeFile {
  readonly content: Buffer;
  readonly mode: number;
}

/** Files by their path in the volume. */
export type VolumeFiles = ReadonlyMap<string, VolumeFile>;

/** Who owns a volume's files. */
export interface FileOwner {
  readonly uid?: number | undefined;
  readonly gid?: number | undefined;
}

const DATA = '..data';

/**
 * Puts files into a volume all at once, in the layout that Kubernetes' volumes have (pkg/volume/util/atomic_writer.go):
 * `name -> ..data/name`, `..data -> ..<time>.<random>`; the swap is one rename. Answers whether anything changed.
 * The driver in `src/driver` has a writer of its own: this one stands for the kubelet's, and shares nothing with what it tests.
 */
export async function writeVolumeFiles(
  folder: string,
  files: VolumeFiles,
  options: { readonly clock: Clock; readonly owner?: FileOwner },
): Promise<boolean> {
  for (const path of files.keys()) requireInside(path);
  const before = await readlink(join(folder, DATA)).catch(() => undefined);
  if (before !== undefined && (await isSame(join(folder, before), files))) return false;
  const stamp = new Date(options.clock.now())
    .toISOString()
    .replace(/\.\d+Z$/, '')
    .replace(/[-T:]/g, '_');
  const fresh = await mkdtemp(join(folder, `..${stamp}.`));
  await chmod(fresh, 0o755);
  for (const [path, { content, mode }] of files) {
    const target = join(fresh, path);
    await mkdir(dirname(target), { recursive: true, mode: 0o755 });
    await writeFile(target, content, { mode });
    await chmod(target, mode);
    await own(target, options.owner);
  }
  await own(fresh, options.owner);
  const tops = new Set([...files.keys()].map((path) => path.split('/')[0] as string));
  const visible = (await readdir(folder)).filter((name) => !name.startsWith('..'));
  await rm(join(folder, '..data_tmp'), { force: true });
  await symlink(fresh.slice(folder.length + 1), join(folder, '..data_tmp'));
  await rename(join(folder, '..data_tmp'), join(folder, DATA));
  for (const name of tops) if (!visible.includes(name)) await symlink(join(DATA, name), join(folder, name));
  for (const name of visible) if (!tops.has(name)) await rm(join(folder, name), { recursive: true, force: true });
  if (before !== undefined) await rm(join(folder, before), { recursive: true, force: true });
  return true;
}

/** The last guard, as kubelet has it: whatever the API server let through, nothing is written outside of the volume. */
function requireInside(path: string): void {
  const parts = path.split('/');
  if (path === '' || path.startsWith('/') || path.startsWith('..') || parts.includes('..') || path.length > 4096) {
    throw new Error(
      `invalid path: ${JSON.stringify(path.slice(0, 200))} must be below the volume, not beginning with '..'`,
    );
  }
}

async function isSame(folder: string, files: VolumeFiles): Promise<boolean> {
  const present = (await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => [])).filter((entry) =>
    entry.isFile(),
  );
  if (present.length !== files.size) return false;
  for (const [path, { content, mode }] of files) {
    const old = await readFile(join(folder, path)).catch(() => undefined);
    if (old === undefined || !old.equals(content)) return false;
    if (((await stat(join(folder, path))).mode & 0o7777) !== mode) return false;
  }
  return true;
}

async function own(path: string, owner: FileOwner | undefined): Promise<void> {
  if (owner?.uid === undefined && owner?.gid === undefined) return;
  await chown(path, owner.uid ?? 0, owner.gid ?? 0);
}
