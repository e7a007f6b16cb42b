import { readFileSync } from 'node:fs';

/**
 * One line of /proc/self/mountinfo (proc(5)), as far as containers need it. `src/driver` reads the table by itself: the
 * lab's node and the driver on it share no code.
 */
export interface MountEntry {
  readonly mountPoint: string;
  readonly options: readonly string[];
  readonly fsType: string;
}

/** Reads the text of /proc/self/mountinfo; lines that make no sense are left out. */
export function parseMountInfo(text: string): MountEntry[] {
  return text.split('\n').flatMap((line) => {
    const fields = line.split(' ');
    const dash = fields.indexOf('-', 6);
    const [mountPoint, options, fsType] = [fields[4], fields[5], fields[dash + 1]];
    if (dash === -1 || mountPoint === undefined || options === undefined || fsType === undefined) return [];
    return [{ mountPoint: unescapeOctal(mountPoint), options: options.split(','), fsType }];
  });
}

/** This process's mounts, the newest last. */
export function readMounts(): MountEntry[] {
  return parseMountInfo(readFileSync('/proc/self/mountinfo', 'utf8'));
}

/** The mount that a path is on: the deepest one, the newest of equals. */
export function mountOf(mounts: readonly MountEntry[], path: string): MountEntry | undefined {
  let best: MountEntry | undefined;
  for (const mount of mounts) {
    if (isWithin(path, mount.mountPoint) && (best === undefined || mount.mountPoint.length >= best.mountPoint.length)) {
      best = mount;
    }
  }
  return best;
}

/** Whether `path` is `folder` or below it; both are absolute and clean. */
export function isWithin(path: string, folder: string): boolean {
  return folder === '/' || path === folder || path.startsWith(`${folder}/`);
}

function unescapeOctal(text: string): string {
  return text.replace(/\\([0-7]{3})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 8)));
}
