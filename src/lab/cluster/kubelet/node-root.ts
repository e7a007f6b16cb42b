import { lstatSync, readlinkSync, type Stats } from 'node:fs';
import { chmod, mkdir, readdir, symlink } from 'node:fs/promises';
import { join, posix } from 'node:path';
import type { VolumeMounter } from './mounts.ts';
import { VolumeError } from './volume-files.ts';

/** Where a path of the node is on this machine. */
export interface NodePlace {
  /** The node's path with all symlinks followed. */
  readonly nodePath: string;
  readonly machinePath: string;
  /** True for what belongs to the machine: no pod writes there. */
  readonly readOnly: boolean;
}

/** The node's file system as hostPath volumes see it. */
export interface NodeRoot {
  /**
   * Follows symlinks within the node's root. What does not exist has its place in the node's own folder. Throws
   * {@link VolumeError} for more symlinks than the kernel would follow.
   */
  resolve(path: string): NodePlace;
  /** What the node calls a path of the kubelet's folder on this machine; other paths stay as they are. */
  nodePathOf(machinePath: string): string;
  /** A folder that shows all of the node's root at once, for a pod whose hostPath is `/`. */
  whole(): Promise<string>;
}

/** What {@link createNodeRoot} goes by. All paths are absolute. */
export interface NodeRootOptions {
  /** What the node has for itself: everything that is not mapped elsewhere. */
  readonly nodeDir: string;
  /** What /var/lib/kubelet is elsewhere. */
  readonly kubeletDir: string;
  /** What /var/log/pods is elsewhere. */
  readonly logDir: string;
  readonly mounter: Pick<VolumeMounter, 'show' | 'cover'>;
}

const KUBELET = '/var/lib/kubelet';
/** The machine's folders that a node has too. Read-only, whatever a pod says. */
const SYSTEM = /^\/(?:usr|bin|sbin|lib[^/]*|etc|opt|boot|nix|gnu|sw)(?:\/|$)/;
const KERNEL = /^\/(?:proc|sys)(?:\/|$)/;
const DEVICES = /^\/dev(?:\/|$)/;
/** Folders that every node has, with their modes. */
const FOLDERS: readonly (readonly [string, number])[] = [
  ['home', 0o755],
  ['mnt', 0o755],
  ['root', 0o700],
  ['run', 0o755],
  ['srv', 0o755],
  ['tmp', 0o1777],
  ['var/cache', 0o755],
  ['var/lib', 0o755],
  ['var/log', 0o755],
  ['var/tmp', 0o1777],
];
/** As on any node of today. */
const LINKS = new Map([
  ['/var/run', '/run'],
  ['/var/lock', '/run/lock'],
]);
/** The machine's own secrets, which no node would show either. */
const PRIVATE_ETC = ['shadow', 'shadow-', 'gshadow', 'gshadow-', 'ssl/private', 'ssh'].map((name) => `/etc/${name}`);
const MAX_LINKS = 40;

/**
 * The root of the lab's node: system folders are the machine's, kubelet's folder is the lab's, and all else is in the node's
 * own folder. So a manifest's hostPaths work as on any node, and nothing of the machine is written.
 */
export async function createNodeRoot(options: NodeRootOptions): Promise<NodeRoot> {
  const { nodeDir, kubeletDir, logDir } = options;
  for (const [folder, mode] of FOLDERS) {
    await mkdir(join(nodeDir, folder), { recursive: true, mode: 0o755 });
    await chmod(join(nodeDir, folder), mode);
  }
  const mapped: readonly (readonly [nodePath: string, machinePath: string])[] = [
    [KUBELET, kubeletDir],
    ['/var/log/pods', logDir],
    // the two folders where the driver looks for the sockets of providers
    ['/run/secrets-store-csi-providers', join(kubeletDir, 'providers')],
    ['/etc/kubernetes/secrets-store-csi-providers', join(kubeletDir, 'secrets-store-csi-providers-etc')],
  ];

  let assembled: Promise<string> | undefined;

  const place = (nodePath: string): NodePlace => {
    for (const [from, to] of mapped) {
      if (isWithin(nodePath, from)) {
        return { nodePath, machinePath: join(to, posix.relative(from, nodePath)), readOnly: false };
      }
    }
    if (KERNEL.test(nodePath)) return { nodePath, machinePath: nodePath, readOnly: true };
    if (DEVICES.test(nodePath)) return { nodePath, machinePath: nodePath, readOnly: true };
    const own = join(nodeDir, nodePath);
    const isPrivate = PRIVATE_ETC.some((path) => isWithin(nodePath, path));
    if (SYSTEM.test(nodePath) && !isPrivate && look(nodePath) !== undefined) {
      return { nodePath, machinePath: nodePath, readOnly: true };
    }
    return { nodePath, machinePath: own, readOnly: false };
  };

  const assemble = async (): Promise<string> => {
    const { mounter } = options;
    const view = `${nodeDir}-root`;
    await mounter.show(nodeDir, view, 'rw');
    await mounter.show(kubeletDir, join(view, KUBELET), 'rw');
    for (const name of (await readdir('/')).filter((entry) => SYSTEM.test(`/${entry}`) || KERNEL.test(`/${entry}`))) {
      const [path, shown] = [join('/', name), join(view, name)];
      if (look(path)?.isSymbolicLink() !== true) await mounter.show(path, shown, 'ro');
      else if (look(shown) === undefined) await symlink(readlinkSync(path), shown);
    }
    for (const path of PRIVATE_ETC) await mounter.cover(join(view, path));
    return view;
  };

  return {
    nodePathOf: (machinePath) =>
      isWithin(machinePath, kubeletDir) ? join(KUBELET, posix.relative(kubeletDir, machinePath)) : machinePath,
    whole: () => (assembled ??= assemble()),
    resolve: (path) => {
      let rest = posix.resolve('/', path).split('/').filter(Boolean);
      let at = '/';
      for (let hops = 0; rest.length > 0;) {
        const next = posix.join(at, rest[0] as string);
        rest = rest.slice(1);
        const { machinePath } = place(next);
        const link = LINKS.get(next) ?? (look(machinePath)?.isSymbolicLink() ? readlinkSync(machinePath) : undefined);
        if (link !== undefined) {
          // A place whose last part is still a link would be followed on the machine.
          if ((hops += 1) > MAX_LINKS) throw new VolumeError(`stat ${path}: too many levels of symbolic links`);
          rest = [...posix.resolve(at, link).split('/').filter(Boolean), ...rest];
          at = '/';
        } else {
          at = next;
        }
      }
      return place(at);
    },
  };
}

function look(path: string): Stats | undefined {
  try {
    return lstatSync(path, { throwIfNoEntry: false });
  } catch {
    // a file stands where a folder would have to
    return undefined;
  }
}

function isWithin(path: string, folder: string): boolean {
  return path === folder || path.startsWith(`${folder}/`);
}
