import type { KubeObject } from '#kube';
import { jsonEqual, recordOf } from '../json.ts';
import type { FieldIssue } from '../status-errors.ts';
import { recordsIn } from './core-strategies.ts';
import type { Strategy } from './kind.ts';

const RBAC = 'rbac.authorization.k8s.io';

/** Roles and ClusterRoles: each rule names verbs and what they are for. */
export const roleStrategy: Strategy = {
  validate: (object) =>
    recordsIn(object, 'rules').flatMap((rule, index): FieldIssue[] => {
      const field = `rules[${index}]`;
      const issues: FieldIssue[] = [];
      const empty = (name: string) => !Array.isArray(rule[name]) || rule[name].length === 0;
      if (empty('verbs')) {
        issues.push({
          field: `${field}.verbs`,
          reason: 'FieldValueRequired',
          detail: 'verbs must contain at least one value',
        });
      }
      if (!empty('nonResourceURLs')) {
        if (object.kind === 'Role') {
          issues.push({
            field: `${field}.nonResourceURLs`,
            reason: 'FieldValueInvalid',
            value: rule['nonResourceURLs'],
            detail: 'namespaced rules cannot apply to non-resource URLs',
          });
        }
        return issues;
      }
      for (const [name, what] of [
        ['apiGroups', 'resource rules must supply at least one api group'],
        ['resources', 'resource rules must supply at least one resource'],
      ] as const) {
        if (empty(name)) issues.push({ field: `${field}.${name}`, reason: 'FieldValueRequired', detail: what });
      }
      return issues;
    }),
};

/** Bindings: the role is fixed once, subjects have the API group of their kind. */
export const bindingStrategy: Strategy = {
  defaults: (object) => {
    const subjects = recordsIn(object, 'subjects');
    return {
      ...object,
      roleRef: { apiGroup: RBAC, ...recordOf(object['roleRef']) },
      ...(subjects.length === 0 ? {} : { subjects: subjects.map(withApiGroup) }),
    };
  },
  validate: (object, old) => [...roleRefIssues(object, old), ...subjectIssues(object)],
};

function withApiGroup(subject: Record<string, unknown>): Record<string, unknown> {
  return subject['kind'] === 'ServiceAccount' ? subject : { apiGroup: RBAC, ...subject };
}

function roleRefIssues(object: KubeObject, old: KubeObject | undefined): FieldIssue[] {
  const { kind, name } = recordOf(object['roleRef']);
  const allowed = object.kind === 'ClusterRoleBinding' ? ['ClusterRole'] : ['Role', 'ClusterRole'];
  const issues: FieldIssue[] = [];
  if (!allowed.includes(String(kind))) {
    issues.push({
      field: 'roleRef.kind',
      reason: 'FieldValueNotSupported',
      value: kind,
      detail: `supported values: ${allowed.map((text) => JSON.stringify(text)).join(', ')}`,
    });
  }
  if (!name) issues.push({ field: 'roleRef.name', reason: 'FieldValueRequired' });
  if (old !== undefined && !jsonEqual(old['roleRef'], object['roleRef'])) {
    issues.push({
      field: 'roleRef',
      reason: 'FieldValueInvalid',
      value: object['roleRef'],
      detail: 'cannot change roleRef',
    });
  }
  return issues;
}

function subjectIssues(object: KubeObject): FieldIssue[] {
  return recordsIn(object, 'subjects').flatMap(({ kind, name, namespace }, index): FieldIssue[] => {
    const field = `subjects[${index}]`;
    const issues: FieldIssue[] = [];
    if (!name) issues.push({ field: `${field}.name`, reason: 'FieldValueRequired' });
    if (kind === 'ServiceAccount' && !namespace)
      issues.push({ field: `${field}.namespace`, reason: 'FieldValueRequired' });
    if (!['ServiceAccount', 'User', 'Group'].includes(String(kind))) {
      issues.push({
        field: `${field}.kind`,
        reason: 'FieldValueNotSupported',
        value: kind,
        detail: 'supported values: "Group", "ServiceAccount", "User"',
      });
    }
    return issues;
  });
}
