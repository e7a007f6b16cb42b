import { beforeEach, describe, expect, it } from 'vitest';
import type { KubeObject } from '#kube';
import { ApiError } from '../../api-access.ts';
import { createTestApi, type TestApi } from '../testing/test-api.ts';

const PODS = { group: '', version: 'v1', resource: 'pods' };
const LIMIT_RANGES = { group: '', version: 'v1', resource: 'limitranges' };

let api: TestApi;

beforeEach(async () => {
  api = await createTestApi();
});

const pod = (resources?: object): Promise<KubeObject> =>
  api.access.create(PODS, 'default', {
    metadata: { name: 'p' },
    spec: { containers: [{ name: 'c', image: 'nginx', ...(resources === undefined ? {} : { resources }) }] },
  });
const limit = (item: object) =>
  api.access.create(LIMIT_RANGES, 'default', {
    metadata: { name: 'l' },
    spec: { limits: [{ type: 'Container', ...item }] },
  });

describe('a LimitRange', () => {
  it('says what containers leave out, and the pod says that it did', async () => {
    await limit({ default: { memory: '64Mi' }, defaultRequest: { cpu: '100m' } });
    expect(await pod()).toMatchObject({
      metadata: {
        annotations: {
          'kubernetes.io/limit-ranger':
            'LimitRanger plugin set: cpu, memory request for container c; memory limit for container c',
        },
      },
      spec: { containers: [{ resources: { limits: { memory: '64Mi' }, requests: { cpu: '100m', memory: '64Mi' } } }] },
      status: { qosClass: 'Burstable' },
    });
  });

  it('leaves alone what containers say', async () => {
    await limit({ default: { memory: '64Mi' } });
    expect(await pod({ limits: { memory: '32Mi' } })).toMatchObject({
      spec: { containers: [{ resources: { limits: { memory: '32Mi' }, requests: { memory: '32Mi' } } }] },
    });
  });

  it.each<[string, object, object, string]>([
    [
      'too much',
      { max: { memory: '64Mi' } },
      { limits: { memory: '1Gi' } },
      'pods "p" is forbidden: maximum memory usage per Container is 64Mi, but limit is 1Gi',
    ],
    [
      'too little',
      { min: { cpu: '100m' } },
      { requests: { cpu: '50m' } },
      'pods "p" is forbidden: minimum cpu usage per Container is 100m, but request is 50m',
    ],
  ])('refuses %s', async (_name, item, resources, message) => {
    await limit(item);
    const error: unknown = await pod(resources).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(ApiError);
    expect((error as ApiError).body).toMatchObject({ code: 403, message });
  });
});
