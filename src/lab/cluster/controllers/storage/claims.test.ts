import { describe, expect, test } from 'vitest';
import type { PersistentVolume, PersistentVolumeClaim } from 'kubernetes-types/core/v1.js';
import type { Pod } from '#kube';
import { RESOURCES } from '../../resources.ts';
import { useTestCluster } from '../testing/use-test-cluster.ts';

const cluster = useTestCluster();

const createClaim = (name: string, spec: object = {}) =>
  cluster.create(RESOURCES.persistentVolumeClaims, {
    metadata: { name },
    spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } }, ...spec },
  });
const createVolume = (name: string, storage: string, spec: object = {}) =>
  cluster.now().api.create(RESOURCES.persistentVolumes, undefined, {
    metadata: { name },
    spec: { capacity: { storage }, accessModes: ['ReadWriteOnce'], hostPath: { path: `/mnt/${name}` }, ...spec },
  });
const claim = (name: string) => cluster.get<PersistentVolumeClaim>(RESOURCES.persistentVolumeClaims, name);
const bound = (name: string) =>
  cluster.until(async () => expect((await claim(name)).status).toMatchObject({ phase: 'Bound' }));
const volumes = async () => (await cluster.now().api.list<PersistentVolume>(RESOURCES.persistentVolumes)).items;

describe('a claim', () => {
  test('gets a folder of the node, which goes with it', async () => {
    await createClaim('data');
    await bound('data');
    const { metadata, spec, status } = await claim('data');
    const name = `pvc-${metadata.uid ?? ''}`;
    expect(spec).toMatchObject({ volumeName: name, storageClassName: 'default' });
    expect(status).toMatchObject({ accessModes: ['ReadWriteOnce'], capacity: { storage: '1Gi' } });
    const [volume] = await volumes();
    expect(volume).toMatchObject({
      metadata: { name },
      spec: { claimRef: { name: 'data', uid: metadata.uid }, hostPath: { path: `/var/lib/lab-volumes/${name}` } },
      status: { phase: 'Bound' },
    });
    expect(await cluster.eventsOf('ProvisioningSucceeded')).toEqual([`Successfully provisioned volume ${name}`]);
    await cluster.now().api.delete(RESOURCES.persistentVolumeClaims, { namespace: 'default', name: 'data' });
    await cluster.until(async () => expect(await volumes()).toEqual([]));
  });

  test('takes the smallest free volume that fits, which is kept when it goes', async () => {
    await createVolume('big', '5Gi');
    await createVolume('small', '512Mi');
    await createVolume('right', '2Gi');
    await createClaim('data', { storageClassName: '' });
    await bound('data');
    expect((await claim('data')).spec?.volumeName).toBe('right');
    await cluster.now().api.delete(RESOURCES.persistentVolumeClaims, { namespace: 'default', name: 'data' });
    await cluster.until(async () => {
      const phases = (await volumes()).map(({ metadata, status }) => [metadata?.name, status?.phase]);
      expect(phases).toEqual([
        ['big', 'Available'],
        ['right', 'Released'],
        ['small', 'Available'],
      ]);
    });
  });

  test('takes the volume that it names', async () => {
    await createVolume('one', '1Gi');
    await createVolume('two', '1Gi');
    await createClaim('data', { storageClassName: '', volumeName: 'two' });
    await bound('data');
    expect((await claim('data')).spec?.volumeName).toBe('two');
  });

  test.each([
    ['', 'no persistent volumes available for this claim and no storage class is set'],
    ['gold', 'storageclass.storage.k8s.io "gold" not found'],
  ])('of the class %j waits', async (storageClassName, message) => {
    await createClaim('data', { storageClassName });
    await cluster.until(async () => {
      const events = [...(await cluster.eventsOf('FailedBinding')), ...(await cluster.eventsOf('ProvisioningFailed'))];
      expect(events).toEqual([message]);
    });
    expect((await claim('data')).status).toEqual({ phase: 'Pending' });
  });
});

test('a pod waits for its claim', async () => {
  await cluster.create(RESOURCES.pods, {
    metadata: { name: 'db' },
    spec: {
      containers: [{ name: 'c', image: 'i' }],
      volumes: [{ name: 'data', persistentVolumeClaim: { claimName: 'data' } }],
    },
  });
  const pod = () => cluster.get<Pod>(RESOURCES.pods, 'db');
  await cluster.until(async () => {
    const condition = (await pod()).status?.conditions?.find(({ type }) => type === 'PodScheduled');
    expect(condition?.message).toContain('persistentvolumeclaim "data" not found');
  });
  await createClaim('data');
  await cluster.until(async () => expect((await pod()).status).toMatchObject({ phase: 'Running' }));
});
