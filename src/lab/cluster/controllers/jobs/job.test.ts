import { describe, expect, test } from 'vitest';
import type { Job } from 'kubernetes-types/batch/v1.js';
import type { Pod } from '#kube';
import { RESOURCES } from '../../resources.ts';
import { useTestCluster } from '../testing/use-test-cluster.ts';

const cluster = useTestCluster();

const jobBody = (name: string, spec: object = {}) => ({
  apiVersion: 'batch/v1',
  kind: 'Job',
  metadata: { name },
  spec: { template: { spec: { restartPolicy: 'Never', containers: [{ name: 'c', image: 'i' }] } }, ...spec },
});
const start = (name: string, spec: object = {}) => cluster.create(RESOURCES.jobs, jobBody(name, spec));
const read = (name: string) => cluster.get<Job>(RESOURCES.jobs, name);
const ended = (name: string, condition: 'Complete' | 'Failed') =>
  cluster.until(async () => {
    const { status } = await read(name);
    expect(status?.conditions).toContainEqual(expect.objectContaining({ type: condition, status: 'True' }));
  });
const podNames = () => cluster.names(RESOURCES.pods);

describe('a Job', () => {
  test('runs its pod to the end and is complete; the pod stays and is free to go', async () => {
    cluster.now().kubelet.endAtOnce('pi-', 0);
    await start('pi');
    await ended('pi', 'Complete');
    const { status } = await read('pi');
    expect(status).toMatchObject({ succeeded: 1, uncountedTerminatedPods: {} });
    expect(status?.conditions?.map(({ type }) => type)).toEqual(['SuccessCriteriaMet', 'Complete']);
    const [pod] = await cluster.list<Pod>(RESOURCES.pods);
    expect(pod?.metadata.finalizers ?? []).toEqual([]);
    expect(await cluster.eventsOf('SuccessfulCreate')).toEqual([`Created pod: ${pod?.metadata.name ?? ''}`]);
    await cluster.until(async () => expect(await cluster.eventsOf('Completed')).toEqual(['Job completed']));
  });

  test('counts each of many completions once', async () => {
    cluster.now().kubelet.endAtOnce('pi-', 0);
    await start('pi', { completions: 7, parallelism: 3 });
    await ended('pi', 'Complete');
    expect((await read('pi')).status).toMatchObject({ succeeded: 7 });
    expect(await podNames()).toHaveLength(7);
  });

  test('has failed when its pod does and it may not try again', async () => {
    cluster.now().kubelet.endAtOnce('pi-', 3);
    await start('pi', { backoffLimit: 0 });
    await ended('pi', 'Failed');
    expect((await read('pi')).status).toMatchObject({ failed: 1 });
    expect(await cluster.eventsOf('BackoffLimitExceeded')).toEqual(['Job has reached the specified backoff limit']);
  });

  test('with indexes tells its pods who they are', async () => {
    cluster.now().kubelet.endAtOnce('pi-', 0);
    await start('pi', { completions: 3, parallelism: 3, completionMode: 'Indexed' });
    await ended('pi', 'Complete');
    expect((await read('pi')).status).toMatchObject({ succeeded: 3, completedIndexes: '0-2' });
    const pods = await cluster.list<Pod>(RESOURCES.pods);
    expect(pods.map(({ spec }) => spec?.hostname)).toEqual(['pi-0', 'pi-1', 'pi-2']);
    expect(pods[1]?.metadata.name).toMatch(/^pi-1-[a-z0-9]{5}$/);
    expect(pods[1]?.spec?.containers[0]?.env).toMatchObject([{ name: 'JOB_COMPLETION_INDEX' }]);
  });

  test('ends its pods on suspension and begins anew on resumption', async () => {
    await start('pi');
    await cluster.until(async () => expect((await read('pi')).status).toMatchObject({ active: 1, ready: 1 }));
    const before = await podNames();
    await cluster.merge(RESOURCES.jobs, 'pi', { spec: { suspend: true } });
    await cluster.until(async () => expect(await podNames()).toEqual([]));
    await cluster.merge(RESOURCES.jobs, 'pi', { spec: { suspend: false } });
    await cluster.until(async () => expect(await podNames()).toHaveLength(1));
    expect(await podNames()).not.toEqual(before);
  });

  test('past its deadline has failed, with its pods gone', async () => {
    await start('pi', { activeDeadlineSeconds: 1 });
    await ended('pi', 'Failed');
    expect(await podNames()).toEqual([]);
    expect(await cluster.eventsOf('DeadlineExceeded')).toHaveLength(1);
  });

  test('is deleted some time after its end', async () => {
    cluster.now().kubelet.endAtOnce('pi-', 0);
    await start('pi', { ttlSecondsAfterFinished: 0 });
    await cluster.gone(RESOURCES.jobs, 'pi');
    await cluster.until(async () => expect(await podNames()).toEqual([]));
  });
});

describe('deleting a Job', () => {
  test.each(['Background', 'Foreground'] as const)('%s takes its running pods along', async (propagationPolicy) => {
    await start('pi', { completions: 2, parallelism: 2 });
    await cluster.until(async () => expect((await read('pi')).status).toMatchObject({ ready: 2 }));
    await cluster.now().api.delete(RESOURCES.jobs, { namespace: 'default', name: 'pi' }, { propagationPolicy });
    await cluster.gone(RESOURCES.jobs, 'pi');
    await cluster.until(async () => expect(await podNames()).toEqual([]));
  });

  test('Orphan leaves them running, free to go', async () => {
    await start('pi');
    await cluster.until(async () => expect((await read('pi')).status).toMatchObject({ ready: 1 }));
    const key = { namespace: 'default', name: 'pi' };
    await cluster.now().api.delete(RESOURCES.jobs, key, { propagationPolicy: 'Orphan' });
    await cluster.gone(RESOURCES.jobs, 'pi');
    await cluster.until(async () => {
      const pods = await cluster.list<Pod>(RESOURCES.pods);
      expect(pods.map(({ metadata }) => [metadata.ownerReferences ?? [], metadata.finalizers ?? []])).toEqual([
        [[], []],
      ]);
    });
  });
});
