import { describe, expect, test } from 'vitest';
import type { StatefulSet } from 'kubernetes-types/apps/v1.js';
import type { Pod } from '#kube';
import { RESOURCES } from '../../resources.ts';
import { useTestCluster } from '../testing/use-test-cluster.ts';

const cluster = useTestCluster();

const template = (image: string) => ({
  metadata: { labels: { app: 'web' } },
  spec: { containers: [{ name: 'c', image }] },
});
const start = (spec: object = {}) =>
  cluster.create(RESOURCES.statefulSets, {
    apiVersion: 'apps/v1',
    kind: 'StatefulSet',
    metadata: { name: 'web' },
    spec: {
      serviceName: 'web',
      selector: { matchLabels: { app: 'web' } },
      template: template('i:1'),
      ...spec,
    },
  });
const read = () => cluster.get<StatefulSet>(RESOURCES.statefulSets, 'web');
const merge = (spec: object) => cluster.merge(RESOURCES.statefulSets, 'web', { spec });
const podNames = () => cluster.names(RESOURCES.pods);
const images = async () => (await cluster.list<Pod>(RESOURCES.pods)).map(({ spec }) => spec?.containers[0]?.image);
const settled = (replicas: number) =>
  cluster.until(async () => {
    const { status, metadata } = await read();
    expect(status).toMatchObject({ replicas, readyReplicas: replicas, updatedReplicas: replicas });
    expect(status).toMatchObject({ currentRevision: status?.updateRevision, observedGeneration: metadata.generation });
  });

describe('a StatefulSet', () => {
  test('has pods with names, host names and labels that stay', async () => {
    await start({ replicas: 2 });
    await settled(2);
    const [pod] = await cluster.list<Pod>(RESOURCES.pods);
    expect(await podNames()).toEqual(['web-0', 'web-1']);
    expect(pod?.spec).toMatchObject({ hostname: 'web-0', subdomain: 'web' });
    expect(pod?.metadata.labels).toMatchObject({
      'statefulset.kubernetes.io/pod-name': 'web-0',
      'apps.kubernetes.io/pod-index': '0',
      'controller-revision-hash': (await read()).status?.updateRevision,
    });
    expect(await cluster.eventsOf('SuccessfulCreate')).toEqual([
      'create Pod web-0 in StatefulSet web successful',
      'create Pod web-1 in StatefulSet web successful',
    ]);
    await cluster.now().api.delete(RESOURCES.pods, { namespace: 'default', name: 'web-0' });
    await cluster.until(async () => {
      expect((await cluster.get<Pod>(RESOURCES.pods, 'web-0')).metadata.uid).not.toBe(pod?.metadata.uid);
    });
  });

  test('waits with each pod for the one before', async () => {
    cluster.now().kubelet.keepUnready('web-1');
    await start({ replicas: 3 });
    await cluster.until(async () => expect((await read()).status).toMatchObject({ replicas: 2, readyReplicas: 1 }));
    expect(await podNames()).toEqual(['web-0', 'web-1']);
  });

  test('that is Parallel waits for none', async () => {
    cluster.now().kubelet.keepUnready('web-0');
    await start({ replicas: 3, podManagementPolicy: 'Parallel' });
    await cluster.until(async () => expect((await read()).status).toMatchObject({ replicas: 3, readyReplicas: 2 }));
    await merge({ replicas: 1 });
    await cluster.until(async () => expect(await podNames()).toEqual(['web-0']));
  });

  test('starts at another ordinal when asked', async () => {
    await start({ replicas: 2, ordinals: { start: 5 } });
    await settled(2);
    expect(await podNames()).toEqual(['web-5', 'web-6']);
    await merge({ replicas: 1 });
    await cluster.until(async () => expect(await podNames()).toEqual(['web-5']));
  });

  test('rolls a new template out from the last pod to the first, and back', async () => {
    await start({ replicas: 3 });
    await settled(3);
    const first = (await read()).status?.currentRevision;
    await merge({ template: template('i:2') });
    await settled(3);
    expect(await images()).toEqual(['i:2', 'i:2', 'i:2']);
    const deleted = await cluster.eventsOf('SuccessfulDelete');
    expect(deleted).toEqual([2, 1, 0].map((ordinal) => `delete Pod web-${ordinal} in StatefulSet web successful`));
    expect(await cluster.names(RESOURCES.controllerRevisions)).toHaveLength(2);
    await merge({ template: template('i:1') });
    await settled(3);
    expect((await read()).status?.currentRevision).toBe(first);
    expect(await cluster.names(RESOURCES.controllerRevisions)).toHaveLength(2);
  });

  test('keeps pods below the partition as they are, also when one is replaced', async () => {
    await start({ replicas: 3 });
    await settled(3);
    await merge({
      template: template('i:2'),
      updateStrategy: { type: 'RollingUpdate', rollingUpdate: { partition: 2 } },
    });
    await cluster.until(async () =>
      expect((await read()).status).toMatchObject({ updatedReplicas: 1, readyReplicas: 3 }),
    );
    expect(await images()).toEqual(['i:1', 'i:1', 'i:2']);
    const { uid } = (await cluster.get(RESOURCES.pods, 'web-0')).metadata;
    await cluster.now().api.delete(RESOURCES.pods, { namespace: 'default', name: 'web-0' });
    await cluster.until(async () => {
      const pod = await cluster.get<Pod>(RESOURCES.pods, 'web-0');
      expect(pod.metadata.uid).not.toBe(uid);
      expect(pod.spec?.containers[0]?.image).toBe('i:1');
    });
  });

  test('with OnDelete replaces only what somebody deletes', async () => {
    await start({ replicas: 2, updateStrategy: { type: 'OnDelete' } });
    await cluster.until(async () => expect((await read()).status).toMatchObject({ readyReplicas: 2 }));
    await merge({ template: template('i:2') });
    await cluster.now().api.delete(RESOURCES.pods, { namespace: 'default', name: 'web-1' });
    await cluster.until(async () => expect(await images()).toEqual(['i:1', 'i:2']));
  });

  test('recreates a pod that failed', async () => {
    await start({ replicas: 1 });
    await settled(1);
    await cluster.now().kubelet.end({ namespace: 'default', name: 'web-0' }, 1);
    await cluster.until(async () => expect(await cluster.eventsOf('RecreatingFailedPod')).toHaveLength(1));
    await settled(1);
  });

  test('makes a claim for each pod, which outlives it', async () => {
    const claim = {
      metadata: { name: 'data' },
      spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
    };
    await start({ replicas: 2, volumeClaimTemplates: [claim] });
    await settled(2);
    await merge({ replicas: 1 });
    await cluster.until(async () => expect(await podNames()).toEqual(['web-0']));
    expect(await cluster.names(RESOURCES.persistentVolumeClaims)).toEqual(['data-web-0', 'data-web-1']);
    const pod = await cluster.get<Pod>(RESOURCES.pods, 'web-0');
    expect(pod.spec?.volumes).toContainEqual({ name: 'data', persistentVolumeClaim: { claimName: 'data-web-0' } });
  });
});

test.each(['Background', 'Foreground'] as const)('%s deletion takes pods and revisions along', async (policy) => {
  await start({ replicas: 2 });
  await settled(2);
  const key = { namespace: 'default', name: 'web' };
  await cluster.now().api.delete(RESOURCES.statefulSets, key, { propagationPolicy: policy });
  await cluster.gone(RESOURCES.statefulSets, 'web');
  await cluster.until(async () => {
    expect(await podNames()).toEqual([]);
    expect(await cluster.names(RESOURCES.controllerRevisions)).toEqual([]);
  });
});

test('Orphan deletion leaves the pods, which a new set of that name and template takes over', async () => {
  await start({ replicas: 2 });
  await settled(2);
  const uids = async () => (await cluster.list(RESOURCES.pods)).map(({ metadata }) => metadata.uid);
  const before = await uids();
  const key = { namespace: 'default', name: 'web' };
  await cluster.now().api.delete(RESOURCES.statefulSets, key, { propagationPolicy: 'Orphan' });
  await cluster.gone(RESOURCES.statefulSets, 'web');
  await start({ replicas: 2 });
  await settled(2);
  expect(await uids()).toEqual(before);
});
