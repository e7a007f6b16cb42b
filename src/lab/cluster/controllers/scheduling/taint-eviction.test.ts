import { describe, expect, test } from 'vitest';
import type { Toleration } from 'kubernetes-types/core/v1.js';
import { RESOURCES } from '../../resources.ts';
import { useTestCluster } from '../testing/use-test-cluster.ts';
import { evictionAfterMs } from './taint-eviction.ts';

const taint = (key: string, effect = 'NoExecute') => ({ key, value: 'x', effect });
const bears = (key: string, tolerationSeconds?: number): Toleration => ({
  key,
  operator: 'Exists',
  effect: 'NoExecute',
  ...(tolerationSeconds === undefined ? {} : { tolerationSeconds }),
});

test.each<[string, ReturnType<typeof taint>[], Toleration[], number | undefined]>([
  ['stays without taints', [], [], undefined],
  ['stays with a taint for newcomers only', [taint('a', 'NoSchedule')], [], undefined],
  ['leaves at once', [taint('a')], [], 0],
  ['leaves for one of two', [taint('a'), taint('b')], [bears('a')], 0],
  ['stays when it bears all', [taint('a'), taint('b')], [bears('a'), bears('b')], undefined],
  ['stays for the shortest of its times', [taint('a'), taint('b')], [bears('a', 60), bears('b', 20)], 20_000],
  ['leaves at once with a time of nought', [taint('a')], [bears('a', 0)], 0],
])('a pod %s', (_name, taints, tolerations, expected) => {
  expect(evictionAfterMs({ spec: { containers: [], tolerations } }, { spec: { taints } })).toBe(expected);
});

describe('on a node', () => {
  const cluster = useTestCluster();

  test('a taint of effect NoExecute empties the node but for those that bear it', async () => {
    const create = (name: string, tolerations: Toleration[]) =>
      cluster.create(RESOURCES.pods, {
        metadata: { name },
        spec: { containers: [{ name: 'c', image: 'i' }], tolerations },
      });
    await create('leaves', []);
    await create('stays', [bears('gone')]);
    await cluster.until(async () => {
      for (const name of ['leaves', 'stays']) {
        expect(await cluster.get(RESOURCES.pods, name)).toMatchObject({ status: { phase: 'Running' } });
      }
    });
    await cluster.now().api.patch(RESOURCES.nodes, { name: 'node-1' }, 'merge', { spec: { taints: [taint('gone')] } });
    await cluster.gone(RESOURCES.pods, 'leaves');
    expect(await cluster.eventsOf('TaintManagerEviction')).toEqual(['Marking for deletion Pod default/leaves']);
    expect(await cluster.names(RESOURCES.pods)).toEqual(['stays']);
  });
});
