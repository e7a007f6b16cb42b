import { describe, expect, test } from 'vitest';
import type { PodDisruptionBudget, PodDisruptionBudgetSpec } from 'kubernetes-types/policy/v1.js';
import type { Pod } from '#kube';
import { coversPod, planBudgetStatus } from './budget-plan.ts';

const NOW = Date.parse('2026-03-01T12:00:00Z');
const budgetOf = (spec: PodDisruptionBudgetSpec, disruptedPods: Record<string, string> = {}): PodDisruptionBudget => ({
  metadata: { name: 'web', namespace: 'default', generation: 3 },
  spec,
  status: { disruptionsAllowed: 0, currentHealthy: 0, desiredHealthy: 0, expectedPods: 0, disruptedPods },
});
const podsOf = (ready: number, unready = 0): Pod[] =>
  Array.from({ length: ready + unready }, (_, index) => ({
    metadata: { name: `p${index}` },
    status: { conditions: [{ type: 'Ready', status: index < ready ? 'True' : 'False' }] },
  }));
const plan = (budget: PodDisruptionBudget, pods: readonly Pod[], count: number) =>
  planBudgetStatus(budget, pods, { count }, NOW);

test.each<[PodDisruptionBudgetSpec, boolean]>([
  [{ selector: { matchLabels: { app: 'web' } } }, true],
  [{ selector: { matchLabels: { app: 'db' } } }, false],
  [{ selector: { matchExpressions: [{ key: 'app', operator: 'In', values: ['web'] }] } }, true],
  [{ selector: {} }, true],
  [{}, false],
])('%j covers a pod of app web: %s', (spec, expected) => {
  expect(coversPod(budgetOf(spec), { app: 'web' })).toBe(expected);
});

describe('how many may be evicted', () => {
  test.each<[PodDisruptionBudgetSpec, number, number, number, number, number]>([
    // spec, ready, not ready, expected, desired healthy, allowed
    [{ minAvailable: 2 }, 3, 0, 3, 2, 1],
    [{ minAvailable: 2 }, 2, 1, 3, 2, 0],
    [{ minAvailable: 5 }, 3, 0, 3, 5, 0],
    [{ minAvailable: '50%' }, 5, 0, 5, 3, 2],
    [{ minAvailable: '50%' }, 5, 0, 8, 4, 1],
    [{ maxUnavailable: 1 }, 3, 0, 3, 2, 1],
    [{ maxUnavailable: 1 }, 2, 1, 3, 2, 0],
    [{ maxUnavailable: '30%' }, 3, 0, 3, 2, 1],
    [{ maxUnavailable: 5 }, 3, 0, 3, 0, 3],
    [{ minAvailable: 0 }, 0, 0, 0, 0, 0],
  ])('%j with %i ready and %i not, of %i', (spec, ready, unready, expectedPods, desiredHealthy, disruptionsAllowed) => {
    const { status } = plan(budgetOf(spec), podsOf(ready, unready), expectedPods);
    expect(status).toMatchObject({
      currentHealthy: ready,
      expectedPods,
      desiredHealthy,
      disruptionsAllowed,
      observedGeneration: 3,
      conditions: [
        disruptionsAllowed > 0
          ? { type: 'DisruptionAllowed', status: 'True', reason: 'SufficientPods' }
          : { type: 'DisruptionAllowed', status: 'False', reason: 'InsufficientPods' },
      ],
    });
  });
});

test('an evicted pod is missing at once, until it is gone or two minutes have passed', () => {
  const spec = { minAvailable: 1 };
  const evicted = (seconds: number) => ({ p0: new Date(NOW - seconds * 1000).toISOString() });
  const fresh = plan(budgetOf(spec, evicted(20)), podsOf(3), 3);
  expect(fresh).toMatchObject({ status: { currentHealthy: 2, disruptionsAllowed: 1 }, againAfterMs: 100_000 });
  expect(plan(budgetOf(spec, evicted(121)), podsOf(3), 3).status).toMatchObject({ currentHealthy: 3 });
  expect(plan(budgetOf(spec, evicted(20)), podsOf(3).slice(1), 2).status.disruptedPods).toBeUndefined();
});

test('nothing may be evicted while the size of the workload is not known', () => {
  const { status } = planBudgetStatus(budgetOf({ maxUnavailable: 1 }), podsOf(3), { problem: 'no scale' }, NOW);
  expect(status).toMatchObject({
    disruptionsAllowed: 0,
    conditions: [{ status: 'False', reason: 'SyncFailed', message: 'no scale' }],
  });
});
