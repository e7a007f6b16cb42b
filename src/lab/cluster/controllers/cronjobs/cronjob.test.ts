import { expect, test } from 'vitest';
import type { CronJob, Job } from 'kubernetes-types/batch/v1.js';
import { RESOURCES } from '../../resources.ts';
import { useTestCluster } from '../testing/use-test-cluster.ts';

const cluster = useTestCluster();

const template = { spec: { restartPolicy: 'Never', containers: [{ name: 'c', image: 'i' }] } };
const start = (spec: object) =>
  cluster.create(RESOURCES.cronJobs, {
    apiVersion: 'batch/v1',
    kind: 'CronJob',
    metadata: { name: 'tick' },
    spec: { schedule: '@every 1s', jobTemplate: { spec: { template } }, ...spec },
  });
const read = () => cluster.get<CronJob>(RESOURCES.cronJobs, 'tick');

test('a CronJob starts its Job when it is due, and notes what became of it', async () => {
  await start({});
  await cluster.until(async () => expect((await read()).status?.active).toHaveLength(1));
  const [job] = await cluster.list<Job>(RESOURCES.jobs);
  expect(job?.metadata.name).toMatch(/^tick-\d{8}$/);
  expect((await read()).status?.active).toMatchObject([{ kind: 'Job', uid: job?.metadata.uid }]);
  await cluster.merge(RESOURCES.cronJobs, 'tick', { spec: { suspend: true } });
  await cluster.until(async () => expect(await cluster.names(RESOURCES.pods)).toHaveLength(1));
  const [pod = ''] = await cluster.names(RESOURCES.pods);
  await cluster.now().kubelet.end({ namespace: 'default', name: pod }, 0);
  await cluster.until(async () => {
    const { status } = await read();
    expect(status?.active).toBeUndefined();
    expect(status?.lastSuccessfulTime).toBeDefined();
  });
});

test('a CronJob is deleted with its Jobs and their pods', async () => {
  await start({});
  await cluster.until(async () => expect(await cluster.names(RESOURCES.pods)).toHaveLength(1));
  const request = { propagationPolicy: 'Foreground' } as const;
  await cluster.now().api.delete(RESOURCES.cronJobs, { namespace: 'default', name: 'tick' }, request);
  await cluster.gone(RESOURCES.cronJobs, 'tick');
  await cluster.until(async () => expect(await cluster.names(RESOURCES.pods)).toEqual([]));
  expect(await cluster.names(RESOURCES.jobs)).toEqual([]);
});
