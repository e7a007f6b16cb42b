import { beforeEach, describe, expect, it } from 'vitest';
import { key, map, MAPS, NAMESPACES, pod, PODS } from '../testing/objects.ts';
import { refusal } from '../testing/refusal.ts';
import { createTestApi, type TestApi } from '../testing/test-api.ts';

let api: TestApi;

beforeEach(async () => {
  api = await createTestApi();
});

describe('deleting', () => {
  it.each(['default', 'kube-system', 'kube-public'])('refuses to delete the namespace %s', async (name) => {
    expect(await refusal(api.access.delete(NAMESPACES, { name }))).toMatchObject({
      code: 403,
      message: `namespaces "${name}" is forbidden: this namespace may not be deleted`,
    });
  });

  it('removes an object whose last finalizer goes', async () => {
    const { access } = api;
    await access.create(MAPS, 'default', { metadata: { name: 'm', finalizers: ['a/b'] } });
    await access.delete(MAPS, key('m'));
    expect((await access.get(MAPS, key('m'))).metadata.deletionTimestamp).toBe('2026-01-01T00:00:00Z');
    await access.patch(MAPS, key('m'), 'merge', { metadata: { finalizers: null } });
    expect(await refusal(access.get(MAPS, key('m')))).toMatchObject({ code: 404 });
  });

  it('gives a pod on a node its grace period, and removes it when the node asks with none', async () => {
    const { access } = api;
    await access.create(PODS, 'default', pod('p', { nodeName: 'n' }));
    await access.delete(PODS, key('p'));
    expect((await access.get(PODS, key('p'))).metadata).toMatchObject({
      deletionTimestamp: '2026-01-01T00:00:30Z',
      deletionGracePeriodSeconds: 30,
    });
    await access.delete(PODS, key('p'), { gracePeriodSeconds: 5 });
    expect((await access.get(PODS, key('p'))).metadata.deletionGracePeriodSeconds).toBe(5);
    await access.delete(PODS, key('p'), { gracePeriodSeconds: 60 });
    expect((await access.get(PODS, key('p'))).metadata.deletionGracePeriodSeconds).toBe(5);
    await access.delete(PODS, key('p'), { gracePeriodSeconds: 0 });
    expect(await refusal(access.get(PODS, key('p')))).toMatchObject({ code: 404 });
  });

  it('removes a pod that is on no node at once', async () => {
    await api.access.create(PODS, 'default', pod('p'));
    await api.access.delete(PODS, key('p'));
    expect(await refusal(api.access.get(PODS, key('p')))).toMatchObject({ code: 404 });
  });

  it('minds the uid that it is meant for', async () => {
    await api.access.create(MAPS, 'default', map('m'));
    const refused = await refusal(api.access.delete(MAPS, key('m'), { preconditions: { uid: 'other' } }));
    expect(refused).toMatchObject({
      code: 409,
      message: expect.stringContaining('the UID in the precondition (other) does not match') as unknown,
    });
  });

  it('leaves a mark for the garbage collector', async () => {
    await api.access.create(MAPS, 'default', map('m'));
    await api.access.delete(MAPS, key('m'), { propagationPolicy: 'Foreground' });
    expect((await api.access.get(MAPS, key('m'))).metadata.finalizers).toEqual(['foregroundDeletion']);
  });

  it('keeps a namespace until its own finalizer is taken away', async () => {
    const { access } = api;
    await access.create(NAMESPACES, undefined, { metadata: { name: 'n' } });
    await access.delete(NAMESPACES, { name: 'n' });
    const going = await access.get(NAMESPACES, { name: 'n' });
    expect(going).toMatchObject({ status: { phase: 'Terminating' } });
    await access.update(NAMESPACES, { name: 'n' }, { ...going, spec: { finalizers: [] } }, 'finalize');
    expect(await refusal(access.get(NAMESPACES, { name: 'n' }))).toMatchObject({ code: 404 });
  });
});
