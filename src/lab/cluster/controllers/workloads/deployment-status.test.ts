import { describe, expect, test } from 'vitest';
import type { Deployment, DeploymentCondition, ReplicaSet } from 'kubernetes-types/apps/v1.js';
import { planDeploymentStatus } from './deployment-status.ts';
import type { Rollout } from './rollout.ts';

const START = '2026-01-01T00:00:00Z';
const NOW = Date.parse('2026-01-01T00:01:00Z');

const set = (name: string, replicas: number, available: number, status: object = {}): ReplicaSet =>
  ({
    metadata: { name },
    spec: { replicas },
    status: { replicas, readyReplicas: available, availableReplicas: available, ...status },
  }) as ReplicaSet;

const progressing = (reason: string, status = 'True'): DeploymentCondition => ({
  type: 'Progressing',
  status,
  reason,
  message: '',
  lastUpdateTime: START,
  lastTransitionTime: START,
});

interface Case {
  readonly name: string;
  readonly current?: ReplicaSet;
  readonly old?: readonly ReplicaSet[];
  readonly before?: Deployment['status'];
  readonly spec?: object;
  readonly createdNow?: string;
  readonly nowMs?: number;
  readonly expected: { readonly status: string; readonly reason: string; readonly message?: string };
}

const plan = ({ current, old = [], before, spec, createdNow, nowMs = NOW }: Omit<Case, 'name' | 'expected'>) => {
  const deployment = {
    metadata: { name: 'web', generation: 2 },
    spec: { replicas: 2, progressDeadlineSeconds: 600, ...spec },
    ...(before === undefined ? {} : { status: before }),
  } as Deployment;
  return planDeploymentStatus({ deployment, current, old } satisfies Rollout, createdNow, nowMs);
};

describe('Progressing', () => {
  test.each<Case>([
    {
      name: 'tells of a created ReplicaSet',
      current: set('web-1', 2, 0),
      createdNow: 'web-1',
      expected: { status: 'True', reason: 'NewReplicaSetCreated', message: 'Created new replica set "web-1"' },
    },
    {
      name: 'tells of each step forward',
      current: set('web-1', 2, 1),
      before: { conditions: [progressing('NewReplicaSetCreated')] },
      expected: { status: 'True', reason: 'ReplicaSetUpdated', message: 'ReplicaSet "web-1" is progressing.' },
    },
    {
      name: 'is complete when all pods are new and available',
      current: set('web-1', 2, 2),
      before: { conditions: [progressing('ReplicaSetUpdated')] },
      expected: {
        status: 'True',
        reason: 'NewReplicaSetAvailable',
        message: 'ReplicaSet "web-1" has successfully progressed.',
      },
    },
    {
      name: 'is not complete while old pods are left',
      current: set('web-1', 2, 2),
      old: [set('web-0', 1, 1)],
      before: { conditions: [progressing('NewReplicaSetCreated')] },
      expected: { status: 'True', reason: 'ReplicaSetUpdated' },
    },
    {
      name: 'stays complete when a pod is lost later',
      current: set('web-1', 2, 1),
      before: {
        replicas: 2,
        updatedReplicas: 2,
        availableReplicas: 2,
        conditions: [progressing('NewReplicaSetAvailable')],
      },
      expected: { status: 'True', reason: 'NewReplicaSetAvailable' },
    },
    {
      name: 'fails when nothing moved within the deadline',
      current: set('web-1', 2, 0),
      before: { replicas: 2, updatedReplicas: 2, conditions: [progressing('ReplicaSetUpdated')] },
      nowMs: Date.parse(START) + 601_000,
      expected: {
        status: 'False',
        reason: 'ProgressDeadlineExceeded',
        message: 'ReplicaSet "web-1" has timed out progressing.',
      },
    },
    {
      name: 'says when the Deployment is paused',
      current: set('web-1', 2, 2),
      spec: { paused: true },
      before: { conditions: [progressing('NewReplicaSetAvailable')] },
      expected: { status: 'Unknown', reason: 'DeploymentPaused', message: 'Deployment is paused' },
    },
    {
      name: 'says when it goes on',
      current: set('web-1', 2, 2),
      before: { conditions: [progressing('DeploymentPaused', 'Unknown')] },
      expected: { status: 'Unknown', reason: 'DeploymentResumed', message: 'Deployment is resumed' },
    },
  ])('$name', ({ expected, ...given }) => {
    expect(plan(given).status.conditions).toContainEqual(expect.objectContaining({ type: 'Progressing', ...expected }));
  });

  test('is left out without a deadline', () => {
    const before = { conditions: [progressing('ReplicaSetUpdated')] };
    const { status } = plan({ current: set('web-1', 2, 0), spec: { progressDeadlineSeconds: 2147483647 }, before });
    expect(status.conditions?.map(({ type }) => type)).toEqual(['Available']);
  });

  test('a step forward moves the update time and leaves the transition time', () => {
    const before = { readyReplicas: 0, conditions: [progressing('ReplicaSetUpdated')] };
    const { status } = plan({ current: set('web-1', 2, 1), before });
    expect(status.conditions?.find(({ type }) => type === 'Progressing')).toMatchObject({
      lastUpdateTime: '2026-01-01T00:01:00Z',
      lastTransitionTime: START,
    });
  });

  test('the deadline is looked at again when it passes, and not when the rollout is over', () => {
    const waiting = { replicas: 2, updatedReplicas: 2, conditions: [progressing('NewReplicaSetCreated')] };
    expect(plan({ current: set('web-1', 2, 0), before: waiting }).againAfterMs).toBe(541_000);
    const done = { conditions: [progressing('NewReplicaSetAvailable')] };
    expect(plan({ current: set('web-1', 2, 2), before: done }).againAfterMs).toBeUndefined();
  });
});

test('the counts are sums over all ReplicaSets, the updated ones those of the present template', () => {
  const { status } = plan({ current: set('web-1', 1, 0), old: [set('web-0', 2, 2)] });
  expect(status).toMatchObject({
    observedGeneration: 2,
    replicas: 3,
    updatedReplicas: 1,
    readyReplicas: 2,
    availableReplicas: 2,
    unavailableReplicas: 1,
  });
});

test.each([
  { available: 2, status: 'True', reason: 'MinimumReplicasAvailable' },
  { available: 1, status: 'False', reason: 'MinimumReplicasUnavailable' },
])('with $available of 2 replicas Available is $status', ({ available, status, reason }) => {
  const conditions = plan({ current: set('web-1', 2, available) }).status.conditions;
  expect(conditions?.find(({ type }) => type === 'Available')).toMatchObject({ status, reason });
});

test('a ReplicaSet that cannot create pods is told of', () => {
  const failure = { type: 'ReplicaFailure', status: 'True', reason: 'FailedCreate', message: 'no service account' };
  const failed = plan({ current: set('web-1', 2, 0, { conditions: [failure] }) }).status.conditions;
  expect(failed?.find(({ type }) => type === 'ReplicaFailure')).toMatchObject(failure);
  const over = plan({ current: set('web-1', 2, 0), before: { conditions: failed ?? [] } }).status.conditions;
  expect(over?.map(({ type }) => type)).not.toContain('ReplicaFailure');
});
