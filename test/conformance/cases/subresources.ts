// oxlint-disable vitest/no-standalone-expect -- cases are run inside of the tests of conformance.test.ts
import { expect } from 'vitest';
import { answered, deployment, refused, type Case } from '../support/case.ts';

const DEPLOYMENTS = 'apps/v1/deployments';

/** Subresources and generations. */
export const SUBRESOURCE_CASES: readonly Case[] = [
  {
    id: 'subresources/generation',
    claim: 'a generation counts changes of the spec only',
    run: async ({ create, patch, name }) => {
      const one = name();
      expect(answered(await create(DEPLOYMENTS, deployment(one)), 201).metadata.generation).toBe(1);
      const labelled = answered(await patch(DEPLOYMENTS, one, 'merge', { metadata: { labels: { a: 'b' } } }), 200);
      expect(labelled.metadata.generation).toBe(1);
      const paused = answered(await patch(DEPLOYMENTS, one, 'merge', { spec: { paused: true } }), 200);
      expect(paused.metadata.generation).toBe(2);
    },
  },
  {
    id: 'subresources/status-only',
    claim: 'a change of the status changes nothing else',
    run: async ({ create, patch, name }) => {
      const one = name();
      answered(await create(DEPLOYMENTS, deployment(one)), 201);
      const body = { spec: { paused: true }, status: { conditions: [{ type: 'Seen', status: 'True' }] } };
      const changed = answered(await patch(DEPLOYMENTS, `${one}/status`, 'merge', body), 200);
      expect(changed.spec).not.toHaveProperty('paused');
      expect(changed.status.conditions).toContainEqual(expect.objectContaining({ type: 'Seen' }));
    },
  },
  {
    id: 'subresources/spec-only',
    claim: 'a change of the object does not change its status',
    run: async ({ create, patch, name }) => {
      const one = name();
      answered(await create(DEPLOYMENTS, deployment(one)), 201);
      const changed = answered(await patch(DEPLOYMENTS, one, 'merge', { status: { readyReplicas: 99 } }), 200);
      expect(changed.status?.readyReplicas ?? 0).toBe(0);
    },
  },
  {
    id: 'subresources/scale-read',
    claim: 'the scale of a Deployment has its replicas and selector',
    run: async ({ create, get, name, namespace }) => {
      const one = name();
      answered(await create(DEPLOYMENTS, deployment(one)), 201);
      expect(answered(await get(DEPLOYMENTS, `${one}/scale`), 200)).toMatchObject({
        kind: 'Scale',
        apiVersion: 'autoscaling/v1',
        metadata: { name: one, namespace },
        spec: {},
        status: { replicas: 0, selector: `app=${one}` },
      });
    },
  },
  {
    id: 'subresources/scale-patch',
    claim: 'a patch of the scale changes the replicas',
    run: async ({ create, patch, get, name }) => {
      const one = name();
      answered(await create(DEPLOYMENTS, deployment(one, { paused: true })), 201);
      const scale = answered(await patch(DEPLOYMENTS, `${one}/scale`, 'merge', { spec: { replicas: 2 } }), 200);
      expect(scale).toMatchObject({ kind: 'Scale', spec: { replicas: 2 } });
      expect((await get(DEPLOYMENTS, one)).body.spec.replicas).toBe(2);
      answered(await patch(DEPLOYMENTS, `${one}/scale`, 'merge', { spec: { replicas: 0 } }), 200);
    },
  },
  {
    id: 'subresources/scale-negative',
    claim: 'there are no fewer than no replicas',
    run: async ({ create, patch, name }) => {
      const one = name();
      answered(await create(DEPLOYMENTS, deployment(one)), 201);
      const answer = await patch(DEPLOYMENTS, `${one}/scale`, 'merge', { spec: { replicas: -1 } });
      refused(answer, 422, 'Invalid', 'must be greater than or equal to 0');
    },
  },
  {
    id: 'subresources/unknown',
    claim: 'a subresource that a resource does not have is not found',
    run: async ({ create, get, name }) => {
      const one = name();
      answered(await create(DEPLOYMENTS, deployment(one)), 201);
      expect((await get(DEPLOYMENTS, `${one}/nothing`)).code).toBe(404);
    },
  },
  {
    id: 'subresources/evict-missing',
    claim: 'a pod that is not there cannot be evicted',
    run: async ({ call, path }) => {
      const body = { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name: 'none' } };
      refused(await call({ method: 'POST', path: path('pods', 'none/eviction'), body }), 404, 'NotFound');
    },
  },
  {
    id: 'subresources/evict',
    claim: 'a pod is evicted',
    run: async ({ create, call, path, get, name }) => {
      const one = name();
      answered(await create('pods', unschedulable(one)), 201);
      const body = { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name: one } };
      answered(await call({ method: 'POST', path: path('pods', `${one}/eviction`), body }), 201);
      expect((await get('pods', one)).code).toBe(404);
    },
  },
  {
    id: 'subresources/evict-budget',
    claim: 'a pod is not evicted where its budget does not allow it',
    run: async ({ create, call, path, delete: remove, name }) => {
      const one = name();
      const labels = { budget: one };
      const budget = { apiVersion: 'policy/v1', kind: 'PodDisruptionBudget', metadata: { name: one } };
      answered(
        await create('policy/v1/poddisruptionbudgets', {
          ...budget,
          spec: { minAvailable: 1, selector: { matchLabels: labels } },
        }),
        201,
      );
      const pod = unschedulable(one);
      answered(await create('pods', { ...pod, metadata: { ...pod.metadata, labels } }), 201);
      // a pod that never ran may go; this one runs
      answered(
        await call({
          method: 'PATCH',
          path: path('pods', `${one}/status`),
          body: { status: { phase: 'Running' } },
          contentType: 'application/merge-patch+json',
        }),
        200,
      );
      const body = { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name: one } };
      const answer = await call({ method: 'POST', path: path('pods', `${one}/eviction`), body });
      await remove('pods', one);
      refused(answer, 429, 'TooManyRequests', "Cannot evict pod as it would violate the pod's disruption budget.");
    },
  },
  {
    id: 'subresources/log-missing',
    claim: 'a pod that is not there has no log',
    run: async ({ get }) => {
      refused(await get('pods', 'none/log'), 404, 'NotFound', 'pods "none" not found');
    },
  },
  {
    id: 'subresources/token',
    claim: 'a service account gets a token, which says who it is',
    run: async ({ create, call, path, name, namespace }) => {
      const one = name();
      answered(
        await create('serviceaccounts', { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: one } }),
        201,
      );
      const body = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: { expirationSeconds: 600 } };
      const answer = await call({ method: 'POST', path: path('serviceaccounts', `${one}/token`), body });
      const { token } = answered(answer, 201).status;
      const [, payload = ''] = (token as string).split('.');
      expect(JSON.parse(Buffer.from(payload, 'base64url').toString('utf8'))).toMatchObject({
        sub: `system:serviceaccount:${namespace}:${one}`,
        'kubernetes.io': { namespace, serviceaccount: { name: one } },
      });
      const path2 = '/apis/authentication.k8s.io/v1/selfsubjectreviews';
      const review = { apiVersion: 'authentication.k8s.io/v1', kind: 'SelfSubjectReview' };
      const who = await call({ method: 'POST', path: path2, body: review, token: token as string });
      expect(answered(who, 201).status.userInfo).toMatchObject({
        username: `system:serviceaccount:${namespace}:${one}`,
        groups: expect.arrayContaining(['system:serviceaccounts', `system:serviceaccounts:${namespace}`]) as unknown,
      });
    },
  },
  {
    id: 'subresources/token-short',
    claim: 'a token lasts ten minutes at least',
    run: async ({ create, call, path, name }) => {
      const one = name();
      answered(
        await create('serviceaccounts', { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: one } }),
        201,
      );
      const body = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: { expirationSeconds: 60 } };
      const answer = await call({ method: 'POST', path: path('serviceaccounts', `${one}/token`), body });
      refused(answer, 422, 'Invalid', 'may not specify a duration less than 10 minutes');
    },
  },
];

/** A pod that no node takes. */
function unschedulable(name: string) {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name },
    spec: {
      containers: [{ name: 'main', image: 'registry.k8s.io/pause:3.10' }],
      nodeSelector: { 'example.com/nowhere': 'true' },
      automountServiceAccountToken: false,
    },
  };
}
