import { describe, expect, test } from 'vitest';
import type { StatefulSet, StatefulSetSpec } from 'kubernetes-types/apps/v1.js';
import type { Pod } from '#kube';
import { planStatefulSet, planStatefulSetStatus } from './statefulset-plan.ts';

const NOW = Date.parse('2026-03-01T12:00:00Z');
const revision = (name: string) => ({ metadata: { name }, revision: 1 });

const setOf = (spec: Partial<StatefulSetSpec> = {}): StatefulSet => ({
  metadata: { name: 'web', generation: 4 },
  spec: {
    replicas: 3,
    serviceName: 'web',
    selector: { matchLabels: { app: 'web' } },
    template: {},
    updateStrategy: { type: 'RollingUpdate', rollingUpdate: { partition: 0 } },
    ...spec,
  },
});

/** Such as `0 new ready`: the ordinal, the revision, and how it is. */
const podOf = (text: string): Pod => {
  const [ordinal = '', name = '', state = 'ready'] = text.split(' ');
  return {
    metadata: {
      name: `web-${ordinal}`,
      labels: { 'controller-revision-hash': name },
      ...(state === 'deleting' ? { deletionTimestamp: '2026-03-01T11:59:59Z' } : {}),
    },
    status: {
      phase: state === 'failed' ? 'Failed' : 'Running',
      conditions: [
        { type: 'Ready', status: state === 'ready' ? 'True' : 'False', lastTransitionTime: '2026-03-01T11:59:50Z' },
      ],
    },
  };
};
const viewOf = (spec: Partial<StatefulSetSpec>, pods: readonly string[]) => ({
  set: setOf(spec),
  pods: pods.map(podOf),
  current: revision('old'),
  update: revision('new'),
  nowMs: NOW,
});
const plan = (spec: Partial<StatefulSetSpec>, pods: readonly string[]) => {
  const { create, remove } = planStatefulSet(viewOf(spec, pods));
  return {
    create: create.map(({ ordinal, revision: of }) => `${ordinal} ${of.metadata?.name ?? ''}`),
    remove: remove.map(({ metadata }) => metadata?.name),
  };
};
const parallel = { podManagementPolicy: 'Parallel' };
const partition = (number: number) => ({
  updateStrategy: { type: 'RollingUpdate', rollingUpdate: { partition: number } },
});

describe('the next step', () => {
  test.each<[string, Partial<StatefulSetSpec>, string[], string[], string[]]>([
    ['is the first pod', {}, [], ['0 new'], []],
    ['is the next one when the one before is ready', {}, ['0 new'], ['1 new'], []],
    ['is to wait until it is', {}, ['0 new unready'], [], []],
    ['is to wait until it has been for a while', { minReadySeconds: 15 }, ['0 new'], [], []],
    ['is all of them at once, in parallel', parallel, ['1 new unready'], ['0 new', '2 new'], []],
    ['fills a gap', {}, ['0 new', '2 new'], ['1 new'], []],
    ['is to replace a pod that failed', {}, ['0 new failed', '1 new'], [], ['web-0']],
    ['is to wait for one that is being deleted', {}, ['0 new', '1 new deleting', '2 new'], [], []],
    ['is to take the highest away', { replicas: 1 }, ['0 new', '1 new', '2 new'], [], ['web-2']],
    ['is not to take another away meanwhile', { replicas: 1 }, ['0 new', '1 new', '2 new deleting'], [], []],
    [
      'is not to take one away while a lower one is unwell',
      { replicas: 1 },
      ['0 new', '1 new unready', '2 new unready'],
      [],
      [],
    ],
    [
      'is to take an unwell one away that is the lowest such',
      { replicas: 1 },
      ['0 new', '1 new', '2 new unready'],
      [],
      ['web-2'],
    ],
    [
      'is to take all away at once, in parallel',
      { replicas: 1, ...parallel },
      ['0 new', '1 new', '2 new unready'],
      [],
      ['web-2', 'web-1'],
    ],
    ['is to update the highest', {}, ['0 old', '1 old', '2 old'], [], ['web-2']],
    ['is to wait for an updated pod', {}, ['0 old', '1 old', '2 new unready'], [], []],
    ['is to update the next below', {}, ['0 old', '1 old', '2 new'], [], ['web-1']],
    ['stops at the partition', partition(2), ['0 old', '1 old', '2 new'], [], []],
    ['creates what is below the partition as it was', partition(2), ['1 old', '2 new'], ['0 old'], []],
    ['creates what is above it anew', partition(2), ['0 old', '1 old'], ['2 new'], []],
    [
      'leaves updates to people, OnDelete',
      { updateStrategy: { type: 'OnDelete' } },
      ['0 old', '1 old', '2 old'],
      [],
      [],
    ],
  ])('%s', (_name, spec, pods, create, remove) => {
    expect(plan(spec, pods)).toEqual({ create, remove });
  });
});

describe('the status', () => {
  test('tells old and new pods apart in the middle of an update', () => {
    expect(planStatefulSetStatus(viewOf({}, ['0 old', '1 old deleting', '2 new unready'])).status).toMatchObject({
      replicas: 3,
      readyReplicas: 1,
      currentReplicas: 1,
      updatedReplicas: 1,
      availableReplicas: 1,
      currentRevision: 'old',
      updateRevision: 'new',
      observedGeneration: 4,
    });
  });

  test('has one revision when the update is done', () => {
    expect(planStatefulSetStatus(viewOf({}, ['0 new', '1 new', '2 new'])).status).toMatchObject({
      currentReplicas: 3,
      currentRevision: 'new',
      updateRevision: 'new',
    });
  });

  test('changes again when minReadySeconds have passed', () => {
    expect(planStatefulSetStatus(viewOf({ minReadySeconds: 15 }, ['0 new']))).toMatchObject({
      status: { readyReplicas: 1, availableReplicas: 0 },
      againAfterMs: 5000,
    });
  });
});
