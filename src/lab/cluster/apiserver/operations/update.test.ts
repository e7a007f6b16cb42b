import { beforeEach, describe, expect, it } from 'vitest';
import type { KubeObject } from '#kube';
import { DEPLOYMENTS, deployment, key, map, MAPS, pod, PODS, SECRETS } from '../testing/objects.ts';
import { refusal } from '../testing/refusal.ts';
import { createTestApi, type TestApi } from '../testing/test-api.ts';

let api: TestApi;

beforeEach(async () => {
  api = await createTestApi();
});

describe('updating', () => {
  it('refuses a change that was made from an old version', async () => {
    const { access } = api;
    const first = await access.create(MAPS, 'default', map('m'));
    await access.update(MAPS, key('m'), { ...first, data: { a: '1' } });
    expect(await refusal(access.update(MAPS, key('m'), { ...first, data: { a: '2' } }))).toMatchObject({
      code: 409,
      reason: 'Conflict',
      message:
        'Operation cannot be fulfilled on configmaps "m": the object has been modified; please apply your changes to the latest version and try again',
    });
  });

  it('keeps the version when nothing changes', async () => {
    const { access } = api;
    const first = await access.create(MAPS, 'default', map('m', { a: '1' }));
    const same = await access.patch(MAPS, key('m'), 'merge', { data: { a: '1' } });
    expect(same.metadata.resourceVersion).toBe(first.metadata.resourceVersion);
  });

  it('keeps status and spec apart, and counts generations of the spec only', async () => {
    const { access } = api;
    await access.create(DEPLOYMENTS, 'default', deployment());
    const viaMain = await access.patch(DEPLOYMENTS, key('d'), 'merge', {
      spec: { replicas: 3 },
      status: { replicas: 9 },
    });
    expect(viaMain).toMatchObject({ metadata: { generation: 2 }, spec: { replicas: 3 } });
    expect(viaMain).not.toHaveProperty('status.replicas');
    const viaStatus = await access.patch(
      DEPLOYMENTS,
      key('d'),
      'merge',
      { spec: { replicas: 7 }, status: { replicas: 9 } },
      'status',
    );
    expect(viaStatus).toMatchObject({ metadata: { generation: 2 }, spec: { replicas: 3 }, status: { replicas: 9 } });
  });

  it.each<[string, typeof PODS, object, object, string]>([
    [
      "a pod's containers",
      PODS,
      pod('x'),
      { spec: { hostname: 'h' } },
      'spec: Forbidden: pod updates may not change fields',
    ],
    [
      "a Secret's type",
      SECRETS,
      { metadata: { name: 'x' } },
      { type: 'other' },
      'type: Invalid value: "other": field is immutable',
    ],
    [
      "an immutable Secret's data",
      SECRETS,
      { metadata: { name: 'x' }, immutable: true },
      { stringData: { a: 'b' } },
      'data: Forbidden: field is immutable when `immutable` is set',
    ],
  ])('refuses to change %s', async (_what, resource, body, patch, message) => {
    await api.access.create(resource, 'default', body);
    expect((await refusal(api.access.patch(resource, key('x'), 'merge', patch))).message).toContain(message);
  });
});

describe('metadata that holds nothing', () => {
  it('is left out on every way in, as Go leaves it out', async () => {
    const { access } = api;
    const empty = { labels: {}, annotations: {}, finalizers: [], ownerReferences: [] };
    const shown = (object: KubeObject) => Object.keys(object.metadata).filter((field) => field in empty);
    expect(shown(await access.create(MAPS, 'default', { metadata: { name: 'm', ...empty } }))).toEqual([]);
    await access.patch(MAPS, key('m'), 'merge', { metadata: { labels: { a: 'b' } } });
    expect(shown(await access.patch(MAPS, key('m'), 'merge', { metadata: { labels: { a: null } } }))).toEqual([]);
    const body = (annotations?: object) => ({
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'm', annotations },
    });
    await access.patch(MAPS, key('m'), 'apply', body({ a: 'b' }));
    expect(shown(await access.patch(MAPS, key('m'), 'apply', body()))).toEqual([]);
  });
});
