import { beforeEach, describe, expect, test } from 'vitest';
import type { PodDisruptionBudgetStatus } from 'kubernetes-types/policy/v1.js';
import type { KubeObject } from '#kube';
import { ApiError } from '../../api-access.ts';
import { createTestApi, type TestApi } from '../testing/test-api.ts';
import { evictPod } from './evict.ts';

const PODS = { group: '', version: 'v1', resource: 'pods' };
const BUDGETS = { group: 'policy', version: 'v1', resource: 'poddisruptionbudgets' };
const KEY = { namespace: 'default', name: 'web' };

let api: TestApi;
beforeEach(async () => {
  api = await createTestApi();
  const spec = { nodeName: 'node-1', containers: [{ name: 'c', image: 'i' }] };
  await api.access.create(PODS, 'default', { metadata: { name: 'web', labels: { app: 'web' } }, spec });
  await setPod('Running', true);
});

const setPod = (phase: string, ready: boolean) => {
  const status = { phase, conditions: [{ type: 'Ready', status: ready ? 'True' : 'False' }] };
  return api.access.patch(PODS, KEY, 'merge', { status }, 'status');
};
const budget = async (name: string, status: Partial<PodDisruptionBudgetStatus>, spec: object = {}) => {
  const body = { metadata: { name }, spec: { minAvailable: 1, selector: { matchLabels: { app: 'web' } }, ...spec } };
  await api.access.create(BUDGETS, 'default', body);
  const counts = {
    observedGeneration: 1,
    expectedPods: 1,
    currentHealthy: 1,
    desiredHealthy: 1,
    disruptionsAllowed: 0,
  };
  const key = { namespace: 'default', name };
  await api.access.patch(BUDGETS, key, 'merge', { status: { ...counts, ...status } }, 'status');
};
const evict = (dryRun = false) => {
  const target = { kind: api.context.kinds.get(PODS), ...KEY, subresource: 'eviction' };
  evictPod(api.context, target, { dryRun }, api.options('tester'));
};
const refusal = (): ApiError['body'] => {
  try {
    evict();
  } catch (error) {
    if (error instanceof ApiError) return error.body;
    throw error;
  }
  throw new Error('the pod was evicted');
};
/** The code of the refusal; undefined when the pod is evicted. */
const refusalCode = (): number | undefined => {
  try {
    evict();
    return undefined;
  } catch (error) {
    if (error instanceof ApiError) return error.body.code;
    throw error;
  }
};
const pod = () => api.access.get<KubeObject & { status: { conditions: object[] } }>(PODS, KEY);

test('without a budget the pod is deleted, and its status says why', async () => {
  evict();
  const { metadata, status } = await pod();
  expect(metadata.deletionTimestamp).toBeDefined();
  expect(status.conditions).toContainEqual(
    expect.objectContaining({ type: 'DisruptionTarget', status: 'True', reason: 'EvictionByEvictionAPI' }),
  );
});

test('a dry run changes nothing', async () => {
  await budget('one', { disruptionsAllowed: 1 });
  evict(true);
  expect((await pod()).metadata.deletionTimestamp).toBeUndefined();
  const { status } = await api.access.get(BUDGETS, { namespace: 'default', name: 'one' });
  expect(status).toMatchObject({ disruptionsAllowed: 1 });
});

describe('a budget', () => {
  test('that allows it is used up', async () => {
    const conditions = [
      {
        type: 'DisruptionAllowed',
        status: 'True',
        reason: 'SufficientPods',
        message: '',
        lastTransitionTime: '2026-01-01T00:00:00Z',
      },
    ];
    await budget('one', { disruptionsAllowed: 1, conditions });
    evict();
    const { status } = await api.access.get(BUDGETS, { namespace: 'default', name: 'one' });
    expect(status).toMatchObject({
      disruptionsAllowed: 0,
      disruptedPods: { web: expect.any(String) as string },
      conditions: [{ status: 'False', reason: 'InsufficientPods' }],
    });
  });

  test('that does not allow it keeps the pod', async () => {
    await budget('one', {});
    expect(refusal()).toMatchObject({
      code: 429,
      reason: 'TooManyRequests',
      message: "Cannot evict pod as it would violate the pod's disruption budget.",
      details: {
        causes: [
          {
            reason: 'DisruptionBudget',
            message: 'The disruption budget one needs 1 healthy pods and has 1 currently',
          },
        ],
      },
    });
    expect((await pod()).metadata.deletionTimestamp).toBeUndefined();
  });

  test('that nobody has looked at yet keeps the pod', async () => {
    await budget('one', { disruptionsAllowed: 1, observedGeneration: 0 });
    expect(refusal()).toMatchObject({
      code: 429,
      details: { causes: [{ message: 'The disruption budget one is still being processed by the server.' }] },
    });
  });

  test('is one too many when there is another', async () => {
    await budget('one', { disruptionsAllowed: 1 });
    await budget('two', { disruptionsAllowed: 1 });
    expect(refusal()).toMatchObject({ code: 500, reason: 'InternalError' });
  });

  test('with an empty selector is for every pod', async () => {
    await budget('one', {}, { selector: {} });
    expect(refusal().code).toBe(429);
  });

  test.each(['Pending', 'Succeeded', 'Failed'])('does not count a pod that is %s', async (phase) => {
    await budget('one', {});
    await setPod(phase, false);
    expect(refusalCode()).toBeUndefined();
  });

  test.each<[string, boolean, object, Partial<PodDisruptionBudgetStatus>, boolean]>([
    ['a pod that is not ready goes when enough others are', false, {}, {}, true],
    ['but not when too few are', false, {}, { currentHealthy: 0 }, false],
    [
      'unless such pods may always go',
      false,
      { unhealthyPodEvictionPolicy: 'AlwaysAllow' },
      { currentHealthy: 0 },
      true,
    ],
    ['which is nothing to a ready one', true, { unhealthyPodEvictionPolicy: 'AlwaysAllow' }, {}, false],
  ])('%s', async (_name, ready, spec, status, goes) => {
    await budget('one', status, spec);
    await setPod('Running', ready);
    expect(refusalCode()).toBe(goes ? undefined : 429);
  });
});
