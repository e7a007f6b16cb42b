import { isRecord, type JsonRecord, recordOf } from '../json.ts';
import type { FieldIssue } from '../status-errors.ts';
import { recordsIn } from './core-strategies.ts';
import { choiceIssues, invalidIssue, requiredIssue } from './field-issues.ts';

/** A path with no part `..` (validatePathNoBacksteps of Kubernetes' pkg/apis/core/validation). */
function backstepIssues(field: string, path: string): FieldIssue[] {
  return path.split('/').includes('..') ? [invalidIssue(field, path, "must not contain '..'")] : [];
}

/** What is wrong with a path within a volume, such as a subPath (validateLocalDescendingPath). */
export function innerPathIssues(field: string, path: unknown): FieldIssue[] {
  if (typeof path !== 'string') return [];
  return [
    ...(path.startsWith('/') ? [invalidIssue(field, path, 'must be a relative path')] : []),
    ...backstepIssues(field, path),
  ];
}

/** What is wrong with the path of a file that kubelet writes: names that begin with `..` are its own (validateLocalNonReservedPath). */
export function filePathIssues(field: string, path: unknown): FieldIssue[] {
  if (typeof path !== 'string' || path === '') return [requiredIssue(field)];
  const issues = innerPathIssues(field, path);
  const isReserved = path.startsWith('..') && !path.startsWith('../') && path !== '..';
  return isReserved ? [...issues, invalidIssue(field, path, "must not start with '..'")] : issues;
}

const HOST_PATH_TYPES = [
  '',
  'BlockDevice',
  'CharDevice',
  'Directory',
  'DirectoryOrCreate',
  'File',
  'FileOrCreate',
  'Socket',
];

/** What is wrong with the hostPath of a volume or of a persistent volume. */
export function hostPathIssues(field: string, source: unknown): FieldIssue[] {
  if (!isRecord(source)) return [];
  const { path, type } = source;
  if (typeof path !== 'string' || path === '') return [requiredIssue(`${field}.path`)];
  return [...backstepIssues(`${field}.path`, path), ...choiceIssues(`${field}.type`, type, HOST_PATH_TYPES)];
}

/** What is wrong with the paths that a volume of a pod names. */
export function volumePathIssues(path: string, volume: JsonRecord): FieldIssue[] {
  const projected = recordsIn(volume['projected'], 'sources');
  return [
    ...hostPathIssues(`${path}.hostPath`, volume['hostPath']),
    ...itemIssues(`${path}.secret`, volume['secret']),
    ...itemIssues(`${path}.configMap`, volume['configMap']),
    ...downwardIssues(`${path}.downwardAPI`, volume['downwardAPI']),
    ...projected.flatMap((source, index) => {
      const at = `${path}.projected.sources[${index}]`;
      const token = source['serviceAccountToken'];
      return [
        ...itemIssues(`${at}.secret`, source['secret']),
        ...itemIssues(`${at}.configMap`, source['configMap']),
        ...downwardIssues(`${at}.downwardAPI`, source['downwardAPI']),
        ...(isRecord(token) ? filePathIssues(`${path}.projected.path`, token['path']) : []),
      ];
    }),
  ];
}

/** KeyToPath: which key of an object becomes which file. */
function itemIssues(path: string, source: unknown): FieldIssue[] {
  return recordsIn(recordOf(source), 'items').flatMap((item, index) => {
    const at = `${path}.items[${index}]`;
    return [...(item['key'] ? [] : [requiredIssue(`${at}.key`)]), ...filePathIssues(`${at}.path`, item['path'])];
  });
}

function downwardIssues(path: string, source: unknown): FieldIssue[] {
  return recordsIn(recordOf(source), 'items').flatMap((item, index) =>
    filePathIssues(`${path}.items[${index}].path`, item['path']),
  );
}
