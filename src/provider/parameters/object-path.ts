const MAX_PATH_LENGTH = 4096;
const MAX_NAME_LENGTH = 255;

/** Why `path` cannot be a file of a volume; undefined when it can. The driver looks again before it writes. */
export function filePathIssue(path: string): string | undefined {
  if (path.startsWith('/')) return 'file name must be a relative path';
  if (path.includes('..')) return "file name must not contain '..'";
  if (path.includes('\0') || path.includes('\\')) return 'file name must not contain a backslash or a zero byte';
  const parts = path.split('/');
  if (parts.some((part) => part === '' || part === '.')) return 'file name must not contain empty parts or "."';
  if (Buffer.byteLength(path) > MAX_PATH_LENGTH || parts.some((part) => Buffer.byteLength(part) > MAX_NAME_LENGTH)) {
    return `file name is too long: at most ${MAX_NAME_LENGTH} bytes a part, ${MAX_PATH_LENGTH} in all`;
  }
  return undefined;
}
