import { describe, expect, test } from 'vitest';
import type { DaemonSet, DaemonSetUpdateStrategy } from 'kubernetes-types/apps/v1.js';
import type { Node, Pod } from '#kube';
import { planDaemonSet, planDaemonSetStatus } from './daemonset-plan.ts';

const NOW = Date.parse('2026-03-01T12:00:00Z');
const HASH = 'new';

const setOf = (updateStrategy: DaemonSetUpdateStrategy = {}, minReadySeconds = 0): DaemonSet => ({
  metadata: { name: 'agent', generation: 2 },
  spec: {
    selector: { matchLabels: { app: 'agent' } },
    template: { spec: { containers: [] } },
    updateStrategy: { type: 'RollingUpdate', ...updateStrategy },
    minReadySeconds,
  },
});
const rolling = (rollingUpdate: NonNullable<DaemonSetUpdateStrategy['rollingUpdate']>) => setOf({ rollingUpdate });
const nodesOf = (number: number): Node[] =>
  Array.from({ length: number }, (_, index) => ({ metadata: { name: `n${index}` } }));

/** Such as `n0 new ready`: where, of which template, and how it is. */
const podOf = (text: string, index = 0): Pod => {
  const [nodeName = '', hash = '', state = 'ready'] = text.split(' ');
  return {
    metadata: {
      name: text,
      creationTimestamp: new Date(NOW - 60_000 + index).toISOString(),
      labels: { 'controller-revision-hash': hash },
      ...(state === 'deleting' ? { deletionTimestamp: '2026-03-01T11:59:59Z' } : {}),
    },
    spec: { nodeName, containers: [] },
    status: {
      phase: state === 'failed' ? 'Failed' : 'Running',
      conditions: [
        { type: 'Ready', status: state === 'ready' ? 'True' : 'False', lastTransitionTime: '2026-03-01T11:59:50Z' },
      ],
    },
  };
};
const plan = (set: DaemonSet, nodes: number, pods: readonly string[]) => {
  const view = { set, nodes: nodesOf(nodes), pods: pods.map(podOf), hash: HASH, nowMs: NOW };
  const { create, remove } = planDaemonSet(view);
  return { create, remove: remove.map(({ metadata }) => metadata?.name) };
};

describe('one pod on each node', () => {
  test.each<[string, number, string[], string[], string[]]>([
    ['is created where none is', 2, ['n0 new'], ['n1'], []],
    ['is not doubled', 1, ['n0 new'], [], []],
    ['is the oldest of several', 1, ['n0 new', 'n0 old'], [], ['n0 old']],
    ['is created beside one that is being deleted', 1, ['n0 new deleting'], ['n0'], []],
    ['is created anew after one that failed is gone', 1, ['n0 new failed'], [], ['n0 new failed']],
  ])('%s', (_name, nodes, pods, create, remove) => {
    expect(plan(setOf(), nodes, pods)).toEqual({ create, remove });
  });
});

describe('a rolling update', () => {
  test.each<[string, DaemonSet, string[], string[]]>([
    ['replaces one at a time', setOf(), ['n0 old', 'n1 old', 'n2 old'], ['n0 old']],
    ['waits for the new one', setOf(), ['n0 new unready', 'n1 old', 'n2 old'], []],
    ['goes on when it is ready', setOf(), ['n0 new', 'n1 old', 'n2 old'], ['n1 old']],
    [
      'replaces at once what is not ready anyway',
      setOf(),
      ['n0 old', 'n1 old unready', 'n2 new unready'],
      ['n1 old unready'],
    ],
    ['may replace several', rolling({ maxUnavailable: 2 }), ['n0 old', 'n1 old', 'n2 old'], ['n0 old', 'n1 old']],
    ['rounds a share up', rolling({ maxUnavailable: '34%' }), ['n0 old', 'n1 old', 'n2 old'], ['n0 old', 'n1 old']],
    ['does nothing OnDelete', setOf({ type: 'OnDelete' }), ['n0 old', 'n1 old', 'n2 old'], []],
  ])('%s', (_name, set, pods, remove) => {
    expect(plan(set, 3, pods)).toEqual({ create: [], remove });
  });

  const surging = rolling({ maxSurge: 1, maxUnavailable: 0 });
  test.each<[string, string[], string[], string[]]>([
    ['starts the new pod first', ['n0 old', 'n1 old'], ['n0'], []],
    ['waits for it', ['n0 old', 'n0 new unready', 'n1 old'], [], []],
    ['then ends the old one', ['n0 old', 'n0 new', 'n1 old'], [], ['n0 old']],
    ['and goes on', ['n0 new', 'n1 old'], ['n1'], []],
    ['does not wait where the old pod is not ready', ['n0 old', 'n0 new unready', 'n1 old unready'], ['n1'], []],
  ])('with surge %s', (_name, pods, create, remove) => {
    expect(plan(surging, 2, pods)).toEqual({ create, remove });
  });
});

test('the status counts nodes', () => {
  const pods = ['n0 new', 'n1 old', 'n2 new unready'].map(podOf);
  const view = { set: setOf(), nodes: nodesOf(4), pods, hash: HASH, nowMs: NOW };
  expect(planDaemonSetStatus(view)).toEqual({
    status: {
      observedGeneration: 2,
      desiredNumberScheduled: 4,
      currentNumberScheduled: 3,
      numberMisscheduled: 0,
      updatedNumberScheduled: 2,
      numberReady: 2,
      numberAvailable: 2,
      numberUnavailable: 2,
    },
    againAfterMs: undefined,
  });
});

test('a ready pod is available after minReadySeconds', () => {
  const view = { set: setOf({}, 15), nodes: nodesOf(1), pods: [podOf('n0 new')], hash: HASH, nowMs: NOW };
  expect(planDaemonSetStatus(view)).toMatchObject({
    status: { numberReady: 1, numberUnavailable: 1 },
    againAfterMs: 5000,
  });
});
