import { expect, test } from 'vitest';
import type { Pod } from '#kube';
import { planPodGc } from './pod-gc.ts';

test.each([
  { name: 'a pod of the node stays', node: 'n1', exists: true, plan: 'keep' },
  { name: 'a running pod of a lost node fails and goes', node: 'n1', exists: false, plan: 'fail-and-delete' },
  { name: 'an ended pod of a lost node goes', node: 'n1', phase: 'Succeeded', exists: false, plan: 'delete' },
  { name: 'a pod without a node stays', node: '', exists: true, plan: 'keep' },
  {
    name: 'a pod without a node goes when it is being deleted',
    node: '',
    deleting: true,
    exists: true,
    plan: 'delete',
  },
])('$name', ({ node, phase = 'Running', deleting = false, exists, plan }) => {
  const pod = {
    metadata: deleting ? { deletionTimestamp: 'x' } : {},
    spec: { containers: [], nodeName: node },
    status: { phase },
  } as Pod;
  expect(planPodGc(pod, exists)).toBe(plan);
});
