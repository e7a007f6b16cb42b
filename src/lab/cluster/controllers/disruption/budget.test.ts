import { expect, test } from 'vitest';
import { RESOURCES } from '../../resources.ts';
import { useTestCluster } from '../testing/use-test-cluster.ts';

const cluster = useTestCluster();

test('a budget follows the pods and the size of a Deployment', async () => {
  const labels = { app: 'web' };
  await cluster.create(RESOURCES.podDisruptionBudgets, {
    metadata: { name: 'web' },
    spec: { maxUnavailable: '50%', selector: { matchLabels: labels } },
  });
  const allowed = (count: number, expectedPods: number) =>
    cluster.until(async () => {
      const { status } = await cluster.get(RESOURCES.podDisruptionBudgets, 'web');
      expect(status).toMatchObject({ disruptionsAllowed: count, expectedPods, observedGeneration: 1 });
    });
  await allowed(0, 0);
  await cluster.create(RESOURCES.deployments, {
    metadata: { name: 'web' },
    spec: {
      replicas: 4,
      selector: { matchLabels: labels },
      template: { metadata: { labels }, spec: { containers: [{ name: 'c', image: 'i' }] } },
    },
  });
  await allowed(2, 4);
  cluster.now().kubelet.keepUnready('web-');
  await cluster.merge(RESOURCES.deployments, 'web', { spec: { replicas: 6 } });
  await allowed(1, 6);
});
