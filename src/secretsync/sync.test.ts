import { describe, expect, it } from 'vitest';
import { KeyferryError, Secret } from '#base';
import { RESOURCES, type KubeObject, type OwnerReference } from '#kube';
import { createFakeClock } from '../base/testing/index.ts';
import { createFakeKubeClient, type FakeKubeClient } from '../kube/testing/index.ts';
import { syncSecrets, type SecretSyncRequest } from './sync.ts';

const key = { namespace: 'shop', name: 'db' };
const OWNER: OwnerReference = { apiVersion: 'apps/v1', kind: 'ReplicaSet', name: 'web-abc', uid: 'u9' };
const FILES: Readonly<Record<string, string>> = { password: 'hunter2', 'dir/0': 'zero' };
const base64 = (text: string) => Buffer.from(text).toString('base64');
const wanted = (change: object = {}) => ({
  at: 'spec.secretObjects[0]',
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

interface Change extends Partial<SecretSyncRequest> {
  readonly content?: Readonly<Record<string, string>>;
  readonly clock?: ReturnType<typeof createFakeClock>;
}

function sync(client: FakeKubeClient, { content = FILES, clock = createFakeClock(), ...change }: Change = {}) {
  return syncSecrets(
    { client, clock },
    {
      of: 'of pod shop/web',
      namespace: 'shop',
      secretObjects: [wanted()],
      files: {
        read: async (path) => {
          const text = content[path];
          return text === undefined ? undefined : new Secret<Uint8Array>(Buffer.from(text));
        },
        list: async () => Object.keys(content),
      },
      mode: 'write',
      owners: async () => [OWNER],
      ...change,
    },
  );
}

const managed = (change: object = {}): KubeObject => ({
  apiVersion: 'v1',
  kind: 'Secret',
  type: 'Opaque',
  metadata: { ...key, labels: { 'secrets-store.csi.k8s.io/managed': 'true' } },
  ...change,
});
const writes = (client: FakeKubeClient) => client.calls.filter(({ verb }) => verb !== 'get').length;

describe('syncSecrets', () => {
  it('makes the Secret with the files, the labels, the managed mark and its owners', async () => {
    const client = createFakeKubeClient();
    expect(await sync(client)).toEqual({ done: [{ name: 'db', change: 'created' }], failures: [] });
    expect(client.find(RESOURCES.secrets, key)).toEqual({
      apiVersion: 'v1',
      kind: 'Secret',
      type: 'Opaque',
      metadata: {
        ...key,
        labels: { app: 'web', 'secrets-store.csi.k8s.io/managed': 'true' },
        annotations: { note: 'x' },
        ownerReferences: [OWNER],
      },
      data: { PASSWORD: base64('hunter2'), ZERO: base64('zero') },
    });
    expect(writes(client)).toBe(1);
  });

  it('names an owner once, however many pods it has', async () => {
    const client = createFakeKubeClient();
    await sync(client, { owners: async () => [OWNER, { ...OWNER }] });
    expect(client.find(RESOURCES.secrets, key)?.metadata.ownerReferences).toEqual([OWNER]);
  });

  it('keeps the owners that are there', async () => {
    const client = createFakeKubeClient();
    const other = { apiVersion: 'apps/v1', kind: 'ReplicaSet', name: 'web-abc', uid: 'u7' };
    client.put(RESOURCES.secrets, managed({ metadata: { ...managed().metadata, ownerReferences: [other] } }));
    await sync(client);
    expect(client.find(RESOURCES.secrets, key)?.metadata.ownerReferences).toEqual([other, OWNER]);
  });

  it('writes nothing when all is as wanted, and says what changed when it is not', async () => {
    const client = createFakeKubeClient();
    await sync(client);
    expect(await sync(client)).toEqual({ done: [{ name: 'db', change: 'none' }], failures: [] });
    expect(writes(client)).toBe(1);
    const content = { ...FILES, password: 'changed' };
    expect((await sync(client, { content })).done).toEqual([{ name: 'db', change: 'rotated' }]);
    expect(client.find(RESOURCES.secrets, key)?.['data']).toMatchObject({ PASSWORD: base64('changed') });
    const other = { ...OWNER, uid: 'u10' };
    expect((await sync(client, { content, owners: async () => [other] })).done).toEqual([
      { name: 'db', change: 'updated' },
    ]);
    expect(writes(client)).toBe(3);
  });

  it('writes nothing for nobody', async () => {
    const client = createFakeKubeClient();
    expect(await sync(client, { owners: async () => [] })).toEqual({
      done: [{ name: 'db', change: 'none' }],
      failures: [],
    });
    expect(writes(client)).toBe(0);
  });

  it('leaves alone a Secret that somebody else made, and says how to hand it over', async () => {
    const client = createFakeKubeClient();
    const foreign = { apiVersion: 'v1', kind: 'Secret', metadata: key, data: { a: 'b' } };
    client.put(RESOURCES.secrets, foreign);
    expect((await sync(client)).failures).toMatchObject([
      { code: 'already-exists', hint: expect.stringContaining('secrets-store.csi.k8s.io/adopt=true') },
    ]);
    expect(client.find(RESOURCES.secrets, key)).toEqual(foreign);
  });

  it('takes over one that was handed over', async () => {
    const client = createFakeKubeClient();
    const annotations = { 'secrets-store.csi.k8s.io/adopt': 'true' };
    client.put(RESOURCES.secrets, managed({ metadata: { ...key, annotations }, data: { own: 'b3du' } }));
    expect((await sync(client)).failures).toEqual([]);
    expect(client.find(RESOURCES.secrets, key)).toMatchObject({
      metadata: { labels: { 'secrets-store.csi.k8s.io/managed': 'true' }, annotations },
      data: { own: 'b3du', PASSWORD: base64('hunter2') },
    });
  });

  it('does not overwrite one that somebody makes in the same moment', async () => {
    const client = createFakeKubeClient();
    const theirs = { apiVersion: 'v1', kind: 'Secret', metadata: key, data: { PASSWORD: 'theirs' } };
    client.intercept = ({ verb, resource }) => {
      if (verb === 'create' && resource === 'secrets') client.put(RESOURCES.secrets, theirs);
    };
    expect((await sync(client)).failures).toMatchObject([{ code: 'already-exists' }]);
    expect(client.find(RESOURCES.secrets, key)).toEqual(theirs);
  });

  it('plans anew when another driver is quicker', async () => {
    const client = createFakeKubeClient();
    const theirs = managed({
      metadata: { ...managed().metadata, ownerReferences: [{ ...OWNER, uid: 'u7' }] },
      data: { PASSWORD: base64('hunter2'), ZERO: base64('zero') },
    });
    client.intercept = ({ verb }) => {
      if (verb === 'create') client.put(RESOURCES.secrets, theirs);
    };
    expect((await sync(client)).failures).toEqual([]);
    expect(client.find(RESOURCES.secrets, key)?.metadata.ownerReferences?.map(({ uid }) => uid)).toEqual(['u7', 'u9']);
  });

  it('gives up when others change it without end', async () => {
    const client = createFakeKubeClient();
    client.put(RESOURCES.secrets, managed());
    client.intercept = ({ verb }) => {
      if (verb === 'patch')
        throw new KeyferryError('aborted', 'object has been modified', { upstreamCode: 'Conflict' });
    };
    expect((await sync(client)).failures[0]?.message).toContain('somebody else changes it all the time');
  });

  it.each([
    ['of another type', { type: 'kubernetes.io/tls' }, 'it is of type kubernetes.io/tls and cannot become Opaque'],
    ['that is immutable', { immutable: true, data: { PASSWORD: 'b3RoZXI=' } }, 'it is immutable, and the mounted'],
    [
      'that is being deleted',
      { metadata: { ...managed().metadata, deletionTimestamp: '2026-01-01T00:00:00Z' } },
      'the secret of this name is being deleted',
    ],
  ])('does not touch a Secret %s, and says why', async (_what, change, message) => {
    const client = createFakeKubeClient();
    client.put(RESOURCES.secrets, managed(change));
    const { failures } = await sync(client);
    expect(failures[0]?.message).toContain(`failed to sync secret shop/db: ${message}`);
    expect(failures[0]?.hint).toBeDefined();
    expect(writes(client)).toBe(0);
  });

  it('adds an owner to an immutable Secret that has the content', async () => {
    const client = createFakeKubeClient();
    await sync(client);
    client.put(RESOURCES.secrets, { ...(client.find(RESOURCES.secrets, key) as KubeObject), immutable: true });
    expect((await sync(client, { owners: async () => [{ ...OWNER, uid: 'u10' }] })).failures).toEqual([]);
  });

  it('names every file that is missing, those that there are, and which one was meant', async () => {
    const data = [
      { objectName: 'pasword', key: 'a' },
      { objectName: 'none', key: 'b' },
    ];
    const { failures } = await sync(createFakeKubeClient(), { secretObjects: [wanted({ data })] });
    expect(failures).toMatchObject([
      {
        message:
          'failed to sync secret shop/db: spec.secretObjects[0].data[0].objectName: file matching objectName pasword not found in the pod; did you mean "password"?; ' +
          'spec.secretObjects[0].data[1].objectName: file matching objectName none not found in the pod',
        hint: expect.stringContaining('The volume holds "password", "dir/0".'),
      },
    ]);
  });

  it('names the place of each key whose file cannot be used', async () => {
    const tls = ['tls.crt', 'tls.key'].map((name) => ({ objectName: 'password', key: name }));
    const { failures } = await sync(createFakeKubeClient(), {
      secretObjects: [wanted({ type: 'kubernetes.io/tls', data: tls })],
    });
    expect(failures[0]?.issues.map(({ path }) => path)).toEqual([
      'spec.secretObjects[0].data[0]',
      'spec.secretObjects[0].data[1]',
    ]);
    expect(failures[0]?.message).not.toContain('hunter2');
  });

  it('ends when whoever asked for it has gone', async () => {
    const gone = new AbortController();
    const client = createFakeKubeClient();
    client.intercept = () => {
      gone.abort(new KeyferryError('aborted', 'kubelet has given up'));
      throw new KeyferryError('unavailable', 'the request was cut short');
    };
    expect((await sync(client, { signal: gone.signal })).failures).toMatchObject([{ code: 'aborted' }]);
  });

  it('does the others when one fails, and tells of each', async () => {
    const client = createFakeKubeClient();
    const broken = (secretName: string) => wanted({ secretName, data: [{ objectName: 'none', key: 'k' }] });
    const { done, failures } = await sync(client, { secretObjects: [broken('one'), wanted(), broken('two')] });
    expect(done).toEqual([{ name: 'db', change: 'created' }]);
    expect(failures.map(({ message }) => message.split(':')[0])).toEqual([
      'failed to sync secret shop/one',
      'failed to sync secret shop/two',
    ]);
  });

  it('says what to do when it may not write', async () => {
    const client = createFakeKubeClient();
    client.intercept = ({ resource }) => {
      if (resource === 'secrets')
        throw new KeyferryError('permission-denied', 'forbidden', { upstreamCode: 'Forbidden' });
    };
    expect((await sync(client)).failures).toMatchObject([
      {
        code: 'permission-denied',
        upstreamCode: 'Forbidden',
        hint: expect.stringContaining('syncSecret.enabled=true'),
      },
    ]);
  });

  it('says that the class is not to blame while the API server is away', async () => {
    const client = createFakeKubeClient();
    client.intercept = () => {
      throw new KeyferryError('unavailable', 'the server is currently unable to handle the request');
    };
    expect((await sync(client)).failures).toMatchObject([{ hint: expect.stringContaining('not the class') }]);
  });

  it('gives up after five seconds', async () => {
    const client = createFakeKubeClient();
    client.intercept = () => new Promise(() => undefined);
    const clock = createFakeClock();
    const result = sync(client, { clock });
    await clock.sleepers();
    await clock.advance(5000);
    expect((await result).failures).toMatchObject([{ code: 'deadline-exceeded' }]);
  });

  it('does not ask the API server when the class asks for no Secret', async () => {
    const client = createFakeKubeClient();
    await sync(client, { secretObjects: [] });
    expect(client.calls).toEqual([]);
  });

  it('has no value of a file in any error', async () => {
    const client = createFakeKubeClient();
    client.intercept = ({ verb }) => {
      if (verb === 'create') throw new KeyferryError('unknown', 'refused');
    };
    const { failures } = await sync(client);
    expect(JSON.stringify(failures) + String(failures[0])).not.toContain('hunter2');
    expect(String(failures[0])).toContain('refused');
  });
});

describe('looking after a Secret later', () => {
  const look = (client: FakeKubeClient, change: Change = {}) => sync(client, { mode: 'mend', ...change });
  const written = (fields: object): KubeObject =>
    managed({
      metadata: {
        ...managed().metadata,
        labels: { ...managed().metadata.labels, app: 'web' },
        annotations: { note: 'x' },
        ownerReferences: [OWNER],
        managedFields: [
          {
            manager: 'secrets-store-csi-driver',
            operation: 'Apply',
            apiVersion: 'v1',
            fieldsType: 'FieldsV1',
            fieldsV1: { 'f:data': fields },
          },
        ],
      },
      data: { PASSWORD: base64('other'), ZERO: base64('zero') },
    });

  it('makes it again when somebody removed it', async () => {
    const client = createFakeKubeClient();
    expect((await look(client)).done).toEqual([{ name: 'db', change: 'created' }]);
  });

  it('leaves what the driver of another node has written since', async () => {
    const client = createFakeKubeClient();
    client.put(RESOURCES.secrets, written({ 'f:PASSWORD': {}, 'f:ZERO': {} }));
    expect((await look(client)).done).toEqual([{ name: 'db', change: 'none' }]);
  });

  it('mends what somebody else has written', async () => {
    const client = createFakeKubeClient();
    client.put(RESOURCES.secrets, written({ 'f:ZERO': {} }));
    expect((await look(client)).done).toEqual([{ name: 'db', change: 'rotated' }]);
    expect(client.find(RESOURCES.secrets, key)?.['data']).toMatchObject({ PASSWORD: base64('hunter2') });
  });

  it('asks who the owners are anew before it writes, and only then', async () => {
    const client = createFakeKubeClient();
    const asked: boolean[] = [];
    const owners = async (sure: boolean) => {
      asked.push(sure);
      return sure ? [] : [OWNER];
    };
    expect((await look(client, { owners })).done).toEqual([{ name: 'db', change: 'none' }]);
    expect(asked).toEqual([false, true]);
    client.put(RESOURCES.secrets, written({ 'f:PASSWORD': {}, 'f:ZERO': {} }));
    await look(client, { owners });
    expect(asked).toEqual([false, true, false]);
    expect(writes(client)).toBe(0);
  });
});
