import { isRecord, recordOf, type JsonRecord } from '../json.ts';
import type { FieldIssue } from '../status-errors.ts';
import { recordsIn } from './core-strategies.ts';
import { choiceIssues, forbiddenIssue, invalidIssue, requiredIssue } from './field-issues.ts';
import { labelNameIssue, subdomainIssue } from './names.ts';
import { innerPathIssues, volumePathIssues } from './path-issues.ts';

// What kube-apiserver refuses of a pod's volumes, and of where containers mount them (pkg/apis/core/validation).

/** What is wrong with the name of a volume or of a container at `path`. */
export function nameIssues(path: string, name: unknown): FieldIssue[] {
  if (typeof name !== 'string' || name === '') return [requiredIssue(`${path}.name`)];
  const issue = labelNameIssue(`${path}.name`, name);
  return issue === undefined ? [] : [issue];
}

/** What is wrong with a volume at `path`. */
export function volumeIssues(path: string, volume: JsonRecord): FieldIssue[] {
  const sources = Object.keys(volume).filter((field) => field !== 'name');
  return [
    ...nameIssues(path, volume['name']),
    ...sources.slice(1).map((extra) => forbiddenIssue(`${path}.${extra}`, 'may not specify more than 1 volume type')),
    ...csiIssues(`${path}.csi`, volume['csi']),
    ...(isRecord(volume['secret']) && !volume['secret']['secretName']
      ? [requiredIssue(`${path}.secret.secretName`)]
      : []),
    ...(isRecord(volume['configMap']) && !volume['configMap']['name'] ? [requiredIssue(`${path}.configMap.name`)] : []),
    ...['secret', 'configMap', 'downwardAPI', 'projected'].flatMap((field) =>
      modeIssues(`${path}.${field}.defaultMode`, recordOf(volume[field])['defaultMode']),
    ),
    ...volumePathIssues(path, volume),
    ...recordsIn(volume['projected'], 'sources').flatMap((source, index) =>
      tokenIssues(`${path}.projected.sources[${index}].serviceAccountToken`, source['serviceAccountToken']),
    ),
  ];
}

/** A CSI volume names its driver, a DNS name, and the Secret of a nodePublishSecretRef (validateCSIVolumeSource). */
function csiIssues(path: string, source: unknown): FieldIssue[] {
  if (!isRecord(source)) return [];
  const { driver, nodePublishSecretRef } = source;
  const name = typeof driver === 'string' ? driver : '';
  const issue = subdomainIssue(`${path}.driver`, name);
  return [
    ...(name === '' ? [requiredIssue(`${path}.driver`)] : []),
    ...(issue === undefined ? [] : [issue]),
    ...(isRecord(nodePublishSecretRef) && !nodePublishSecretRef['name']
      ? [requiredIssue(`${path}.nodePublishSecretRef.name`)]
      : []),
  ];
}

function modeIssues(field: string, mode: unknown): FieldIssue[] {
  return typeof mode === 'number' && (mode < 0 || mode > 0o777)
    ? [invalidIssue(field, mode, 'must be a number between 0 and 0777 (octal), both inclusive')]
    : [];
}

function tokenIssues(path: string, token: unknown): FieldIssue[] {
  if (!isRecord(token) || Number(token['expirationSeconds'] ?? 3600) >= 600) return [];
  const value = token['expirationSeconds'];
  return [invalidIssue(`${path}.expirationSeconds`, value, 'may not specify a duration less than 10 minutes')];
}

/** What is wrong with the mounts of a container at `path`, whose pod has volumes of these names. */
export function mountIssues(path: string, container: JsonRecord, volumeNames: ReadonlySet<unknown>): FieldIssue[] {
  const isPrivileged = recordOf(container['securityContext'])['privileged'] === true;
  const paths = new Set<unknown>();
  return recordsIn(container, 'volumeMounts').flatMap((mount, index) => {
    const at = `${path}.volumeMounts[${index}]`;
    const { name, mountPath, subPath, subPathExpr } = mount;
    const isTwice = paths.has(mountPath);
    paths.add(mountPath);
    return [
      ...(name ? [] : [requiredIssue(`${at}.name`)]),
      ...(name && !volumeNames.has(name)
        ? [{ field: `${at}.name`, reason: 'FieldValueNotFound' as const, value: name }]
        : []),
      ...(mountPath ? [] : [requiredIssue(`${at}.mountPath`)]),
      ...(mountPath && isTwice ? [invalidIssue(`${at}.mountPath`, mountPath, 'must be unique')] : []),
      // kube-apiserver leaves the index out from here on
      ...innerPathIssues(`${path}.volumeMounts.subPath`, subPath),
      ...innerPathIssues(`${path}.volumeMounts.subPathExpr`, subPathExpr),
      ...(subPath && subPathExpr
        ? [invalidIssue(`${at}.subPathExpr`, subPathExpr, 'subPathExpr and subPath are mutually exclusive')]
        : []),
      ...sharingIssues(`${path}.volumeMounts`, mount, isPrivileged),
    ];
  });
}

/** How mounts are shared with the node, and how deep a mount is read-only (validateMountPropagation, validateMountRecursiveReadOnly). */
function sharingIssues(path: string, mount: JsonRecord, isPrivileged: boolean): FieldIssue[] {
  const { mountPropagation, recursiveReadOnly, readOnly } = mount;
  const deep = recursiveReadOnly !== undefined && recursiveReadOnly !== 'Disabled';
  return [
    ...choiceIssues(`${path}.mountPropagation`, mountPropagation, ['Bidirectional', 'HostToContainer', 'None']),
    ...(mountPropagation === 'Bidirectional' && !isPrivileged
      ? [
          forbiddenIssue(
            `${path}.mountPropagation`,
            'Bidirectional mount propagation is available only to privileged containers',
          ),
        ]
      : []),
    ...(deep && readOnly !== true
      ? [forbiddenIssue(`${path}.recursiveReadOnly`, 'may only be specified when readOnly is true')]
      : []),
  ];
}
