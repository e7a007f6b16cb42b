// oxlint-disable vitest/no-standalone-expect -- cases are run inside of the tests of conformance.test.ts
import { expect } from 'vitest';
import { answered, configMap, eventually, refused, type Case, type World } from '../support/case.ts';
import type { Answer, Body } from '../support/cluster-client.ts';

const AUTHORIZATION = { apiVersion: 'authorization.k8s.io/v1' };

const review = ({ call }: World, kind: string, spec: object): Promise<Answer> =>
  call({
    method: 'POST',
    path: `/apis/authorization.k8s.io/v1/${kind.toLowerCase()}s`,
    body: { ...AUTHORIZATION, kind, spec },
  });

const rbac = (kind: string, name: string, rest: object): Body => ({
  apiVersion: 'rbac.authorization.k8s.io/v1',
  kind,
  metadata: { name },
  ...rest,
});

/** Reads the ConfigMaps of the run as somebody else. */
const listAs = ({ call, path }: World, user: string): Promise<Answer> =>
  call({ method: 'GET', path: path('configmaps'), headers: { 'impersonate-user': user } });

/** Who may do what. */
export const ACCESS_CASES: readonly Case[] = [
  {
    id: 'access/who-am-i',
    claim: 'a review says who asks',
    run: async ({ call }) => {
      const body = { apiVersion: 'authentication.k8s.io/v1', kind: 'SelfSubjectReview' };
      const answer = await call({ method: 'POST', path: '/apis/authentication.k8s.io/v1/selfsubjectreviews', body });
      expect(answered(answer, 201).status.userInfo.groups).toContain('system:authenticated');
    },
  },
  {
    id: 'access/may-i',
    claim: 'a review says whether they may',
    run: async (world) => {
      const resourceAttributes = { verb: 'create', resource: 'configmaps', namespace: world.namespace };
      expect(answered(await review(world, 'SelfSubjectAccessReview', { resourceAttributes }), 201).status.allowed).toBe(
        true,
      );
    },
  },
  {
    id: 'access/may-nobody',
    claim: 'a review says that somebody without rights may not',
    run: async (world) => {
      const resourceAttributes = { verb: 'list', resource: 'secrets', namespace: world.namespace };
      const spec = { user: 'nobody-in-particular', resourceAttributes };
      expect(answered(await review(world, 'SubjectAccessReview', spec), 201).status.allowed).toBe(false);
    },
  },
  {
    id: 'access/rules',
    claim: 'a review lists what they may',
    run: async (world) => {
      const { status } = answered(await review(world, 'SelfSubjectRulesReview', { namespace: world.namespace }), 201);
      expect(status.resourceRules.length).toBeGreaterThan(0);
      expect(status).toHaveProperty('nonResourceRules');
    },
  },
  {
    id: 'access/rules-namespace',
    claim: 'such a review is about one namespace',
    run: async (world) => {
      expect((await review(world, 'SelfSubjectRulesReview', {})).code).toBe(400);
    },
  },
  {
    id: 'access/forbidden',
    claim: 'who has no right is told which one',
    run: async (world) => {
      const user = 'nobody-in-particular';
      refused(
        await listAs(world, user),
        403,
        'Forbidden',
        `configmaps is forbidden: User "${user}" cannot list resource "configmaps" in API group "" in the namespace "${world.namespace}"`,
      );
    },
  },
  {
    id: 'access/role',
    claim: 'a role that is bound gives its rights',
    run: async (world) => {
      const [role, user] = [world.name(), world.name('user')];
      const root = 'rbac.authorization.k8s.io/v1';
      const rules = [{ apiGroups: [''], resources: ['configmaps'], verbs: ['list'] }];
      answered(await world.create(`${root}/roles`, rbac('Role', role, { rules })), 201);
      const binding = rbac('RoleBinding', role, {
        roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: role },
        subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: user }],
      });
      answered(await world.create(`${root}/rolebindings`, binding), 201);
      const { code } = await eventually(
        () => listAs(world, user),
        (answer) => answer.code === 200,
      );
      expect(code).toBe(200);
    },
  },
  {
    id: 'access/role-fixed',
    claim: 'a binding keeps its role',
    run: async (world) => {
      const one = world.name();
      const resource = 'rbac.authorization.k8s.io/v1/rolebindings';
      const roleRef = { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'view' };
      const made = answered(await world.create(resource, rbac('RoleBinding', one, { roleRef })), 201);
      const answer = await world.update(resource, one, { ...made, roleRef: { ...roleRef, name: 'edit' } });
      refused(answer, 422, 'Invalid', 'cannot change roleRef');
    },
  },
  {
    id: 'access/bad-token',
    claim: 'a token that nobody gave out is not accepted',
    run: async ({ call, path }) => {
      refused(await call({ method: 'GET', path: path('configmaps'), token: 'nonsense' }), 401, 'Unauthorized');
    },
  },
  {
    id: 'access/impersonate',
    claim: 'an administrator may act as another, who is in the group of the authenticated',
    run: async ({ call }) => {
      const body = { apiVersion: 'authentication.k8s.io/v1', kind: 'SelfSubjectReview' };
      const answer = await call({
        method: 'POST',
        path: '/apis/authentication.k8s.io/v1/selfsubjectreviews',
        body,
        headers: { 'impersonate-user': 'jane', 'impersonate-group': 'team' },
      });
      const { userInfo } = answered(answer, 201).status;
      expect(userInfo).toMatchObject({ username: 'jane' });
      expect(userInfo.groups).toEqual(expect.arrayContaining(['team', 'system:authenticated']));
    },
  },
  {
    id: 'access/impersonate-more',
    claim:
      "an administrator may act with another's uid and what else is known of them; groups that are named stand alone",
    run: async ({ call, namespace }) => {
      const answer = await call({
        method: 'POST',
        path: '/apis/authentication.k8s.io/v1/selfsubjectreviews',
        body: { apiVersion: 'authentication.k8s.io/v1', kind: 'SelfSubjectReview' },
        headers: {
          'impersonate-user': `system:serviceaccount:${namespace}:default`,
          'impersonate-group': 'team',
          'impersonate-uid': 'u-7',
          'impersonate-extra-scopes': 'one',
        },
      });
      const { userInfo } = answered(answer, 201).status;
      expect(userInfo).toMatchObject({ uid: 'u-7', extra: { scopes: ['one'] } });
      expect(userInfo.groups).toEqual(['team', 'system:authenticated']);
    },
  },
  {
    id: 'access/escalation',
    claim: 'nobody gives rights that they do not have',
    run: async (world) => {
      const [one, user] = [world.name(), world.name('user')];
      const root = 'rbac.authorization.k8s.io/v1';
      const rules = [{ apiGroups: ['rbac.authorization.k8s.io'], resources: ['roles'], verbs: ['create'] }];
      answered(await world.create(`${root}/roles`, rbac('Role', one, { rules })), 201);
      const binding = rbac('RoleBinding', one, {
        roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: one },
        subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: user }],
      });
      answered(await world.create(`${root}/rolebindings`, binding), 201);
      const wide = rbac('Role', `${one}-wide`, {
        rules: [{ apiGroups: [''], resources: ['secrets'], verbs: ['get'] }],
      });
      const tryIt = () =>
        world.call({
          method: 'POST',
          path: world.path(`${root}/roles`),
          body: wide,
          headers: { 'impersonate-user': user },
        });
      const answer = await eventually(tryIt, ({ text }) => text.includes('is attempting to grant'));
      refused(answer, 403, 'Forbidden', 'is attempting to grant RBAC permissions not currently held');
    },
  },
  {
    id: 'access/service-account',
    claim: 'a service account without rights reads no Secret',
    run: async (world) => {
      answered(await world.create('configmaps', configMap(world.name())), 201);
      const user = `system:serviceaccount:${world.namespace}:default`;
      const answer = await world.call({
        method: 'GET',
        path: world.path('secrets'),
        headers: { 'impersonate-user': user },
      });
      refused(answer, 403, 'Forbidden', `User "${user}" cannot list resource "secrets"`);
    },
  },
];
