import { execFile } from 'node:child_process';
import { readdirSync, statSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { errorText, type Log } from '#base';

const run = promisify(execFile);

/** A file or folder that not everybody on this machine may read. */
export interface PrivateFile {
  readonly path: string;
  readonly isFolder: boolean;
}

/** Where machines keep what is for root or a service alone, of what containers see; and how deep it is looked for there. */
const PLACES: readonly (readonly [folder: string, depth: number])[] = [
  ['/etc', 8],
  ['/opt', 2],
  ['/usr/local/etc', 4],
];
const READ_BY_OTHERS = 0o004;
const ENTERED_BY_OTHERS = 0o005;

/** The private files and folders below a folder; nothing below a private folder is looked at. Links are not followed. */
export function findPrivateFiles(folder: string, depth: number): PrivateFile[] {
  let entries;
  try {
    entries = readdirSync(folder, { withFileTypes: true });
  } catch {
    return []; // not there, or not for this user: so neither for the containers
  }
  return entries.flatMap((entry): PrivateFile[] => {
    const path = join(folder, entry.name);
    const isFolder = entry.isDirectory();
    if (!isFolder && !entry.isFile()) return [];
    const mode = statSync(path, { throwIfNoEntry: false })?.mode ?? READ_BY_OTHERS;
    const needed = isFolder ? ENTERED_BY_OTHERS : READ_BY_OTHERS;
    if ((mode & needed) !== needed) return [{ path, isFolder }];
    return isFolder && depth > 1 ? findPrivateFiles(path, depth - 1) : [];
  });
}

/**
 * Hides this machine's private files behind empty ones in this process's mount namespace, and so in everything that
 * containers and hostPath volumes get from there: as root they would read them. Not what `needed` is below. A file that
 * cannot be hidden is named in the log, and the lab goes on. `scratch` is a folder for a list of mounts.
 */
export async function coverPrivateFiles(options: {
  readonly needed: readonly string[];
  readonly scratch: string;
  readonly log: Log;
}): Promise<void> {
  const { needed, scratch, log } = options;
  const files = PLACES.flatMap(([folder, depth]) => findPrivateFiles(folder, depth)).filter(
    ({ path }) => !needed.some((place) => `${place}/`.startsWith(`${path}/`)),
  );
  if (files.length === 0) return;
  const lines = files.map(({ path, isFolder }) =>
    isFolder
      ? `tmpfs ${fstabField(path)} tmpfs ro,nosuid,nodev,mode=755,size=4k`
      : `/dev/null ${fstabField(path)} none bind`,
  );
  const list = join(scratch, 'private-files.fstab');
  await writeFile(list, `${lines.join('\n')}\n`, { mode: 0o600 });
  await run('mount', ['--all', '--fstab', list]).catch((error: unknown) => {
    log.warn("Not all of this machine's private files are hidden from containers", { error: errorText(error) });
  });
}

/** Blanks and the like as getmntent(3) reads them. */
function fstabField(path: string): string {
  return path.replace(/[\s\\#]/g, (char) => `\\${char.charCodeAt(0).toString(8).padStart(3, '0')}`);
}
