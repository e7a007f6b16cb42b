import { lstatSync, readdirSync, readlinkSync, statSync } from 'node:fs';
import { dirname, join, posix } from 'node:path';
import { isWithin } from './mount-table.ts';

/** The machine's top-level folders that make its programs run. Everything else of `/` is not in a container. */
const PROGRAM_FOLDERS = /^(?:usr|bin|sbin|lib[^/]*|etc|opt|nix|gnu|sw)$/;
/** Folders that every container has for itself, with their modes. */
const FRESH_FOLDERS: readonly (readonly [string, number])[] = [
  ['/tmp', 0o1777],
  ['/run', 0o755],
  ['/run/lock', 0o1777],
  ['/var', 0o755],
  ['/var/cache', 0o755],
  ['/var/lib', 0o755],
  ['/var/log', 0o755],
  ['/var/spool', 0o755],
  ['/var/tmp', 0o1777],
  ['/mnt', 0o755],
  ['/media', 0o755],
  ['/home', 0o755],
  ['/root', 0o700],
  ['/srv', 0o755],
  ['/proc', 0o555],
  ['/sys', 0o555],
  ['/dev', 0o755],
  ['/dev/pts', 0o755],
  ['/dev/shm', 0o1777],
  ['/dev/mqueue', 0o1777],
];
const FRESH_LINKS: readonly (readonly [string, string])[] = [
  ['/var/run', '../run'],
  ['/var/lock', '../run/lock'],
  ['/dev/fd', '/proc/self/fd'],
  ['/dev/stdin', '/proc/self/fd/0'],
  ['/dev/stdout', '/proc/self/fd/1'],
  ['/dev/stderr', '/proc/self/fd/2'],
  ['/dev/ptmx', 'pts/ptmx'],
];
/** Device nodes that a container gets: what the OCI runtime specification calls the default devices. */
export const DEVICES = ['null', 'zero', 'full', 'random', 'urandom', 'tty'] as const;
/** Parts of /etc that are about this machine's own secrets. */
const PRIVATE_ETC = ['/etc/shadow', '/etc/shadow-', '/etc/gshadow', '/etc/gshadow-', '/etc/ssl/private', '/etc/ssh'];

/** The part of a container's root that all containers share. */
export interface HostRoot {
  /** Folders of the machine, read-only in containers. */
  readonly binds: readonly string[];
  readonly folders: readonly (readonly [path: string, mode: number])[];
  readonly links: readonly (readonly [path: string, target: string])[];
  /** Paths inside the binds that containers must not see, as far as they exist. */
  readonly hidden: readonly { readonly path: string; readonly isFolder: boolean }[];
}

/** Looks at this machine's `/` and says what of it containers share. */
export function readHostRoot(hiddenPaths: readonly string[] = []): HostRoot {
  const binds: string[] = [];
  const links: (readonly [string, string])[] = [...FRESH_LINKS];
  for (const name of readdirSync('/').filter((entry) => PROGRAM_FOLDERS.test(entry))) {
    const path = `/${name}`;
    const kind = lstatSync(path);
    // Relative, because mount(8) follows symlinks of the new root while the old one is still `/`.
    if (kind.isSymbolicLink()) links.push([path, posix.relative('/', posix.resolve('/', readlinkSync(path)))]);
    else if (kind.isDirectory()) binds.push(path);
  }
  const hidden = [...PRIVATE_ETC, ...hiddenPaths].flatMap((path) => {
    const kind = statSync(path, { throwIfNoEntry: false });
    if (kind === undefined || !binds.some((bind) => isWithin(path, bind))) return [];
    return [{ path, isFolder: kind.isDirectory() }];
  });
  return { binds, folders: FRESH_FOLDERS, links, hidden };
}

/** What stands at a path of a container's root before the pod's volumes are mounted. */
export interface PlaceInRoot {
  /** The path with all symlinks followed. */
  readonly path: string;
  /** The machine's folder that it belongs to; undefined when it is on the container's own tmpfs. */
  readonly bind: string | undefined;
  /** The kind of what is there; undefined when nothing is. */
  readonly kind: 'folder' | 'file' | undefined;
}

/** Follows a container path through the container's root, as a program inside would. */
export function locate(root: HostRoot, containerPath: string): PlaceInRoot {
  const links = new Map(root.links);
  let rest = posix.normalize(containerPath).split('/').filter(Boolean);
  let path = '/';
  for (let hops = 0; rest.length > 0;) {
    const next = posix.join(path, rest[0] as string);
    const target = links.get(next) ?? hostLink(root, next);
    rest = rest.slice(1);
    if (target !== undefined && (hops += 1) <= 40) {
      rest = [...posix.resolve(path, target).split('/').filter(Boolean), ...rest];
      path = '/';
    } else {
      path = next;
    }
  }
  const bind = root.binds.find((candidate) => isWithin(path, candidate));
  if (bind === undefined) {
    const fresh = path === '/' || root.folders.some(([folder]) => folder === path);
    return { path, bind, kind: fresh ? 'folder' : undefined };
  }
  const kind = statSync(path, { throwIfNoEntry: false });
  return { path, bind, kind: kind === undefined ? undefined : kind.isDirectory() ? 'folder' : 'file' };
}

/** The deepest folder of the machine above a path that does not exist. */
export function deepestFolder(path: string): string {
  let folder = dirname(path);
  while (!(statSync(folder, { throwIfNoEntry: false })?.isDirectory() ?? false)) folder = dirname(folder);
  return folder;
}

function hostLink(root: HostRoot, path: string): string | undefined {
  if (!root.binds.some((bind) => isWithin(path, bind))) return undefined;
  const kind = lstatSync(path, { throwIfNoEntry: false });
  return kind?.isSymbolicLink() === true ? readlinkSync(path) : undefined;
}

/** The entries of a folder of the machine, for a stand-in of that folder. */
export function folderEntries(
  folder: string,
): readonly { readonly name: string; readonly kind: 'folder' | 'file' | 'link'; readonly target?: string }[] {
  return readdirSync(folder, { withFileTypes: true }).map((entry) => {
    if (entry.isSymbolicLink())
      return { name: entry.name, kind: 'link', target: readlinkSync(join(folder, entry.name)) };
    return { name: entry.name, kind: entry.isDirectory() ? 'folder' : 'file' };
  });
}

/** This machine's devices, as a privileged container has them: no terminals of the machine, and none of the usual ones. */
export function machineDevices(): string[] {
  const usual = new Set<string>(DEVICES);
  const isOurs = (name: string) => !usual.has(name) && !/^(?:tty|vcs|pt[ms]x?$|console$)/.test(name);
  const below = (folder: string) =>
    readdirSync(folder, { withFileTypes: true })
      .filter((entry) => entry.isCharacterDevice() || entry.isBlockDevice())
      .map(({ name }) => join(folder, name));
  const tunnel = statSync('/dev/net/tun', { throwIfNoEntry: false }) === undefined ? [] : ['/dev/net/tun'];
  return [...below('/dev').filter((path) => isOurs(path.slice('/dev/'.length))), ...tunnel];
}
