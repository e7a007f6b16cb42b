import type { KubeObject } from '#kube';
import { jsonEqual, recordOf, textsOf, type JsonRecord } from '../json.ts';
import type { FieldIssue } from '../status-errors.ts';
import { changedIssues, choiceIssues, forbiddenIssue, requiredIssue } from './field-issues.ts';
import { hostPathIssues } from './path-issues.ts';
import type { Strategy } from './kind.ts';

/** A claim with what Kubernetes fills in: it waits for a volume, which is a file system. */
export function withClaimDefaults(claim: JsonRecord): JsonRecord {
  return {
    ...claim,
    spec: { volumeMode: 'Filesystem', ...recordOf(claim['spec']) },
    status: { phase: 'Pending', ...recordOf(claim['status']) },
  };
}

const ACCESS_MODES = ['ReadOnlyMany', 'ReadWriteMany', 'ReadWriteOnce', 'ReadWriteOncePod'];

/** PersistentVolumeClaims: Pending until they are bound (controllers/storage). */
export const claimStrategy: Strategy = {
  defaults: (object) => withClaimDefaults(object) as unknown as KubeObject,
  validate: (object, old) => {
    const spec = recordOf(object['spec']);
    const requests = recordOf(recordOf(spec['resources'])['requests']);
    return [
      ...accessModeIssues(spec),
      ...(requests['storage'] === undefined ? [requiredIssue('spec.resources[storage]')] : []),
      ...(old === undefined ? [] : fixedClaimIssues(spec, recordOf(old['spec']))),
    ];
  },
};

/** PersistentVolumes: kept when released. */
export const volumeStrategy: Strategy = {
  defaults: (object) => ({
    ...object,
    spec: { persistentVolumeReclaimPolicy: 'Retain', volumeMode: 'Filesystem', ...recordOf(object['spec']) },
    status: { phase: 'Pending', ...recordOf(object['status']) },
  }),
  validate: (object) => {
    const spec = recordOf(object['spec']);
    return [
      ...accessModeIssues(spec),
      ...hostPathIssues('spec.hostPath', spec['hostPath']),
      ...(recordOf(spec['capacity'])['storage'] === undefined ? [requiredIssue('spec.capacity')] : []),
      ...choiceIssues('spec.persistentVolumeReclaimPolicy', spec['persistentVolumeReclaimPolicy'], [
        'Delete',
        'Recycle',
        'Retain',
      ]),
    ];
  },
};

/** StorageClasses: volumes are deleted with their claim and bound at once; almost all of one is fixed. */
export const storageClassStrategy: Strategy = {
  defaults: (object) => ({
    ...object,
    reclaimPolicy: object['reclaimPolicy'] ?? 'Delete',
    volumeBindingMode: object['volumeBindingMode'] ?? 'Immediate',
  }),
  validate: (object, old) => [
    ...(object['provisioner'] ? [] : [requiredIssue('provisioner')]),
    ...choiceIssues('reclaimPolicy', object['reclaimPolicy'], ['Delete', 'Retain']),
    ...(old === undefined ? [] : fixedClassIssues(object, old)),
  ],
};

function accessModeIssues(spec: JsonRecord): FieldIssue[] {
  const modes = textsOf(spec['accessModes']);
  if (modes.length === 0) return [requiredIssue('spec.accessModes', 'at least 1 access mode is required')];
  return modes.flatMap((mode) => choiceIssues('spec.accessModes', mode, ACCESS_MODES));
}

function fixedClaimIssues(spec: JsonRecord, before: JsonRecord): FieldIssue[] {
  const fixed = ({
    resources: _resources,
    volumeName: _volume,
    volumeAttributesClassName: _class,
    ...rest
  }: JsonRecord) => rest;
  // The default class is filled in when it is known, also later.
  const filled = before['storageClassName'] === undefined ? { storageClassName: spec['storageClassName'] } : {};
  return jsonEqual(fixed(spec), { ...fixed(before), ...filled })
    ? []
    : [
        forbiddenIssue(
          'spec',
          'spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims',
        ),
      ];
}

function fixedClassIssues(object: KubeObject, old: KubeObject): FieldIssue[] {
  return [
    ...(jsonEqual(object['parameters'], old['parameters'])
      ? []
      : [forbiddenIssue('parameters', 'updates to parameters are forbidden.')]),
    ...(object['provisioner'] === old['provisioner']
      ? []
      : [forbiddenIssue('provisioner', 'updates to provisioner are forbidden.')]),
    ...(object['reclaimPolicy'] === old['reclaimPolicy']
      ? []
      : [forbiddenIssue('reclaimPolicy', 'updates to reclaimPolicy are forbidden.')]),
    ...changedIssues('volumeBindingMode', object['volumeBindingMode'], old['volumeBindingMode']),
  ];
}
