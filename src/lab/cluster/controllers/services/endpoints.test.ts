import { expect, test } from 'vitest';
import type { Endpoints } from 'kubernetes-types/core/v1.js';
import type { EndpointSlice } from 'kubernetes-types/discovery/v1.js';
import { RESOURCES } from '../../resources.ts';
import { useTestCluster } from '../testing/use-test-cluster.ts';

const cluster = useTestCluster();

const createService = (spec: object = { selector: { app: 'web' }, ports: [{ port: 80 }] }) =>
  cluster.create(RESOURCES.services, { apiVersion: 'v1', kind: 'Service', metadata: { name: 'web' }, spec });
const createPod = (name: string) =>
  cluster.create(RESOURCES.pods, {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, labels: { app: 'web' } },
    spec: { containers: [{ name: 'c', image: 'i' }] },
  });
const slices = async () =>
  (await cluster.list<EndpointSlice>(RESOURCES.endpointSlices)).filter(
    ({ metadata }) => metadata.labels?.['kubernetes.io/service-name'] === 'web',
  );
const behind = async () => {
  const found = (await slices()).flatMap(({ endpoints }) => endpoints ?? []);
  return found.map(({ targetRef, conditions }) => [targetRef?.name, conditions?.ready]);
};

test('a Service follows its pods, in its slice and in its Endpoints', async () => {
  await createService();
  cluster.now().kubelet.keepUnready('slow');
  await createPod('a');
  await createPod('slow');
  await cluster.until(async () =>
    expect(await behind()).toEqual([
      ['a', true],
      ['slow', false],
    ]),
  );
  await cluster.until(async () => {
    const { subsets } = await cluster.get<Endpoints>(RESOURCES.endpoints, 'web');
    expect(subsets).toMatchObject([
      { addresses: [{ targetRef: { name: 'a' } }], notReadyAddresses: [{ targetRef: { name: 'slow' } }] },
    ]);
  });
  await cluster.now().api.delete(RESOURCES.pods, { namespace: 'default', name: 'a' });
  await cluster.until(async () => expect(await behind()).toEqual([['slow', false]]));
});

test('what somebody deletes is brought back, and goes with the Service', async () => {
  await createService();
  await cluster.until(async () => expect(await slices()).toHaveLength(1));
  const [slice] = await slices();
  const name = slice?.metadata.name ?? '';
  await cluster.now().api.delete(RESOURCES.endpointSlices, { namespace: 'default', name });
  await cluster.until(async () => expect((await slices()).map(({ metadata }) => metadata.name)).not.toContain(name));
  await cluster.until(async () => expect(await slices()).toHaveLength(1));
  await cluster.now().api.delete(RESOURCES.services, { namespace: 'default', name: 'web' });
  await cluster.until(async () => expect(await slices()).toEqual([]));
  await cluster.gone(RESOURCES.endpoints, 'web');
});

test('endpoints of a Service without a selector are left to whom they belong', async () => {
  const endpoints = {
    apiVersion: 'v1',
    kind: 'Endpoints',
    metadata: { name: 'web' },
    subsets: [{ addresses: [{ ip: '10.1.2.3' }], ports: [{ port: 5432 }] }],
  };
  await cluster.create(RESOURCES.endpoints, endpoints);
  await createService({ ports: [{ port: 5432 }] });
  await createPod('a');
  await cluster.until(async () =>
    expect((await cluster.get(RESOURCES.pods, 'a'))['status']).toMatchObject({ phase: 'Running' }),
  );
  expect(await cluster.get(RESOURCES.endpoints, 'web')).toMatchObject({ subsets: endpoints.subsets });
  expect(await slices()).toEqual([]);
});
