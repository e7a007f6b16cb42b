import { describe, expect, test } from 'vitest';
import type { Deployment, ReplicaSet } from 'kubernetes-types/apps/v1.js';
import { currentAnnotations, planDeploymentStep, planHistoryCleanup, planReplicaSet } from './deployment-plan.ts';
import { createRollout, REVISION } from './rollout.ts';

interface SetFacts {
  /** The image tells templates apart. */
  readonly image: string;
  readonly replicas: number;
  /** Default: as many as replicas. */
  readonly available?: number;
  readonly desired?: number;
  readonly max?: number;
  readonly revision?: number;
}

const template = (image: string) => ({
  metadata: { labels: { app: 'web' } },
  spec: { containers: [{ name: 'web', image }] },
});

const deployment = (spec: object = {}, metadata: object = {}): Deployment =>
  ({
    metadata: { name: 'web', namespace: 'shop', uid: 'd-1', ...metadata },
    spec: { replicas: 3, selector: { matchLabels: { app: 'web' } }, template: template('new'), ...spec },
  }) as Deployment;

let second = 0;
const replicaSet = ({
  image,
  replicas,
  available = replicas,
  desired = 3,
  max = 4,
  revision = 1,
}: SetFacts): ReplicaSet => ({
  metadata: {
    name: `web-${image}`,
    generation: 1,
    creationTimestamp: `2026-01-01T00:00:${String((second = (second + 1) % 60)).padStart(2, '0')}Z`,
    annotations: {
      'deployment.kubernetes.io/desired-replicas': String(desired),
      'deployment.kubernetes.io/max-replicas': String(max),
      [REVISION]: String(revision),
    },
  },
  spec: { replicas, selector: { matchLabels: { app: 'web' } }, template: template(image) },
  status: { replicas, availableReplicas: available, observedGeneration: 1 },
});

const step = (owner: Deployment, sets: readonly SetFacts[], oldPodsRun = false) => {
  const planned = planDeploymentStep({ ...createRollout(owner, sets.map(replicaSet)), oldPodsRun });
  if (planned.kind !== 'scale') return planned.kind;
  return Object.fromEntries(
    planned.scales.map(({ replicaSet: one, replicas }) => [one.spec?.template?.spec?.containers[0]?.image, replicas]),
  );
};

describe('rolling update of 3 replicas, at most 1 more and none less', () => {
  const owner = deployment();
  test.each([
    { name: 'starts with a new ReplicaSet', sets: [{ image: 'old', replicas: 3 }], expected: 'create' },
    {
      name: 'waits while the new pod is not available',
      sets: [
        { image: 'old', replicas: 3 },
        { image: 'new', replicas: 1, available: 0 },
      ],
      expected: 'wait',
    },
    {
      name: 'takes an old pod when a new one is available',
      sets: [
        { image: 'old', replicas: 3 },
        { image: 'new', replicas: 1 },
      ],
      expected: { old: 2 },
    },
    {
      name: 'adds a new pod when there is room',
      sets: [
        { image: 'old', replicas: 2 },
        { image: 'new', replicas: 1 },
      ],
      expected: { new: 2 },
    },
    {
      name: 'keeps even an old pod that is not available while a new one is not either',
      sets: [
        { image: 'old', replicas: 3, available: 2 },
        { image: 'new', replicas: 1, available: 0 },
      ],
      expected: 'wait',
    },
    {
      name: 'takes old pods that are not available, oldest first',
      sets: [
        { image: 'older', replicas: 1, available: 0 },
        { image: 'old', replicas: 1, available: 0 },
        { image: 'new', replicas: 2 },
      ],
      expected: { older: 0 },
    },
    {
      name: 'ends when only new pods are left',
      sets: [
        { image: 'old', replicas: 0 },
        { image: 'new', replicas: 3 },
      ],
      expected: 'wait',
    },
  ])('$name', ({ sets, expected }) => {
    expect(step(owner, sets)).toEqual(expected);
  });

  test('always reaches the end, keeping within the limits', () => {
    let sets: readonly SetFacts[] = [
      { image: 'old', replicas: 3 },
      { image: 'new', replicas: 0 },
    ];
    for (let round = 0; round < 20; round += 1) {
      const next = step(owner, sets);
      if (typeof next === 'string') break;
      sets = sets.map((one) => ({ ...one, replicas: next[one.image] ?? one.replicas }));
      const total = sets.reduce((sum, { replicas }) => sum + replicas, 0);
      expect(total).toBeGreaterThanOrEqual(3);
      expect(total).toBeLessThanOrEqual(4);
    }
    expect(sets).toMatchObject([{ replicas: 0 }, { replicas: 3 }]);
  });
});

describe('change of replicas', () => {
  test.each([
    { name: 'up', replicas: 5, sets: [{ image: 'new', replicas: 3 }], expected: { new: 5 } },
    { name: 'down', replicas: 1, sets: [{ image: 'new', replicas: 3 }], expected: { new: 1 } },
    { name: 'to none', replicas: 0, sets: [{ image: 'new', replicas: 3 }], expected: { new: 0 } },
    { name: 'from none', replicas: 2, sets: [{ image: 'new', replicas: 0, desired: 0 }], expected: { new: 2 } },
    {
      name: 'in the middle of an update is shared by size, the largest takes the rest',
      replicas: 6,
      sets: [
        { image: 'old', replicas: 3 },
        { image: 'new', replicas: 1 },
      ],
      expected: { old: 6, new: 2 },
    },
  ])('$name', ({ replicas, sets, expected }) => {
    expect(step(deployment({ replicas }), sets)).toEqual(expected);
  });
});

describe('Recreate', () => {
  const owner = deployment({ strategy: { type: 'Recreate' } });
  test.each([
    { name: 'first stops the old pods', sets: [{ image: 'old', replicas: 3 }], running: true, expected: { old: 0 } },
    { name: 'waits for their end', sets: [{ image: 'old', replicas: 0 }], running: true, expected: 'wait' },
    {
      name: 'then creates the new ReplicaSet',
      sets: [{ image: 'old', replicas: 0 }],
      running: false,
      expected: 'create',
    },
    { name: 'brings a ReplicaSet back', sets: [{ image: 'new', replicas: 0 }], running: false, expected: { new: 3 } },
  ])('$name', ({ sets, running, expected }) => {
    expect(step(owner, sets, running)).toEqual(expected);
  });
});

test('a paused Deployment starts no new template, but is scaled', () => {
  expect(step(deployment({ paused: true }), [{ image: 'old', replicas: 3 }])).toBe('wait');
  expect(step(deployment({ paused: true, replicas: 4 }), [{ image: 'old', replicas: 3 }])).toEqual({ old: 4 });
});

test('a Deployment that is being deleted does nothing', () => {
  expect(step(deployment({}, { deletionTimestamp: '2026-01-01T00:00:00Z' }), [])).toBe('wait');
});

test('the new ReplicaSet carries the hash in its name, labels, selector and template', () => {
  const created = planReplicaSet(createRollout(deployment(), []));
  const hash = created.metadata?.labels?.['pod-template-hash'];
  expect(created).toMatchObject({
    metadata: {
      name: `web-${hash}`,
      namespace: 'shop',
      ownerReferences: [{ kind: 'Deployment', name: 'web', uid: 'd-1', controller: true, blockOwnerDeletion: true }],
    },
    spec: {
      replicas: 3,
      selector: { matchLabels: { app: 'web', 'pod-template-hash': hash } },
      template: { metadata: { labels: { app: 'web', 'pod-template-hash': hash } } },
    },
  });
});

describe('annotations of the present ReplicaSet', () => {
  const annotations = {
    'kubectl.kubernetes.io/last-applied-configuration': '{}',
    'kubernetes.io/change-cause': 'because',
    [REVISION]: '7',
  };
  test("hand down what is not the Deployment's own, and start at revision 1", () => {
    const rollout = createRollout(deployment({}, { annotations }), []);
    expect(currentAnnotations(rollout)).toEqual({ 'kubernetes.io/change-cause': 'because', [REVISION]: '1' });
  });
  test('a rollback to an old template gets a new revision', () => {
    const sets = [
      { image: 'new', replicas: 0, revision: 1 },
      { image: 'old', replicas: 3, revision: 2 },
    ];
    expect(currentAnnotations(createRollout(deployment(), sets.map(replicaSet)))[REVISION]).toBe('3');
  });
  test('the newest revision stays as it is', () => {
    const sets = [
      { image: 'old', replicas: 0, revision: 1 },
      { image: 'new', replicas: 3, revision: 2 },
    ];
    expect(currentAnnotations(createRollout(deployment(), sets.map(replicaSet)))[REVISION]).toBe('2');
  });
});

test('history beyond the limit goes, lowest revision first, but nothing that still has pods', () => {
  const sets = [
    { image: 'a', replicas: 0, revision: 2 },
    { image: 'b', replicas: 0, revision: 1 },
    { image: 'c', replicas: 1, revision: 3 },
    { image: 'd', replicas: 0, revision: 4 },
    { image: 'new', replicas: 3, revision: 5 },
  ];
  const clean = (limit: number) =>
    planHistoryCleanup(createRollout(deployment({ revisionHistoryLimit: limit }), sets.map(replicaSet))).map(
      ({ metadata }) => metadata?.name,
    );
  expect(clean(2)).toEqual(['web-b', 'web-a']);
  expect(clean(0)).toEqual(['web-b', 'web-a', 'web-d']);
  expect(clean(10)).toEqual([]);
});
