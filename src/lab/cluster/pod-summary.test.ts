import { expect, test } from 'vitest';
import type { Pod } from '#kube';
import { summarizePod } from './pod-summary.ts';

const container = (state: object, ready = false) => ({
  name: 'c',
  image: '',
  imageID: '',
  restartCount: 0,
  ready,
  state,
});

test.each<{ name: string; metadata?: object; status: object; expected: object }>([
  {
    name: 'a ready pod needs no reason',
    status: {
      phase: 'Running',
      conditions: [{ type: 'Ready', status: 'True' }],
      containerStatuses: [container({ running: {} }, true)],
    },
    expected: { phase: 'Running', ready: true },
  },
  {
    name: 'what a container waits for',
    status: { phase: 'Pending', containerStatuses: [container({ waiting: { reason: 'CreateContainerConfigError' } })] },
    expected: { phase: 'Pending', ready: false, reason: 'CreateContainerConfigError' },
  },
  {
    name: 'how a container failed',
    status: { phase: 'Failed', containerStatuses: [container({ terminated: { reason: 'Error', exitCode: 1 } })] },
    expected: { phase: 'Failed', ready: false, reason: 'Error' },
  },
  {
    name: 'an init container that is over is no reason',
    status: {
      phase: 'Pending',
      initContainerStatuses: [container({ terminated: { reason: 'Completed', exitCode: 0 } })],
      containerStatuses: [container({ waiting: { reason: 'PodInitializing' } })],
    },
    expected: { phase: 'Pending', ready: false, reason: 'PodInitializing' },
  },
  {
    name: 'deletion comes before all other reasons',
    metadata: { deletionTimestamp: '2026-01-01T00:00:00Z' },
    status: { phase: 'Running', containerStatuses: [container({ waiting: { reason: 'CrashLoopBackOff' } })] },
    expected: { phase: 'Running', ready: false, reason: 'Terminating' },
  },
  { name: 'a pod without a status is pending', status: {}, expected: { phase: 'Pending', ready: false } },
])('$name', ({ metadata, status, expected }) => {
  const pod = { metadata: { namespace: 'ns', name: 'p', ...metadata }, status } as unknown as Pod;
  expect(summarizePod(pod)).toEqual({ namespace: 'ns', name: 'p', ...expected });
});
