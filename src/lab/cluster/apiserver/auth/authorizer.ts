import type { KubeObject } from '#kube';
import { recordOf, recordsOf } from '../json.ts';
import type { UserInfo } from '../operations/context.ts';
import { matchesLabels, requirementsOf } from '../selectors/label-selector.ts';
import type { ObjectStorage } from '../storage/object-storage.ts';

/** What somebody wants to do. */
export type Attributes = ResourceAttributes | PathAttributes;

/** An action on a resource. */
export interface ResourceAttributes {
  readonly type: 'resource';
  readonly verb: string;
  readonly group: string;
  readonly resource: string;
  readonly subresource?: string | undefined;
  readonly namespace?: string | undefined;
  /** '' or undefined for all objects. */
  readonly name?: string | undefined;
}

/** An action on a path that is no resource. */
export interface PathAttributes {
  readonly type: 'path';
  readonly verb: string;
  readonly path: string;
}

/** A rule of a Role or ClusterRole (rbac.authorization.k8s.io/v1 PolicyRule). */
export interface PolicyRule {
  readonly verbs: readonly string[];
  readonly apiGroups?: readonly string[];
  readonly resources?: readonly string[];
  readonly resourceNames?: readonly string[];
  readonly nonResourceURLs?: readonly string[];
}

/** Decides by the roles and bindings that are stored. */
export interface Authorizer {
  /** Why the user may do it, or undefined when no rule allows it. */
  allows(user: UserInfo, attributes: Attributes): string | undefined;
  /** What the role of a binding allows; undefined when there is no such role. */
  rulesOf(binding: KubeObject): readonly PolicyRule[] | undefined;
  /** Every rule that holds for the user in a namespace. */
  rulesFor(user: UserInfo, namespace: string | undefined): readonly PolicyRule[];
}

const RBAC = 'rbac.authorization.k8s.io';
const MASTERS = 'system:masters';

/** RBAC as Kubernetes evaluates it: rules only allow, bindings of the cluster count everywhere. */
export function createAuthorizer(storage: ObjectStorage): Authorizer {
  const list = (resource: string, namespace?: string) => storage.list({ group: RBAC, resource }, namespace);

  /** The role's own rules, or those of the roles that its aggregation rule selects. */
  const rulesOfRole = (role: KubeObject, seen: Set<string>): readonly PolicyRule[] => {
    const own = (role['rules'] ?? []) as readonly PolicyRule[];
    const selectors = recordsOf(recordOf(role['aggregationRule'])['clusterRoleSelectors']);
    if (selectors.length === 0) return own;
    seen.add(role.metadata.name ?? '');
    return list('clusterroles')
      .filter(({ metadata }) => !seen.has(metadata.name ?? ''))
      .filter(({ metadata }) => selectors.some((selector) => matchesLabels(requirementsOf(selector), metadata.labels)))
      .flatMap((selected) => rulesOfRole(selected, seen));
  };
  const rulesOf = (binding: KubeObject): readonly PolicyRule[] | undefined => {
    const { kind, name } = recordOf(binding['roleRef']);
    const namespace = kind === 'Role' ? binding.metadata.namespace : undefined;
    const resource = kind === 'Role' ? 'roles' : 'clusterroles';
    const role = storage.get({ group: RBAC, resource }, namespace, String(name));
    return role === undefined ? undefined : rulesOfRole(role, new Set());
  };
  const bindingsFor = (user: UserInfo, namespace: string | undefined) =>
    [...list('clusterrolebindings'), ...(namespace === undefined ? [] : list('rolebindings', namespace))].filter(
      (binding) => bindsUser(binding, user),
    );

  return {
    rulesOf,
    allows: (user, attributes) => {
      if (user.groups.includes(MASTERS)) return `the user is in the group ${MASTERS}`;
      const namespace = attributes.type === 'resource' ? attributes.namespace : undefined;
      for (const binding of bindingsFor(user, namespace)) {
        if (rulesOf(binding)?.some((rule) => ruleAllows(rule, attributes)) === true) return reasonOf(binding);
      }
      return undefined;
    },
    rulesFor: (user, namespace) => {
      if (user.groups.includes(MASTERS)) {
        return [
          { verbs: ['*'], apiGroups: ['*'], resources: ['*'] },
          { verbs: ['*'], nonResourceURLs: ['*'] },
        ];
      }
      return bindingsFor(user, namespace).flatMap((binding) => rulesOf(binding) ?? []);
    },
  };
}

interface Subject {
  readonly kind?: string;
  readonly name?: string;
  readonly namespace?: string;
}

function bindsUser(binding: KubeObject, user: UserInfo): boolean {
  return ((binding['subjects'] ?? []) as readonly Subject[]).some(({ kind, name = '', namespace }) => {
    if (kind === 'User') return name === user.username;
    if (kind === 'Group') return user.groups.includes(name);
    if (kind !== 'ServiceAccount') return false;
    return user.username === `system:serviceaccount:${namespace ?? binding.metadata.namespace ?? ''}:${name}`;
  });
}

/** Whether one rule allows the action (k8s.io/component-helpers auth/rbac/validation). */
export function ruleAllows(rule: PolicyRule, attributes: Attributes): boolean {
  if (!has(rule.verbs, attributes.verb)) return false;
  if (attributes.type === 'path') {
    return (rule.nonResourceURLs ?? []).some(
      (allowed) =>
        allowed === '*' ||
        allowed === attributes.path ||
        (allowed.endsWith('*') && attributes.path.startsWith(allowed.slice(0, -1))),
    );
  }
  const { group, resource, subresource, name } = attributes;
  const full = subresource === undefined || subresource === '' ? resource : `${resource}/${subresource}`;
  const resources = rule.resources ?? [];
  const resourceMatches = has(resources, full) || (full !== resource && resources.includes(`*/${subresource ?? ''}`));
  const names = rule.resourceNames ?? [];
  return has(rule.apiGroups ?? [], group) && resourceMatches && (names.length === 0 || names.includes(name ?? ''));
}

function has(values: readonly string[], wanted: string): boolean {
  return values.includes('*') || values.includes(wanted);
}

function reasonOf(binding: KubeObject): string {
  const { kind, name } = recordOf(binding['roleRef']);
  const where = binding.metadata.namespace === undefined ? '' : ` of ${binding.metadata.namespace}`;
  return `RBAC: allowed by ${binding.kind} "${binding.metadata.name ?? ''}"${where} of ${String(kind)} "${String(name)}"`;
}

/** What a refusal says: `User "u" cannot get resource "pods" in API group "" in the namespace "default"`. */
export function refusalText(user: UserInfo, attributes: Attributes): string {
  if (attributes.type === 'path') return `User "${user.username}" cannot ${attributes.verb} path "${attributes.path}"`;
  const { verb, group, resource, subresource, namespace } = attributes;
  const full = subresource === undefined || subresource === '' ? resource : `${resource}/${subresource}`;
  const scope =
    namespace === undefined || namespace === '' ? 'at the cluster scope' : `in the namespace "${namespace}"`;
  return `User "${user.username}" cannot ${verb} resource "${full}" in API group "${group}" ${scope}`;
}
