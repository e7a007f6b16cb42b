import { isAbsolute, posix } from 'node:path';
import { inputError, type Issue } from '#base';
import type { ProviderFile } from '#providerapi';

// Limits of Linux: NAME_MAX, PATH_MAX.
const MAX_NAME_BYTES = 255;
const MAX_PATH_BYTES = 4096;
/** A folder is an inode of the node, which a volume's size limit does not count. */
const MAX_FOLDERS = 32;

/**
 * Checks what a provider wants written, before any of it is: a path never leaves the volume (CVE-2020-8567) and never
 * meets the writer's own names, which start with `..`. Where a path comes twice, the last one wins, as upstream.
 * Throws `invalid-input` with every issue.
 */
export function checkPayload(files: readonly ProviderFile[]): ReadonlyMap<string, ProviderFile> {
  const issues: Issue[] = [];
  const payload = new Map<string, ProviderFile>();
  for (const [index, file] of files.entries()) {
    const problem = problemOfPath(file.path);
    if (problem !== undefined)
      issues.push({ path: `files[${index}].path`, message: `"${file.path.slice(0, MAX_PATH_BYTES)}" ${problem}` });
    if (!Number.isInteger(file.mode) || file.mode < 0 || file.mode > 0o777) {
      issues.push({ path: `files[${index}].mode`, message: `${file.mode} is no file mode between 0 and 0777 octal` });
    }
    payload.set(file.path, file);
  }
  issues.push(...folderIssues([...payload.keys()]));
  if (issues.length > 0) throw inputError('the provider returned files that cannot be written', issues);
  return payload;
}

/** Files that are folders of others. With the slash sorted before every other character, what is in a folder follows it. */
function folderIssues(paths: readonly string[]): Issue[] {
  const sorted = paths.map((path) => path.replaceAll('/', '\0')).toSorted((a, b) => (a < b ? -1 : 1));
  const issues: Issue[] = [];
  let file: string | undefined;
  for (const key of sorted) {
    if (file === undefined || !key.startsWith(`${file}\0`)) {
      file = key;
      continue;
    }
    const [parent, path] = [file, key].map((each) => each.replaceAll('\0', '/'));
    issues.push({ path: path ?? '', message: `"${parent}" is a file, and a folder of "${path}"` });
  }
  return issues;
}

function problemOfPath(path: string): string | undefined {
  if (Buffer.byteLength(path) > MAX_PATH_BYTES) return `is longer than ${MAX_PATH_BYTES} bytes`;
  if (path === '' || path === '.') return 'is empty';
  if (path.includes('\0')) return 'contains a null byte';
  // Half a character has no bytes of its own: two such names would be one file.
  if (Buffer.from(path).toString() !== path) return 'is no UTF-8';
  if (isAbsolute(path)) return 'must be a relative path';
  if (path.split('/').includes('..')) return "must not contain '..'";
  if (path.startsWith('..')) return "must not start with '..'";
  if (posix.normalize(path) !== path || path.endsWith('/')) return 'is not in its shortest form';
  if (path.split('/').length > MAX_FOLDERS + 1) return `lies in more than ${MAX_FOLDERS} folders`;
  if (path.split('/').some((name) => Buffer.byteLength(name) > MAX_NAME_BYTES)) {
    return `has a name that is longer than ${MAX_NAME_BYTES} bytes`;
  }
  return undefined;
}
