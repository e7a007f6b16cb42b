import { beforeEach, expect, it } from 'vitest';
import { createTestApi, type TestApi } from '../testing/test-api.ts';

const V1 = { group: 'autoscaling', version: 'v1', resource: 'horizontalpodautoscalers' };
const V2 = { group: 'autoscaling', version: 'v2', resource: 'horizontalpodautoscalers' };

const key = { namespace: 'default', name: 'a' };
const scaleTargetRef = { apiVersion: 'apps/v1', kind: 'Deployment', name: 'd' };
const cpu = {
  type: 'Resource',
  resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 50 } },
};
const pods = {
  type: 'Pods',
  pods: { metric: { name: 'hits' }, target: { type: 'AverageValue', averageValue: '10' } },
};

let api: TestApi;

beforeEach(async () => {
  api = await createTestApi();
});

it('an autoscaler of v1 aims at the CPU in v2', async () => {
  const spec = { scaleTargetRef, maxReplicas: 3, targetCPUUtilizationPercentage: 50 };
  await api.access.create(V1, 'default', { metadata: { name: 'a' }, spec });
  expect(await api.access.get(V2, key)).toMatchObject({
    apiVersion: 'autoscaling/v2',
    spec: { scaleTargetRef, minReplicas: 1, maxReplicas: 3, metrics: [cpu] },
  });
});

it('one of v2 keeps its other metrics and its behaviour when it is updated as v1', async () => {
  const behavior = { scaleDown: { stabilizationWindowSeconds: 60 } };
  const spec = { scaleTargetRef, maxReplicas: 3, metrics: [cpu, pods], behavior };
  await api.access.create(V2, 'default', { metadata: { name: 'a' }, spec });
  const seen = await api.access.get(V1, key);
  expect(seen).toMatchObject({ apiVersion: 'autoscaling/v1', spec: { targetCPUUtilizationPercentage: 50 } });
  await api.access.update(V1, key, {
    ...seen,
    spec: { scaleTargetRef, maxReplicas: 4, targetCPUUtilizationPercentage: 50 },
  });
  const after = await api.access.get(V2, key);
  expect(after).toMatchObject({ spec: { maxReplicas: 4, metrics: [cpu, pods], behavior } });
  expect(after.metadata).not.toHaveProperty('annotations');
});

it('one of v2 with another metric alone gets no target of the CPU', async () => {
  await api.access.create(V2, 'default', {
    metadata: { name: 'a' },
    spec: { scaleTargetRef, maxReplicas: 3, metrics: [pods] },
  });
  await api.access.update(V1, key, await api.access.get(V1, key));
  expect(await api.access.get(V2, key)).toMatchObject({ spec: { metrics: [pods] } });
});
