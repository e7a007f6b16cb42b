// oxlint-disable vitest/no-standalone-expect -- cases are run inside of the tests of conformance.test.ts
import { expect } from 'vitest';
import { answered, eventually, refused, type Case } from '../support/case.ts';
import type { Body } from '../support/cluster-client.ts';
import { DEFAULTS } from './kind-defaults.ts';
import { FIXED, REFUSALS } from './kind-refusals.ts';
import { POD_REFUSALS } from './pod-refusals.ts';
import { containers, jobTemplate, PRIORITY_CLASS, WEBHOOKS, type Row } from './kind-row.ts';

const SERVICE_CLASSES: readonly [string, object, string][] = [
  ['nothing', {}, 'BestEffort'],
  ['request', { requests: { cpu: '1m' } }, 'Burstable'],
  ['limit', { limits: { memory: '64Mi' } }, 'Burstable'],
  ['limits', { limits: { cpu: '1', memory: '64Mi' } }, 'Guaranteed'],
  ['equal', { limits: { cpu: '1', memory: '64Mi' }, requests: { cpu: '1000m', memory: '65536Ki' } }, 'Guaranteed'],
];

const objectOf = ({ apiVersion, kind, body }: Row, name: string): Body => ({
  apiVersion,
  kind,
  metadata: { name },
  ...body(name),
});

/** Kinds: what is filled in, refused and fixed. */
export const KIND_CASES: readonly Case[] = [
  ...DEFAULTS.map((row): Case => ({
    id: `kinds/default-${row.id}`,
    claim: row.claim,
    run: async ({ create, cleanUp, path, name }) => {
      const one = name('keyferry-conformance');
      const made = answered(await create(row.resource, objectOf(row, one), row.dry === true ? 'dryRun=All' : ''), 201);
      if (row.resource.startsWith('/')) cleanUp(path(row.resource, one));
      expect(made).toMatchObject(row.filled);
    },
  })),
  ...[...REFUSALS, ...POD_REFUSALS].map((row): Case => ({
    id: `kinds/refuse-${row.id}`,
    claim: row.claim,
    run: async ({ create, name }) => {
      const one = name('keyferry-conformance');
      const status = refused(await create(row.resource, objectOf(row, one)), 422, 'Invalid', row.message);
      expect(status.details).toMatchObject({ name: one, kind: row.kind });
      expect(status.details.causes.map((cause: Body) => cause.field as string)).toContain(row.field);
    },
  })),
  ...FIXED.map((row): Case => ({
    id: `kinds/fixed-${row.id}`,
    claim: row.claim,
    run: async ({ create, patch, cleanUp, path, name }) => {
      const one = name('keyferry-conformance');
      answered(await create(row.resource, objectOf(row, one)), 201);
      if (row.resource.startsWith('/')) cleanUp(path(row.resource, one));
      refused(await patch(row.resource, one, 'merge', row.patch), 422, 'Invalid', row.message);
    },
  })),
  {
    id: 'kinds/job-labels',
    claim: 'a Job’s pods carry its name and uid',
    run: async ({ create, name }) => {
      const one = name();
      const body = {
        apiVersion: 'batch/v1',
        kind: 'Job',
        metadata: { name: one },
        spec: { ...jobTemplate.spec, suspend: true },
      };
      const made = answered(await create('batch/v1/jobs', body), 201);
      expect(made.spec.selector.matchLabels).toEqual({ 'batch.kubernetes.io/controller-uid': made.metadata.uid });
      expect(made.spec.template.metadata.labels).toMatchObject({
        'batch.kubernetes.io/job-name': one,
        'job-name': one,
        'controller-uid': made.metadata.uid,
      });
    },
  },
  {
    id: 'kinds/service-kubernetes',
    claim: 'the API server has a Service',
    run: async ({ call }) => {
      const answer = await call({ method: 'GET', path: '/api/v1/namespaces/default/services/kubernetes' });
      expect(answered(answer, 200).spec).toMatchObject({ type: 'ClusterIP', ports: [{ name: 'https', port: 443 }] });
    },
  },
  {
    id: 'kinds/priority-system',
    claim: 'the system’s own PriorityClasses are there',
    run: async ({ call }) => {
      const answer = await call({
        method: 'GET',
        path: '/apis/scheduling.k8s.io/v1/priorityclasses/system-node-critical',
      });
      expect(answered(answer, 200).value).toBe(2_000_001_000);
    },
  },
  {
    id: 'kinds/pod-priority',
    claim: 'a pod gets the number of its PriorityClass',
    run: async ({ create, cleanUp, path, name }) => {
      const one = name('keyferry-conformance');
      const priority = {
        apiVersion: PRIORITY_CLASS.apiVersion,
        kind: PRIORITY_CLASS.kind,
        metadata: { name: one },
        value: 42,
      };
      answered(await create(PRIORITY_CLASS.resource, priority), 201);
      cleanUp(path(PRIORITY_CLASS.resource, one));
      const pod = {
        apiVersion: 'v1',
        kind: 'Pod',
        metadata: { name: one },
        spec: { containers, priorityClassName: one, nodeSelector: { 'example.com/nowhere': 'true' } },
      };
      expect(answered(await create('pods', pod), 201).spec).toMatchObject({
        priority: 42,
        preemptionPolicy: 'PreemptLowerPriority',
      });
    },
  },
  ...SERVICE_CLASSES.map(([id, resources, expected]): Case => ({
    id: `kinds/qos-${id}`,
    claim: `a pod is ${expected} where its containers say ${JSON.stringify(resources)}`,
    run: async ({ create, name }) => {
      const pod = {
        apiVersion: 'v1',
        kind: 'Pod',
        metadata: { name: name() },
        spec: { containers: [{ ...containers[0], resources }], nodeSelector: { 'example.com/nowhere': 'true' } },
      };
      expect(answered(await create('pods', pod), 201).status.qosClass).toBe(expected);
    },
  })),
  {
    id: 'kinds/requests',
    claim: 'a limit is a request too',
    run: async ({ create, name }) => {
      const pod = {
        apiVersion: 'v1',
        kind: 'Pod',
        metadata: { name: name() },
        spec: {
          containers: [{ ...containers[0], resources: { limits: { memory: '64Mi' } } }],
          nodeSelector: { 'example.com/nowhere': 'true' },
        },
      };
      const made = answered(await create('pods', pod), 201);
      expect(made.spec.containers[0].resources.requests).toEqual({ memory: '64Mi' });
    },
  },
  {
    id: 'kinds/endpoints-deprecated',
    claim: 'Endpoints are deprecated, and a warning says so',
    run: async ({ list }) => {
      const answer = await list('endpoints');
      answered(answer, 200);
      expect(answer.headers['warning']).toContain(
        'v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice',
      );
    },
  },
  {
    id: 'kinds/default-account',
    claim: 'a namespace has a service account and the cluster’s certificate',
    run: async ({ get }) => {
      answered(await get('serviceaccounts', 'default'), 200);
      expect(answered(await get('configmaps', 'kube-root-ca.crt'), 200).data['ca.crt']).toContain('BEGIN CERTIFICATE');
    },
  },
  {
    id: 'kinds/webhook-called',
    claim: 'a webhook that nobody answers fails what it is asked about',
    run: async ({ call, create, cleanUp, path, name, namespace }) => {
      const one = name('keyferry-conformance');
      const webhook = {
        name: `${one}.example.com`,
        clientConfig: { url: 'https://127.0.0.1:9/never' },
        admissionReviewVersions: ['v1'],
        sideEffects: 'None',
        timeoutSeconds: 1,
        rules: [{ operations: ['CREATE'], apiGroups: [''], apiVersions: ['v1'], resources: ['configmaps'] }],
        namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': namespace } },
        objectSelector: { matchLabels: { ask: one } },
      };
      const body = {
        apiVersion: WEBHOOKS.apiVersion,
        kind: WEBHOOKS.kind,
        metadata: { name: one },
        webhooks: [webhook],
      };
      answered(await create(WEBHOOKS.resource, body), 201);
      cleanUp(path(WEBHOOKS.resource, one));
      const map = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { labels: { ask: one } } };
      const tryIt = (query: string) =>
        call({
          method: 'POST',
          path: path('configmaps', '', query),
          body: { ...map, metadata: { ...map.metadata, generateName: one } },
        });
      const answer = await eventually(
        () => tryIt('dryRun=All'),
        ({ code }) => code === 500,
        1000,
      );
      refused(answer, 500, 'InternalError', `failed calling webhook "${one}.example.com"`);
    },
  },
  {
    id: 'kinds/quota-enforced',
    claim: 'a ResourceQuota limits how many objects there are',
    run: async ({ call, cleanUp, name }) => {
      const namespace = name('keyferry-conformance-quota');
      const path = (resource: string) => `/api/v1/namespaces/${namespace}/${resource}`;
      cleanUp(`/api/v1/namespaces/${namespace}`);
      answered(
        await call({ method: 'POST', path: '/api/v1/namespaces', body: { metadata: { name: namespace } } }),
        201,
      );
      const quota = {
        apiVersion: 'v1',
        kind: 'ResourceQuota',
        metadata: { name: 'q' },
        spec: { hard: { secrets: '0' } },
      };
      answered(await call({ method: 'POST', path: path('resourcequotas'), body: quota }), 201);
      // a server may take a moment to hear of the quota
      const secret = { apiVersion: 'v1', kind: 'Secret', metadata: { generateName: 's-' } };
      const make = () => call({ method: 'POST', path: path('secrets'), body: secret });
      refused(await eventually(make, ({ code }) => code !== 201, 2000), 403, 'Forbidden', 'exceeded quota: q');
    },
  },
  {
    id: 'kinds/limit-range-fills',
    claim: 'a LimitRange fills in what containers leave out',
    run: async ({ call, cleanUp, name }) => {
      const namespace = name('keyferry-conformance-limits');
      const path = (resource: string) => `/api/v1/namespaces/${namespace}/${resource}`;
      cleanUp(`/api/v1/namespaces/${namespace}`);
      answered(
        await call({ method: 'POST', path: '/api/v1/namespaces', body: { metadata: { name: namespace } } }),
        201,
      );
      answered(await call({ method: 'POST', path: path('serviceaccounts'), body: { metadata: { name: 'own' } } }), 201);
      const limits = [{ type: 'Container', default: { memory: '64Mi' } }];
      answered(
        await call({ method: 'POST', path: path('limitranges'), body: { metadata: { name: 'l' }, spec: { limits } } }),
        201,
      );
      const body = {
        apiVersion: 'v1',
        kind: 'Pod',
        metadata: { name: 'p' },
        spec: { containers, serviceAccountName: 'own' },
      };
      const pod = answered(await call({ method: 'POST', path: path('pods'), body }), 201);
      expect(pod.spec.containers[0].resources).toMatchObject({ limits: { memory: '64Mi' } });
    },
  },
];
