import { describe, expect, test } from 'vitest';
import type { ReplicaSet } from 'kubernetes-types/apps/v1.js';
import type { Pod } from '#kube';
import { compareForDeletion, planPod, planReplicas, planReplicaSetStatus } from './replicaset-plan.ts';

const NOW = Date.parse('2026-01-01T00:10:00Z');

interface PodFacts {
  readonly name: string;
  readonly node?: string;
  readonly phase?: string;
  readonly readySince?: string;
  readonly cost?: string;
  readonly restarts?: number;
  readonly created?: string;
  readonly deleting?: boolean;
  readonly labels?: Readonly<Record<string, string>>;
}

const pod = (facts: PodFacts): Pod => ({
  metadata: {
    name: facts.name,
    labels: { ...(facts.labels ?? { app: 'web' }) },
    creationTimestamp: facts.created ?? '2026-01-01T00:00:00Z',
    ...(facts.deleting === true ? { deletionTimestamp: '2026-01-01T00:09:00Z' } : {}),
    ...(facts.cost === undefined ? {} : { annotations: { 'controller.kubernetes.io/pod-deletion-cost': facts.cost } }),
  },
  spec: { containers: [], nodeName: facts.node ?? 'node' },
  status: {
    phase: facts.phase ?? 'Running',
    conditions:
      facts.readySince === undefined ? [] : [{ type: 'Ready', status: 'True', lastTransitionTime: facts.readySince }],
    containerStatuses: [{ name: 'c', image: '', imageID: '', ready: true, restartCount: facts.restarts ?? 0 }],
  },
});

const replicaSet = (spec: object, metadata: object = {}, status: object = {}): ReplicaSet =>
  ({
    metadata: { name: 'web-abc', namespace: 'shop', uid: 'r-1', generation: 4, ...metadata },
    spec: { selector: { matchLabels: { app: 'web' } }, template: { metadata: { labels: { app: 'web' } } }, ...spec },
    status,
  }) as ReplicaSet;

const READY = '2026-01-01T00:05:00Z';

describe('which of two pods goes first', () => {
  test.each<{ why: string; first: Omit<PodFacts, 'name'>; second: Omit<PodFacts, 'name'> }>([
    { why: 'the one without a node', first: { node: '' }, second: {} },
    { why: 'the pending one', first: { phase: 'Pending' }, second: { phase: 'Running' } },
    { why: 'the one that is not ready', first: {}, second: { readySince: READY } },
    { why: 'the cheap one', first: { readySince: READY, cost: '-5' }, second: { readySince: READY } },
    {
      why: 'the one ready for a shorter time',
      first: { readySince: '2026-01-01T00:06:00Z' },
      second: { readySince: READY },
    },
    { why: 'the one with more restarts', first: { restarts: 3 }, second: { restarts: 1 } },
    { why: 'the younger one', first: { created: '2026-01-01T00:02:00Z' }, second: { created: '2026-01-01T00:01:00Z' } },
  ])('$why', ({ first, second }) => {
    // The names are against the order, so that only the rule can decide.
    const pods = [pod({ ...second, name: 'a' }), pod({ ...first, name: 'z' })];
    expect(pods.sort(compareForDeletion).map(({ metadata }) => metadata?.name)).toEqual(['z', 'a']);
  });
});

describe('replicas', () => {
  const three = ['a', 'b', 'c'].map((name) => pod({ name, readySince: READY }));
  test.each([
    { name: 'creates what is missing', replicas: 5, pods: three, create: 2, remove: [] },
    { name: 'leaves the right number alone', replicas: 3, pods: three, create: 0, remove: [] },
    { name: 'removes what is too much', replicas: 0, pods: three, create: 0, remove: ['a', 'b', 'c'] },
    {
      name: 'replaces pods that have ended or are being deleted',
      replicas: 2,
      pods: [pod({ name: 'failed', phase: 'Failed' }), pod({ name: 'going', deleting: true })],
      create: 2,
      remove: [],
    },
    {
      name: 'prefers to remove the pod that is not ready',
      replicas: 3,
      pods: [...three, pod({ name: 'unready' })],
      create: 0,
      remove: ['unready'],
    },
  ])('$name', ({ replicas, pods, create, remove }) => {
    const plan = planReplicas(replicaSet({ replicas }), pods);
    expect({ ...plan, remove: plan.remove.map(({ metadata }) => metadata?.name) }).toEqual({ create, remove });
  });

  test('a ReplicaSet that is being deleted creates and removes nothing', () => {
    const deleting = replicaSet({ replicas: 5 }, { deletionTimestamp: READY });
    expect(planReplicas(deleting, three)).toEqual({ create: 0, remove: [] });
  });
});

describe('status', () => {
  const pods = [
    pod({ name: 'ready', readySince: READY }),
    pod({ name: 'fresh', readySince: '2026-01-01T00:09:50Z' }),
    pod({ name: 'starting', phase: 'Pending', labels: { app: 'other' } }),
    pod({ name: 'ended', phase: 'Succeeded', readySince: READY }),
  ];

  test('counts active, ready and available pods', () => {
    expect(planReplicaSetStatus(replicaSet({ replicas: 3 }), pods, undefined, NOW)).toEqual({
      status: {
        replicas: 3,
        fullyLabeledReplicas: 2,
        readyReplicas: 2,
        availableReplicas: 2,
        observedGeneration: 4,
      },
      againAfterMs: undefined,
    });
  });

  test('with minReadySeconds a pod is available later, and the status is looked at then', () => {
    const plan = planReplicaSetStatus(replicaSet({ replicas: 3, minReadySeconds: 30 }), pods, undefined, NOW);
    expect(plan).toMatchObject({ status: { readyReplicas: 2, availableReplicas: 1 }, againAfterMs: 20_000 });
  });

  test('a failure to create pods is a condition until it is over', () => {
    const failure = { reason: 'FailedCreate', message: 'serviceaccount "x" not found' } as const;
    const failed = planReplicaSetStatus(replicaSet({}), [], failure, NOW).status;
    expect(failed.conditions).toEqual([
      { type: 'ReplicaFailure', status: 'True', ...failure, lastTransitionTime: '2026-01-01T00:10:00Z' },
    ]);
    const again = planReplicaSetStatus(replicaSet({}, {}, failed), [], failure, NOW + 60_000).status;
    expect(again.conditions).toEqual(failed.conditions);
    expect(planReplicaSetStatus(replicaSet({}, {}, failed), [], undefined, NOW).status.conditions).toBeUndefined();
  });
});

test('a pod is named after its ReplicaSet and made of its template', () => {
  const template = {
    metadata: { labels: { app: 'web' }, annotations: { note: 'x' } },
    spec: { containers: [{ name: 'c', image: 'i' }] },
  };
  expect(planPod(replicaSet({ template }))).toMatchObject({
    metadata: { generateName: 'web-abc-', labels: { app: 'web' }, annotations: { note: 'x' } },
    spec: { containers: [{ name: 'c', image: 'i' }] },
  });
});
