import { realpath, stat } from 'node:fs/promises';
import { dirname, isAbsolute, normalize } from 'node:path';
import { readSmallFile } from './read-small-file.ts';

/** The longest cloud file that is read. Microsoft's own have about 2 KiB. */
export const MAX_CLOUD_FILE_BYTES = 64 * 1024;
/** The mode bits that let everybody write, and that keep what is in a folder its owner's all the same. */
const OTHERS_WRITE = 0o002;
const STICKY = 0o1000;

/** Which files of the node a class may name as its cloud's. */
export interface CloudFileRule {
  /** The folders below which they are (`--cloud-env-folders`); empty: anywhere that is no pod's. */
  readonly folders: readonly string[];
  /** The target of the mount, which tells where kubelet keeps the volumes of pods. */
  readonly targetPath: string;
}

/**
 * Reads the cloud file that a class names. It says which host gets the pod's token, so its content has to be an
 * administrator's: where folders are allowed, it lies in one of them, and of no other path anything is told. Where none are
 * named, any path will do, as upstream has it, but none that a pod may have filled: below kubelet's folder, in /proc, in
 * a folder that everybody may write, or of another owner than root and this process. Throws with a reason that names no
 * content.
 */
export async function readCloudFile(file: string, { folders, targetPath }: CloudFileRule): Promise<string> {
  const named = normalize(file);
  if (folders.length > 0) {
    if (!isAbsolute(named) || !folders.some((folder) => isBelow(named, normalize(folder)))) throw outside();
    const path = await realpath(named);
    // A link leads where it likes; one between two allowed folders is fine.
    const real = await Promise.all(folders.map((folder) => realpath(folder).catch(() => folder)));
    if (!real.some((folder) => isBelow(path, folder))) throw outside();
    return readSmallFile(path, MAX_CLOUD_FILE_BYTES);
  }
  const path = await realpath(named);
  await refuseFileOfPod(path, targetPath);
  return readSmallFile(path, MAX_CLOUD_FILE_BYTES);
}

function outside(): Error {
  return new Error('it is in none of the folders of --cloud-env-folders');
}

/** Throws for a file that a pod may have filled. `path` has no links in it. */
async function refuseFileOfPod(path: string, targetPath: string): Promise<void> {
  const kubelet = /^(.*)\/pods\/[^/]+\/volumes\//.exec(targetPath)?.[1] ?? '';
  const ofPods = ['/proc', ...(kubelet === '' ? [] : [kubelet, await realpath(kubelet).catch(() => kubelet)])];
  if (ofPods.some((folder) => isBelow(path, folder))) throw new Error('it is where pods have their files');
  const [root, file] = await Promise.all([stat('/'), stat(path)]);
  if (!file.isFile()) return;
  // In a user namespace the machine's root is a stranger with another id.
  if (![0, process.getuid?.(), root.uid].includes(file.uid))
    throw new Error('it is neither of root nor of this process');
  if ((file.mode & OTHERS_WRITE) !== 0) throw new Error('everybody may write it');
  for (let folder = dirname(path); folder !== dirname(folder); folder = dirname(folder)) {
    const { mode } = await stat(folder);
    if ((mode & OTHERS_WRITE) !== 0 && (mode & STICKY) === 0) throw new Error(`everybody may write in ${folder}`);
  }
}

function isBelow(path: string, folder: string): boolean {
  return path.startsWith(folder.endsWith('/') ? folder : `${folder}/`);
}
