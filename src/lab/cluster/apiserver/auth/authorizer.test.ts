import { describe, expect, it } from 'vitest';
import { createMemoryStore } from '#lab/store';
import { openObjectStorage } from '../storage/object-storage.ts';
import { createAuthorizer, refusalText, ruleAllows, type Attributes, type PolicyRule } from './authorizer.ts';
import { BOOTSTRAP_ROLES } from './bootstrap-roles.ts';

const RBAC = 'rbac.authorization.k8s.io';
const RESOURCES: Readonly<Record<string, string>> = {
  ClusterRole: 'clusterroles',
  ClusterRoleBinding: 'clusterrolebindings',
  Role: 'roles',
  RoleBinding: 'rolebindings',
};

function authorizerWith(...objects: readonly unknown[]) {
  const storage = openObjectStorage({ store: createMemoryStore() });
  for (const object of [...BOOTSTRAP_ROLES, ...(objects as typeof BOOTSTRAP_ROLES)]) {
    storage.put({ group: RBAC, resource: RESOURCES[object.kind] ?? '' }, object);
  }
  return createAuthorizer(storage);
}

const reading = (verb: string, resource: string, more: Partial<Extract<Attributes, { type: 'resource' }>> = {}) =>
  ({ type: 'resource', verb, group: '', resource, namespace: 'default', ...more }) as const;

describe('a rule', () => {
  const rule: PolicyRule = { verbs: ['get', 'list'], apiGroups: [''], resources: ['pods', 'pods/log', '*/scale'] };

  it.each<[string, PolicyRule, Attributes, boolean]>([
    ['its verb and resource', rule, reading('get', 'pods'), true],
    ['no other verb', rule, reading('delete', 'pods'), false],
    ['no other resource', rule, reading('get', 'secrets'), false],
    ['no other group', rule, reading('get', 'pods', { group: 'apps' }), false],
    ['a subresource that it names', rule, reading('get', 'pods', { subresource: 'log' }), true],
    ['no subresource that it does not name', rule, reading('get', 'pods', { subresource: 'exec' }), false],
    ['a subresource of everything', rule, reading('get', 'deployments', { subresource: 'scale' }), true],
    ['only the named objects', { ...rule, resourceNames: ['a'] }, reading('get', 'pods', { name: 'b' }), false],
    ['the named object', { ...rule, resourceNames: ['a'] }, reading('get', 'pods', { name: 'a' }), true],
    ['no list by name', { ...rule, resourceNames: ['a'] }, reading('list', 'pods'), false],
    [
      'everything by stars',
      { verbs: ['*'], apiGroups: ['*'], resources: ['*'] },
      reading('patch', 'x', { group: 'y', subresource: 'z' }),
      true,
    ],
    [
      'paths below a star',
      { verbs: ['get'], nonResourceURLs: ['/openapi/*'] },
      { type: 'path', verb: 'get', path: '/openapi/v3' },
      true,
    ],
    [
      'no other path',
      { verbs: ['get'], nonResourceURLs: ['/version'] },
      { type: 'path', verb: 'get', path: '/versions' },
      false,
    ],
    [
      'no path by a resource rule',
      { verbs: ['*'], apiGroups: ['*'], resources: ['*'] },
      { type: 'path', verb: 'get', path: '/x' },
      false,
    ],
  ])('allows %s', (_name, policy, attributes, expected) => {
    expect(ruleAllows(policy, attributes)).toBe(expected);
  });
});

describe('the authorizer', () => {
  const jane = { username: 'jane', groups: ['devs', 'system:authenticated'] };
  const bind = (kind: 'RoleBinding' | 'ClusterRoleBinding', role: string, subject: object, namespace?: string) => ({
    apiVersion: `${RBAC}/v1`,
    kind,
    metadata: { name: `${role}-${kind}`, ...(namespace === undefined ? {} : { namespace }) },
    roleRef: { apiGroup: RBAC, kind: 'ClusterRole', name: role },
    subjects: [subject],
  });

  it('lets system:masters do everything and nobody else anything', () => {
    const authorizer = authorizerWith();
    expect(authorizer.allows({ username: 'x', groups: ['system:masters'] }, reading('delete', 'nodes'))).toBeDefined();
    expect(authorizer.allows(jane, reading('get', 'pods'))).toBeUndefined();
  });

  it('adds the rules of the roles that an aggregated role selects', () => {
    const authorizer = authorizerWith(bind('RoleBinding', 'edit', { kind: 'User', name: 'jane' }, 'default'));
    expect(authorizer.allows(jane, reading('create', 'pods'))).toBeDefined();
    expect(authorizer.allows(jane, reading('get', 'pods'))).toBeDefined();
    expect(authorizer.allows(jane, reading('get', 'pods', { namespace: 'other' }))).toBeUndefined();
    expect(authorizer.allows(jane, reading('create', 'roles', { group: RBAC }))).toBeUndefined();
  });

  it('knows groups and service accounts', () => {
    const authorizer = authorizerWith(
      bind('ClusterRoleBinding', 'view', { kind: 'Group', name: 'devs' }),
      bind('RoleBinding', 'edit', { kind: 'ServiceAccount', name: 'bot', namespace: 'ci' }, 'default'),
    );
    const bot = { username: 'system:serviceaccount:ci:bot', groups: [] };
    expect(authorizer.allows(jane, reading('list', 'pods', { namespace: 'any' }))).toBeDefined();
    expect(authorizer.allows(jane, reading('get', 'secrets'))).toBeUndefined();
    expect(authorizer.allows(bot, reading('get', 'secrets'))).toBeDefined();
    expect(
      authorizer.allows({ ...bot, username: 'system:serviceaccount:other:bot' }, reading('get', 'secrets')),
    ).toBeUndefined();
  });

  it('refuses in the words of Kubernetes', () => {
    expect(refusalText(jane, reading('get', 'pods', { subresource: 'log' }))).toBe(
      'User "jane" cannot get resource "pods/log" in API group "" in the namespace "default"',
    );
    expect(refusalText(jane, reading('list', 'nodes', { namespace: undefined }))).toBe(
      'User "jane" cannot list resource "nodes" in API group "" at the cluster scope',
    );
  });
});
