import { describe, expect, test } from 'vitest';
import type { Node, Pod } from '#kube';
import { awaitsScheduling, planScheduling } from './scheduler-plan.ts';

const node = (spec: object = {}, labels: Readonly<Record<string, string>> = { zone: 'a', cores: '4' }): Node =>
  ({ metadata: { name: 'n1', labels }, spec }) as Node;
const pod = (spec: object = {}): Pod => ({ metadata: {}, spec: { containers: [], ...spec } }) as Pod;
const required = (...terms: object[]) => ({
  affinity: { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: terms } } },
});
const taint = { key: 'dedicated', value: 'gpu', effect: 'NoSchedule' };

const PREEMPTION =
  ' no new claims to deallocate, preemption: 0/1 nodes are available: 1 Preemption is not helpful for scheduling.';
const MISMATCH = `0/1 nodes are available: 1 node(s) didn't match Pod's node affinity/selector.${PREEMPTION}`;

describe('a pod is assigned', () => {
  test.each([
    { name: 'without wishes', pod: pod(), node: node() },
    { name: 'by its nodeSelector', pod: pod({ nodeSelector: { zone: 'a' } }), node: node() },
    {
      name: 'by one of several affinity terms',
      pod: pod(
        required(
          { matchExpressions: [{ key: 'zone', operator: 'In', values: ['b'] }] },
          { matchExpressions: [{ key: 'cores', operator: 'Gt', values: ['2'] }] },
        ),
      ),
      node: node(),
    },
    {
      name: 'by the name of the node',
      pod: pod(required({ matchFields: [{ key: 'metadata.name', operator: 'In', values: ['n1'] }] })),
      node: node(),
    },
    {
      name: 'when it tolerates the taint',
      pod: pod({ tolerations: [{ key: 'dedicated', operator: 'Equal', value: 'gpu' }] }),
      node: node({ taints: [taint] }),
    },
    {
      name: 'when it tolerates everything',
      pod: pod({ tolerations: [{ operator: 'Exists' }] }),
      node: node({ taints: [taint], unschedulable: true }),
    },
    {
      name: 'in spite of a taint that only prefers',
      pod: pod(),
      node: node({ taints: [{ ...taint, effect: 'PreferNoSchedule' }] }),
    },
  ])('$name', ({ pod: one, node: place }) => {
    expect(planScheduling(one, [place])).toEqual({ kind: 'assign', nodeName: 'n1' });
  });
});

describe('a pod is not assigned', () => {
  test.each([
    { name: 'when no node has the labels', pod: pod({ nodeSelector: { zone: 'b' } }), node: node(), message: MISMATCH },
    {
      name: 'when no affinity term holds',
      pod: pod(required({ matchExpressions: [{ key: 'zone', operator: 'NotIn', values: ['a'] }] })),
      node: node(),
      message: MISMATCH,
    },
    { name: 'when an affinity term is empty', pod: pod(required({})), node: node(), message: MISMATCH },
    {
      name: 'when it does not tolerate a taint',
      pod: pod({ tolerations: [{ key: 'dedicated', value: 'gpu', effect: 'NoExecute' }] }),
      node: node({ taints: [taint] }),
      message: `0/1 nodes are available: 1 node(s) had untolerated taint {dedicated: gpu}.${PREEMPTION}`,
    },
    {
      name: 'when the node is cordoned',
      pod: pod(),
      node: node({ unschedulable: true }),
      message: `0/1 nodes are available: 1 node(s) were unschedulable.${PREEMPTION}`,
    },
  ])('$name', ({ pod: one, node: place, message }) => {
    expect(planScheduling(one, [place])).toEqual({ kind: 'unschedulable', message });
  });

  test('when the node has as many pods as it takes; the pod of another node takes no place there', () => {
    const full = { ...node(), status: { allocatable: { pods: '3' } } } as Node;
    const podsOn = (count: number) => (nodeName: string) => (nodeName === 'n1' ? count : 0);
    expect(planScheduling(pod(), [full], { podsOn: podsOn(2) })).toEqual({ kind: 'assign', nodeName: 'n1' });
    expect(planScheduling(pod(), [full], { podsOn: podsOn(3) })).toEqual({
      kind: 'unschedulable',
      message:
        '0/1 nodes are available: 1 Too many pods. no new claims to deallocate, preemption: 0/1 nodes are available: 1 No preemption victims found for incoming pod.',
    });
    // As in hwameistor/hwameistor#1227.
    const cordoned = { ...node({ unschedulable: true }), metadata: { name: 'n2' } } as Node;
    expect(planScheduling(pod(), [cordoned, full], { podsOn: podsOn(3) })).toMatchObject({
      message:
        '0/2 nodes are available: 1 Too many pods, 1 node(s) were unschedulable. no new claims to deallocate, preemption: 0/2 nodes are available: 1 No preemption victims found for incoming pod, 1 Preemption is not helpful for scheduling.',
    });
  });

  test('when there is no node', () => {
    expect(planScheduling(pod(), [])).toEqual({
      kind: 'unschedulable',
      message: 'no nodes available to schedule pods',
    });
  });
});

test.each([
  { name: 'a new pod waits', pod: pod(), waits: true },
  { name: 'an assigned one does not', pod: pod({ nodeName: 'n1' }), waits: false },
  { name: 'one of another scheduler does not', pod: pod({ schedulerName: 'mine' }), waits: false },
  { name: 'a gated one does not', pod: pod({ schedulingGates: [{ name: 'g' }] }), waits: false },
  { name: 'one under deletion does not', pod: { ...pod(), metadata: { deletionTimestamp: 'x' } }, waits: false },
  { name: 'a failed one does not', pod: { ...pod(), status: { phase: 'Failed' } }, waits: false },
])('$name', ({ pod: one, waits }) => {
  expect(awaitsScheduling(one as Pod)).toBe(waits);
});
