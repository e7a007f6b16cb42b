import { statSync } from 'node:fs';
import { posix } from 'node:path';
import { deepestFolder, DEVICES, folderEntries, locate, type HostRoot } from './host-root.ts';
import { isWithin, mountOf, type MountEntry } from './mount-table.ts';
import type { ContainerMount } from './runtime.ts';

/** A stand-in for a read-only folder of the machine in which something is missing that a volume is mounted on. */
export interface ShadowFolder {
  /** The machine's folder. */
  readonly folder: string;
  /** Where the stand-in is built, on disk. */
  readonly standIn: string;
  readonly folders: readonly string[];
  readonly files: readonly string[];
  readonly links: readonly (readonly [path: string, target: string])[];
}

/** How one container's root is put together. */
export interface RootPlan {
  readonly shadows: readonly ShadowFolder[];
  /** Lines for `mount --all --fstab`, in order: one program makes all the mounts. */
  readonly fstab: readonly string[];
  /** Folders and files to create on the container's own tmpfs before that, as container paths. */
  readonly folders: readonly string[];
  readonly files: readonly string[];
}

/** What {@link planRoot} goes by. */
export interface RootPlanInput {
  readonly host: HostRoot;
  /** The folder on which the root is assembled. */
  readonly root: string;
  /** A folder of this container's own, for stand-ins. */
  readonly scratch: string;
  readonly mounts: readonly ContainerMount[];
  /** Devices beside the usual ones, as absolute paths. */
  readonly devices: readonly string[];
  /**
   * Whether device files in volumes can be used. A container as root may make them (mknod) and finds the machine's below
   * /dev, and no cgroup stands before them here as with container engines: this is all that keeps it from the disks.
   */
  readonly mayUseDevices: boolean;
  readonly isFile: (hostPath: string) => boolean;
  readonly hostMounts: readonly MountEntry[];
  /** This container's devpts. */
  readonly terminals: string;
  /** Whether procfs and sysfs can be mounted anew; otherwise the machine's are bound. */
  readonly freshProc: boolean;
  readonly freshSys: boolean;
  readonly overlay: boolean;
  /** Parts of /proc that are made read-only: as real root, a write to /proc/sys would reach the machine. */
  readonly shielded: readonly string[];
}

/** Decides how a container's root is assembled. Reads the machine's folders, changes nothing. */
export function planRoot(input: RootPlanInput): RootPlan {
  const { host, root, hostMounts } = input;
  const fstab: string[] = [];
  const folders: string[] = [];
  const files: string[] = [];
  const bind = (source: string, target: string, readOnly: boolean) => {
    fstab.push(fstabLine(source, posix.join(root, target), 'none', bindOptions(hostMounts, source, { readOnly })));
  };

  for (const folder of host.binds) {
    bind(folder, folder, true);
    fstab.push(...readOnlyBelow(hostMounts, folder, posix.join(root, folder)));
  }
  if (input.freshProc) fstab.push(fstabLine('proc', `${root}/proc`, 'proc', 'nosuid,nodev,noexec'));
  else bind('/proc', '/proc', false);
  if (input.freshSys) fstab.push(fstabLine('sysfs', `${root}/sys`, 'sysfs', 'ro,nosuid,nodev,noexec'));
  else bind('/sys', '/sys', true);
  for (const path of input.freshProc ? input.shielded : []) {
    fstab.push(fstabLine(root + path, root + path, 'none', 'bind,ro,nosuid,nodev,noexec'));
  }
  for (const device of DEVICES) bind(`/dev/${device}`, `/dev/${device}`, false);
  for (const device of input.devices) {
    files.push(device);
    bind(device, device, false);
  }
  bind(input.terminals, '/dev/pts', false);
  fstab.push(fstabLine('tmpfs', `${root}/dev/shm`, 'tmpfs', 'mode=1777,nosuid,nodev,noexec'));

  // Outer mounts first: one on /data, then one on /data/cache inside it.
  const ordered = input.mounts.map((mount) => ({ mount, place: locate(host, mount.containerPath) }));
  ordered.sort((a, b) => depth(a.place.path) - depth(b.place.path));
  const missing: { readonly path: string; readonly isFile: boolean }[] = [];
  const volumeLines: string[] = [];
  const volumePaths: string[] = [];
  for (const { mount, place } of ordered) {
    const isFile = input.isFile(mount.hostPath);
    const insideVolume = volumePaths.some((path) => path !== place.path && isWithin(place.path, path));
    if (place.kind === undefined && !insideVolume) {
      if (place.bind !== undefined) missing.push({ path: place.path, isFile });
      else if (isFile) files.push(place.path);
      else folders.push(place.path);
    }
    volumePaths.push(place.path);
    const noDevices = !input.mayUseDevices && !DEVICES.some((name) => mount.hostPath === `/dev/${name}`);
    const options = bindOptions(hostMounts, mount.hostPath, { readOnly: mount.readOnly, noDevices });
    const make = insideVolume && !isFile ? ',X-mount.mkdir' : '';
    volumeLines.push(
      fstabLine(
        mount.hostPath,
        posix.join(root, place.path),
        'none',
        `${options},r${mount.propagation ?? 'private'}${make}`,
      ),
    );
    const target = posix.join(root, place.path);
    if (mount.recursiveReadOnly === true) volumeLines.push(...readOnlyBelow(hostMounts, mount.hostPath, target));
    if (noDevices && mount.hostPath === '/dev') {
      const lines = DEVICES.map((name) => fstabLine(`/dev/${name}`, posix.join(target, name), 'none', 'rbind'));
      volumeLines.push(...lines);
    }
  }
  const shadows = planShadows(input, missing, (line) => fstab.push(line));
  // After the stand-ins, which would bring the hidden things back.
  for (const { path, isFolder } of host.hidden) {
    if (isFolder) fstab.push(fstabLine('tmpfs', posix.join(root, path), 'tmpfs', 'ro,mode=0700,size=4k'));
    else bind('/dev/null', path, true);
  }
  return { shadows, fstab: [...fstab, ...volumeLines], folders, files };
}

function planShadows(
  input: RootPlanInput,
  missing: readonly { readonly path: string; readonly isFile: boolean }[],
  add: (line: string) => void,
): ShadowFolder[] {
  const byFolder = new Map<string, { readonly path: string; readonly isFile: boolean }[]>();
  for (const place of missing) {
    const folder = deepestFolder(place.path);
    byFolder.set(folder, [...(byFolder.get(folder) ?? []), place]);
  }
  const parents = [...byFolder.keys()].sort((a, b) => depth(a) - depth(b));
  return parents.map((folder, index) => {
    const wanted = byFolder.get(folder) ?? [];
    const standIn = posix.join(input.scratch, `shadow-${index}`);
    const target = posix.join(input.root, folder);
    const made = wanted.map(({ path, isFile }) => ({ path: posix.relative(folder, path), isFile }));
    const folders = made.filter(({ isFile }) => !isFile).map(({ path }) => path);
    const files = made.filter(({ isFile }) => isFile).map(({ path }) => path);
    // An overlay does not show what is mounted below its lower layer.
    const hasMounts = input.hostMounts.some(({ mountPoint }) => mountPoint !== folder && isWithin(mountPoint, folder));
    if (input.overlay && !hasMounts) {
      add(fstabLine('overlay', target, 'overlay', `ro,lowerdir=${overlayPath(standIn)}:${overlayPath(folder)}`));
      return { folder, standIn, folders, files, links: [] };
    }
    const entries = folderEntries(folder);
    add(fstabLine(standIn, target, 'none', 'bind,ro'));
    for (const entry of entries) {
      if (entry.kind === 'link') continue;
      const source = posix.join(folder, entry.name);
      const options = bindOptions(input.hostMounts, source, { readOnly: true });
      add(fstabLine(source, posix.join(target, entry.name), 'none', options));
    }
    return {
      folder,
      standIn,
      folders: [...folders, ...entries.filter(({ kind }) => kind === 'folder').map(({ name }) => name)],
      files: [...files, ...entries.filter(({ kind }) => kind === 'file').map(({ name }) => name)],
      links: entries.flatMap(({ name, target: to }) => (to === undefined ? [] : [[name, to] as const])),
    };
  });
}

/**
 * The options of a recursive bind. In a user namespace the kernel refuses to drop a flag that the source's mount had
 * from outside (mount_namespaces(7), "locked"), so they are all kept.
 */
function bindOptions(
  hostMounts: readonly MountEntry[],
  source: string,
  { readOnly, noDevices = false }: { readonly readOnly: boolean; readonly noDevices?: boolean },
): string {
  const kept = mountOf(hostMounts, source)?.options ?? [];
  const flags = kept.filter((option) => /^(?:nosuid|nodev|noexec|noatime|nodiratime|relatime)$/.test(option));
  const isReadOnly = readOnly || kept.includes('ro');
  if (!isReadOnly && !noDevices) return 'rbind';
  const wanted = [...(isReadOnly ? ['ro'] : []), ...flags, ...(noDevices ? ['nodev'] : [])];
  return ['rbind', ...new Set(wanted)].join(',');
}

/**
 * Lines that make read-only what is mounted below `source`, once that is bound to `target`: `ro` on a bind is about its
 * topmost mount alone, so cgroups below /sys, or a file below /etc that the machine's own container engine put there,
 * could be written still.
 */
function readOnlyBelow(hostMounts: readonly MountEntry[], source: string, target: string): string[] {
  const below = hostMounts
    .map(({ mountPoint }) => mountPoint)
    .filter((path) => path !== source && isWithin(path, source) && isThere(path));
  return [...new Set(below)]
    .sort((a, b) => depth(a) - depth(b))
    .map((path) => {
      const at = posix.join(target, posix.relative(source, path));
      return fstabLine(at, at, 'none', bindOptions(hostMounts, path, { readOnly: true }));
    });
}

/** False for what another mount has covered, and for what root itself may not look at. */
function isThere(path: string): boolean {
  try {
    return statSync(path, { throwIfNoEntry: false }) !== undefined;
  } catch {
    return false;
  }
}

/** One line of an fstab; blanks and the like are escaped as getmntent(3) says. */
export function fstabLine(source: string, target: string, type: string, options: string): string {
  return [source, target, type, options].map(escapeField).join(' ');
}

function escapeField(text: string): string {
  return text.replace(/[\s\\#]/g, (char) => `\\${char.charCodeAt(0).toString(8).padStart(3, '0')}`);
}

function overlayPath(path: string): string {
  return path.replace(/[\\:,]/g, (char) => `\\${char}`);
}

function depth(path: string): number {
  return path.split('/').filter(Boolean).length;
}
