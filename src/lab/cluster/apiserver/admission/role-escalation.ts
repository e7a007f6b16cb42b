import type { KubeObject } from '#kube';
import { createAuthorizer, type Authorizer, type PolicyRule } from '../auth/authorizer.ts';
import { quoted, renderRules, uncoveredRules } from '../auth/escalation.ts';
import { jsonEqual, recordOf } from '../json.ts';
import type { UserInfo } from '../operations/context.ts';
import { forbidden, notFound } from '../status-errors.ts';
import type { AdmissionStep } from './admission.ts';

const RBAC = 'rbac.authorization.k8s.io';
const EVERYTHING: readonly PolicyRule[] = [
  { verbs: ['*'], apiGroups: ['*'], resources: ['*'] },
  { verbs: ['*'], nonResourceURLs: ['*'] },
];

/**
 * Nobody hands out more rights than they hold (Kubernetes documentation, "Using RBAC Authorization", privilege escalation
 * prevention): who writes a role must hold all of its rules or the verb `escalate` on it, and who binds one must hold all
 * that it allows or the verb `bind` on it.
 */
export const checkRoleEscalation: AdmissionStep = (context, { target, object, old, options }) => {
  const { kind, namespace, name } = target;
  const { user } = options;
  if (kind.group !== RBAC || user.groups.includes('system:masters')) return object;
  const authorizer = createAuthorizer(context.storage);
  const may = (verb: string, resource: string, roleName: string) =>
    authorizer.allows(user, { type: 'resource', verb, group: RBAC, resource, namespace, name: roleName }) !== undefined;
  const grant = (rules: readonly PolicyRule[]) => {
    const missing = uncoveredRules(authorizer.rulesFor(user, namespace), rules);
    if (missing.length > 0) throw forbidden(kind, name, refusal(user, missing));
  };

  if (kind.kind === 'Role' || kind.kind === 'ClusterRole') {
    if (isSame(object, old, ['rules', 'aggregationRule']) || may('escalate', kind.resource, name)) return object;
    // an aggregating role takes in whatever will match later, so only who holds everything may write one
    grant(object['aggregationRule'] === undefined ? ((object['rules'] ?? []) as readonly PolicyRule[]) : EVERYTHING);
    return object;
  }
  const roleRef = recordOf(object['roleRef']);
  const roleName = String(roleRef['name']);
  const resource = roleRef['kind'] === 'Role' ? 'roles' : 'clusterroles';
  if (isSame(object, old, ['roleRef', 'subjects']) || may('bind', resource, roleName)) return object;
  grant(boundRules(authorizer, object, resource, roleName));
  return object;
};

function boundRules(
  authorizer: Authorizer,
  binding: KubeObject,
  resource: string,
  roleName: string,
): readonly PolicyRule[] {
  const rules = authorizer.rulesOf(binding);
  if (rules === undefined) throw notFound({ group: RBAC, resource }, roleName);
  return rules;
}

function isSame(object: KubeObject, old: KubeObject | undefined, fields: readonly string[]): boolean {
  return old !== undefined && fields.every((field) => jsonEqual(object[field], old[field]));
}

function refusal({ username, groups }: UserInfo, missing: readonly PolicyRule[]): string {
  return `user ${JSON.stringify(username)} (groups=${quoted(groups)}) is attempting to grant RBAC permissions not currently held:\n${renderRules(missing)}`;
}
