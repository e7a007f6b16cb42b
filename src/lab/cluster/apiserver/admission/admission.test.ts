import { beforeEach, describe, expect, it } from 'vitest';
import type { KubeObject } from '#kube';
import { map, MAPS, NAMESPACES, pod, PODS } from '../testing/objects.ts';
import { refusal } from '../testing/refusal.ts';
import { createTestApi, type TestApi } from '../testing/test-api.ts';

let api: TestApi;

beforeEach(async () => {
  api = await createTestApi();
});

describe('admission', () => {
  it('refuses objects in a namespace that is missing or going away', async () => {
    const { access } = api;
    expect(await refusal(access.create(MAPS, 'nowhere', map('x')))).toMatchObject({
      code: 404,
      message: 'namespaces "nowhere" not found',
    });
    await access.create(NAMESPACES, undefined, { metadata: { name: 'going' } });
    await access.delete(NAMESPACES, { name: 'going' });
    expect(await refusal(access.create(MAPS, 'going', map('x')))).toMatchObject({
      code: 403,
      message:
        'configmaps "x" is forbidden: unable to create new content in namespace going because it is being terminated',
    });
  });

  it('refuses a pod whose service account does not exist', async () => {
    expect(await refusal(api.access.create(PODS, 'default', pod('p', { serviceAccountName: 'nobody' })))).toMatchObject(
      {
        code: 403,
        message:
          'pods "p" is forbidden: error looking up service account default/nobody: serviceaccount "nobody" not found',
      },
    );
  });

  it('mounts a token into every container, unless the pod says no', async () => {
    const withToken = await api.access.create<
      KubeObject & { spec: { volumes: { name: string }[]; containers: { volumeMounts: unknown[] }[] } }
    >(PODS, 'default', pod('p'));
    const volume = withToken.spec.volumes[0];
    expect(volume).toMatchObject({
      name: expect.stringMatching(/^kube-api-access-/) as unknown,
      projected: {
        sources: [
          { serviceAccountToken: { path: 'token', expirationSeconds: 3607 } },
          { configMap: { name: 'kube-root-ca.crt' } },
          { downwardAPI: {} },
        ],
      },
    });
    expect(withToken.spec.containers[0]?.volumeMounts).toEqual([
      { name: volume?.name, readOnly: true, mountPath: '/var/run/secrets/kubernetes.io/serviceaccount' },
    ]);
    const without = await api.access.create(PODS, 'default', pod('q', { automountServiceAccountToken: false }));
    expect(without).not.toHaveProperty('spec.volumes');
  });
});
