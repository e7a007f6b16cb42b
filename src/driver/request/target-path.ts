import { isAbsolute, posix } from 'node:path';
import { KeyferryError, trimEndSlashes } from '#base';

// PATH_MAX of Linux.
const MAX_LENGTH = 4096;

/**
 * Checks the target path of a CSI request and answers it without a slash at its end. Here is mounted and removed as root:
 * a path like `/`, `/data` or one with `..` can only be a mistake. Not held against kubelet's folder, which the driver is
 * not told and which differs from cluster to cluster; who may ask is decided by the socket, which is root's alone.
 */
export function parseTargetPath(path: string): string {
  if (path === '') throw new KeyferryError('invalid-input', 'Target path missing in request');
  if (path.length > MAX_LENGTH) {
    throw new KeyferryError('invalid-input', `Target path is longer than ${MAX_LENGTH} characters`);
  }
  if (!isAbsolute(path)) throw new KeyferryError('invalid-input', `Target path ${path} is not absolute`);
  const plain = trimEndSlashes(path);
  if (plain.includes('\0') || posix.normalize(plain) !== plain || plain.split('/').length < 3) {
    throw new KeyferryError('invalid-input', `Target path ${JSON.stringify(path)} is no volume's path`);
  }
  return plain;
}
