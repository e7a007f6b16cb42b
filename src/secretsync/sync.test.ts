import { describe, expect, it } from 'vitest';
import { KeyferryError, Secret } from '#base';
import { RESOURCES } from '#kube';
import { createFakeClock } from '../base/testing/index.ts';
import { createFakeKubeClient, type FakeKubeClient } from '../kube/testing/index.ts';
import { syncSecrets } from './sync.ts';

const pod = { namespace: 'shop', name: 'web', uid: 'u1' };
const key = { namespace: 'shop', name: 'db' };
const FILES: Readonly<Record<string, string>> = { password: 'hunter2', 'dir/0': 'zero' };
const base64 = (text: string) => Buffer.from(text).toString('base64');
const wanted = (change: object = {}) => ({
  secretName: 'db',
  type: 'Opaque',
  labels: { app: 'web' },
  annotations: { note: 'x' },
  data: [
    { objectName: 'password', key: 'PASSWORD' },
    { objectName: 'dir/0', key: 'ZERO' },
  ],
  ...change,
});

function setUp(owners: readonly object[] = []): FakeKubeClient {
  const client = createFakeKubeClient();
  client.put(RESOURCES.pods, {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { ...pod, ...(owners.length > 0 && { ownerReferences: owners as never }) },
  });
  return client;
}

const sync = (client: FakeKubeClient, secretObjects = [wanted()], files = FILES, clock = createFakeClock()) =>
  syncSecrets(
    { client, clock },
    {
      pod,
      secretObjects,
      readFile: async (path) => {
        const text = files[path];
        return text === undefined ? undefined : new Secret<Uint8Array>(Buffer.from(text));
      },
      listFiles: async () => Object.keys(files),
    },
  );

describe('syncSecrets', () => {
  it('makes the Secret with the files, the labels and the managed mark; a bare pod owns it', async () => {
    const client = setUp();
    await sync(client);
    expect(client.find(RESOURCES.secrets, key)).toEqual({
      apiVersion: 'v1',
      kind: 'Secret',
      type: 'Opaque',
      metadata: {
        ...key,
        labels: { app: 'web', 'secrets-store.csi.k8s.io/managed': 'true' },
        annotations: { note: 'x' },
        ownerReferences: [{ apiVersion: 'v1', kind: 'Pod', name: 'web', uid: 'u1' }],
      },
      data: { PASSWORD: base64('hunter2'), ZERO: base64('zero') },
    });
  });

  it("gives it to the pod's controller, and to no other owner of the pod", async () => {
    const client = setUp([
      { apiVersion: 'x/v1', kind: 'Other', name: 'o', uid: 'u8' },
      {
        apiVersion: 'apps/v1',
        kind: 'ReplicaSet',
        name: 'web-abc',
        uid: 'u9',
        controller: true,
        blockOwnerDeletion: true,
      },
    ]);
    await sync(client);
    expect(client.find(RESOURCES.secrets, key)?.metadata.ownerReferences).toEqual([
      { apiVersion: 'apps/v1', kind: 'ReplicaSet', name: 'web-abc', uid: 'u9' },
    ]);
  });

  it('keeps the owners that are there', async () => {
    const client = setUp();
    const other = { apiVersion: 'apps/v1', kind: 'ReplicaSet', name: 'r', uid: 'u7' };
    client.put(RESOURCES.secrets, {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { ...key, labels: { 'secrets-store.csi.k8s.io/managed': 'true' }, ownerReferences: [other] },
    });
    await sync(client);
    expect(client.find(RESOURCES.secrets, key)?.metadata.ownerReferences).toMatchObject([other, { kind: 'Pod' }]);
  });

  it('writes nothing when all is as wanted', async () => {
    const client = setUp();
    await sync(client);
    const writes = () => client.calls.filter(({ verb }) => verb === 'patch').length;
    const before = writes();
    await sync(client);
    expect(writes()).toBe(before);
    await sync(client, [wanted()], { ...FILES, password: 'changed' });
    expect(writes()).toBe(before + 1);
    expect(client.find(RESOURCES.secrets, key)?.['data']).toMatchObject({ PASSWORD: base64('changed') });
  });

  it('leaves alone a Secret that somebody else made', async () => {
    const client = setUp();
    const foreign = { apiVersion: 'v1', kind: 'Secret', metadata: key, data: { a: 'b' } };
    client.put(RESOURCES.secrets, foreign);
    await expect(sync(client)).rejects.toMatchObject({
      code: 'already-exists',
      hint: expect.stringContaining('managed=true'),
    });
    expect(client.find(RESOURCES.secrets, key)).toEqual(foreign);
  });

  it('names every file that is missing', async () => {
    await expect(sync(setUp(), [wanted()], {})).rejects.toThrow(
      'failed to sync secret shop/db: spec.secretObjects[0].data[0].objectName: file matching objectName password not found in the pod; ' +
        'spec.secretObjects[0].data[1].objectName: file matching objectName dir/0 not found in the pod',
    );
  });

  it('says which files there are, and which one was meant', async () => {
    const misspelt = wanted({ data: [{ objectName: 'pasword', key: 'k' }] });
    await expect(sync(setUp(), [misspelt])).rejects.toMatchObject({
      message: expect.stringMatching(/pasword not found in the pod; did you mean "password"\?$/),
      hint: expect.stringContaining('The volume holds "password", "dir/0".'),
    });
  });

  it('does the others when one fails', async () => {
    const client = setUp();
    const broken = wanted({ secretName: 'broken', data: [{ objectName: 'none', key: 'k' }] });
    await expect(sync(client, [broken, wanted()])).rejects.toThrow('shop/broken');
    expect(client.find(RESOURCES.secrets, key)).toBeDefined();
  });

  it('does nothing for a pod that has been replaced by another of its name', async () => {
    const client = setUp();
    client.put(RESOURCES.pods, { apiVersion: 'v1', kind: 'Pod', metadata: { ...pod, uid: 'u2' } });
    await expect(sync(client)).rejects.toMatchObject({ code: 'failed-precondition' });
    expect(client.all(RESOURCES.secrets)).toEqual([]);
  });

  it('says what to do when it may not write', async () => {
    const client = setUp();
    client.intercept = ({ resource }) => {
      if (resource === 'secrets')
        throw new KeyferryError('permission-denied', 'forbidden', { upstreamCode: 'Forbidden' });
    };
    await expect(sync(client)).rejects.toMatchObject({
      code: 'permission-denied',
      upstreamCode: 'Forbidden',
      hint: expect.stringContaining('syncSecret.enabled=true'),
    });
  });

  it('gives up after five seconds', async () => {
    const client = setUp();
    client.intercept = () => new Promise(() => undefined);
    const clock = createFakeClock();
    const failure = expect(sync(client, [wanted()], FILES, clock)).rejects.toMatchObject({ code: 'deadline-exceeded' });
    await clock.sleepers();
    await clock.advance(5000);
    await failure;
  });

  it('does not ask the API server when the class asks for no Secret', async () => {
    const client = setUp();
    await sync(client, []);
    expect(client.calls).toEqual([]);
  });

  it('refuses a type that it cannot build yet, rather than build it wrong', async () => {
    await expect(sync(setUp(), [wanted({ type: 'kubernetes.io/tls' })])).rejects.toMatchObject({ code: 'unsupported' });
  });

  it('has no value of a file in any error', async () => {
    const client = setUp();
    client.intercept = ({ verb }) => {
      if (verb === 'patch') throw new KeyferryError('unknown', 'refused');
    };
    const failure: unknown = await sync(client).catch((error: unknown) => error);
    expect(JSON.stringify(failure) + String(failure)).not.toContain('hunter2');
    expect(String(failure)).toContain('refused');
  });
});
