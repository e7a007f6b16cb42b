import type { KubeObject } from '#kube';
import { textOf, isRecord, jsonEqual, listOf, recordOf, type JsonRecord, recordsOf } from '../json.ts';
import { schemaProblem } from '../schema/custom-validation.ts';
import type { FieldIssue } from '../status-errors.ts';
import { rfc3339 } from '../time.ts';
import type { Strategy } from './kind.ts';

/** CustomResourceDefinitions are served as soon as they are stored, so they are Established from the start. */
export const crdStrategy: Strategy = {
  prepareForCreate: (object, { clock }) => withStatus(object, rfc3339(clock.now())),
  prepareForUpdate: (object, old) => {
    const conditions = recordOf(old['status'])['conditions'];
    return { ...object, status: { ...statusOf(object, old), conditions } };
  },
  defaults: (object) => {
    const spec = recordOf(object['spec']);
    const names = recordOf(spec['names']);
    const kind = textOf(names['kind']);
    return {
      ...object,
      spec: {
        ...spec,
        names: {
          ...names,
          singular: names['singular'] ?? kind.toLowerCase(),
          listKind: names['listKind'] ?? `${kind}List`,
        },
        conversion: spec['conversion'] ?? { strategy: 'None' },
      },
    };
  },
  validate: (object, old) => definitionIssues(object, old),
};

function withStatus(object: KubeObject, now: string): KubeObject {
  const condition = (type: string, reason: string, message: string) => ({
    type,
    status: 'True',
    lastTransitionTime: now,
    reason,
    message,
  });
  const conditions = [
    condition('NamesAccepted', 'NoConflicts', 'no conflicts found'),
    condition('Established', 'InitialNamesAccepted', 'the initial names have been accepted'),
  ];
  return { ...object, status: { ...statusOf(object, undefined), conditions } };
}

function statusOf(object: KubeObject, old: KubeObject | undefined): JsonRecord {
  const spec = recordOf(object['spec']);
  const stored = recordsOf(spec['versions']).find((version) => version['storage'] === true)?.['name'];
  const before = listOf(recordOf(old?.['status'])['storedVersions']);
  return {
    acceptedNames: spec['names'] ?? {},
    storedVersions: [...new Set([...before, ...(stored === undefined ? [] : [stored])])],
  };
}

function definitionIssues(object: KubeObject, old: KubeObject | undefined): FieldIssue[] {
  const spec = recordOf(object['spec']);
  const names = recordOf(spec['names']);
  const issues: FieldIssue[] = [];
  for (const [field, value] of [
    ['spec.group', spec['group']],
    ['spec.scope', spec['scope']],
    ['spec.names.plural', names['plural']],
    ['spec.names.kind', names['kind']],
  ] as const) {
    if (!value) issues.push({ field, reason: 'FieldValueRequired' });
  }
  const expected = `${String(names['plural'])}.${String(spec['group'])}`;
  if (object.metadata.name !== expected) {
    issues.push({
      field: 'metadata.name',
      reason: 'FieldValueInvalid',
      value: object.metadata.name,
      detail: 'must be spec.names.plural+"."+spec.group',
    });
  }
  if (spec['scope'] !== undefined && spec['scope'] !== 'Namespaced' && spec['scope'] !== 'Cluster') {
    issues.push({
      field: 'spec.scope',
      reason: 'FieldValueNotSupported',
      value: spec['scope'],
      detail: 'supported values: "Cluster", "Namespaced"',
    });
  }
  issues.push(...versionIssues(recordsOf(spec['versions'])));
  for (const field of ['group', 'scope'] as const) {
    const before = recordOf(old?.['spec'])[field];
    if (old !== undefined && !jsonEqual(before, spec[field])) {
      issues.push({
        field: `spec.${field}`,
        reason: 'FieldValueInvalid',
        value: spec[field],
        detail: 'field is immutable',
      });
    }
  }
  return issues;
}

function versionIssues(versions: readonly JsonRecord[]): FieldIssue[] {
  const storing = versions.filter((version) => version['storage'] === true);
  const issues: FieldIssue[] = versions.flatMap((version, index): FieldIssue[] => {
    const schema = recordOf(version['schema'])['openAPIV3Schema'];
    const at = `spec.versions[${index}].schema.openAPIV3Schema`;
    if (!isRecord(schema)) return [{ field: at, reason: 'FieldValueRequired' }];
    if (schema['type'] !== 'object') {
      return [{ field: `${at}.type`, reason: 'FieldValueRequired', detail: 'must not be empty at the root' }];
    }
    const problem = schemaProblem(schema);
    return problem === undefined ? [] : [{ field: at, reason: 'FieldValueInvalid', detail: problem }];
  });
  if (storing.length !== 1) {
    issues.push({
      field: 'spec.versions',
      reason: 'FieldValueInvalid',
      value: versions.length,
      detail: 'must have exactly one version marked as storage version',
    });
  }
  return issues;
}
