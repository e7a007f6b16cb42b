// Synced Secrets against the lab's API server: who owns which field, and what happens when others write meanwhile.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createDisposeStack, Secret, systemClock } from '#base';
import { createKubeClient, parseKubeconfig, RESOURCES, type KubeClient, type KubeObject } from '#kube';
import { syncSecrets, type SecretClient, type SecretSyncRequest } from '#secretsync';
import { startTestApiServer } from './support/api-server.ts';

const clock = systemClock;
const stack = createDisposeStack();
const NAMESPACE = 'default';
const MANAGED = { 'secrets-store.csi.k8s.io/managed': 'true' };
const owner = (uid: string) => ({ apiVersion: 'apps/v1', kind: 'ReplicaSet', name: `web-${uid}`, uid });
const base64 = (text: string) => Buffer.from(text).toString('base64');

let client: KubeClient;

beforeAll(async () => {
  const server = stack.use(await startTestApiServer());
  const kubeconfig = await server.issueKubeconfig({ user: 'admin', groups: ['system:masters'], clusterName: 'c' });
  client = stack.use(createKubeClient({ config: parseKubeconfig(kubeconfig, { clock, folder: '/' }), clock }));
});
afterAll(() => stack[Symbol.asyncDispose]());

interface Wanted {
  readonly name: string;
  /** Keys with their values; each is a file of the volume, too. */
  readonly data: Readonly<Record<string, string>>;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly type?: string;
  readonly owners?: readonly string[];
}

async function sync(
  { name, data, labels = {}, annotations = {}, type = 'Opaque', owners = ['one'] }: Wanted,
  options: Partial<SecretSyncRequest> & { readonly through?: SecretClient } = {},
) {
  const { through = client, ...request } = options;
  const keys = Object.keys(data).map((key) => ({ objectName: key, key }));
  const { failures } = await syncSecrets(
    { client: through, clock },
    {
      of: 'of a test',
      namespace: NAMESPACE,
      secretObjects: [{ at: 'spec.secretObjects[0]', secretName: name, type, labels, annotations, data: keys }],
      files: {
        read: async (path) => new Secret<Uint8Array>(Buffer.from(data[path] ?? '')),
        list: async () => Object.keys(data),
      },
      mode: 'write',
      owners: async () => owners.map(owner),
      ...request,
    },
  );
  return failures;
}

const get = (name: string) => client.get(RESOURCES.secrets, { namespace: NAMESPACE, name });
const dataOf = (secret: KubeObject) =>
  Object.fromEntries(
    Object.entries(secret['data'] as Record<string, string>).map(([key, value]) => [
      key,
      Buffer.from(value, 'base64').toString(),
    ]),
  );
const create = (metadata: object, more: object, fieldManager: string) =>
  client.create(
    RESOURCES.secrets,
    NAMESPACE,
    { apiVersion: 'v1', kind: 'Secret', metadata, ...more },
    { fieldManager },
  );
const managersOf = ({ metadata }: KubeObject) =>
  metadata.managedFields?.map(({ manager, operation }) => `${manager} ${operation}`).sort();

describe('a synced Secret', () => {
  it('loses the keys, labels and annotations that its class drops, and nothing that others put there', async () => {
    const name = 'drops';
    await sync({ name, data: { a: '1', b: '2' }, labels: { app: 'web', old: 'x' }, annotations: { note: 'n' } });
    const theirs = {
      metadata: {
        labels: { team: 'blue' },
        annotations: { 'reloader.stakater.com/match': 'true' },
        ownerReferences: [owner('theirs')],
      },
      data: { extra: base64('e') },
    };
    await client.patch(
      RESOURCES.secrets,
      { namespace: NAMESPACE, name },
      { type: 'strategic', body: theirs, fieldManager: 'kubectl-edit' },
    );
    expect(await sync({ name, data: { a: '1' }, labels: { app: 'web' } })).toEqual([]);
    const secret = await get(name);
    expect(dataOf(secret)).toEqual({ a: '1', extra: 'e' });
    expect(secret.metadata).toMatchObject({
      labels: { app: 'web', team: 'blue', ...MANAGED },
      annotations: { 'reloader.stakater.com/match': 'true' },
    });
    expect(secret.metadata.labels).not.toHaveProperty('old');
    expect(secret.metadata.annotations).not.toHaveProperty('note');
    expect(secret.metadata.ownerReferences?.map(({ uid }) => uid).sort()).toEqual(['one', 'theirs']);
    expect(managersOf(secret)).toContain('secrets-store-csi-driver Apply');
  });

  it('drops a key again after it was applied, and is not written when nothing is to be changed', async () => {
    const name = 'drops-again';
    for (const data of [{ a: '1' }, { a: '1', b: '2' }, { b: '2' }] as Record<string, string>[])
      await sync({ name, data });
    const before = await get(name);
    expect(dataOf(before)).toEqual({ b: '2' });
    expect(await sync({ name, data: { b: '2' } })).toEqual([]);
    expect((await get(name)).metadata.resourceVersion).toBe(before.metadata.resourceVersion);
  });

  it('is taken over from the driver of upstream, with what that one wrote and the class does not ask for gone', async () => {
    const name = 'from-upstream';
    const ownerReferences = [owner('upstreams')];
    await create(
      { name, labels: { ...MANAGED, old: 'x' }, ownerReferences },
      { type: 'Opaque', data: { a: base64('0'), old: base64('o') } },
      'csi-secrets-store',
    );
    expect(await sync({ name, data: { a: '1' } })).toEqual([]);
    const secret = await get(name);
    expect(dataOf(secret)).toEqual({ a: '1' });
    expect(secret.metadata.labels).toEqual(MANAGED);
    expect(secret.metadata.ownerReferences?.map(({ uid }) => uid).sort()).toEqual(['one', 'upstreams']);
  });

  it('is left as it is when it is as upstream would have it', async () => {
    const name = 'as-upstream';
    const metadata = { name, labels: MANAGED, ownerReferences: [owner('one')] };
    const made = await create(metadata, { type: 'Opaque', data: { a: base64('1') } }, 'csi-secrets-store');
    expect(await sync({ name, data: { a: '1' } })).toEqual([]);
    expect((await get(name)).metadata.resourceVersion).toBe(made.metadata.resourceVersion);
  });

  it('is adopted with its other keys once it is annotated', async () => {
    const name = 'adopted';
    await create({ name }, { data: { a: base64('theirs'), own: base64('o') } }, 'kubectl-create');
    expect(await sync({ name, data: { a: '1' } })).toMatchObject([{ code: 'already-exists' }]);
    await client.patch(
      RESOURCES.secrets,
      { namespace: NAMESPACE, name },
      { type: 'merge', body: { metadata: { annotations: { 'secrets-store.csi.k8s.io/adopt': 'true' } } } },
    );
    expect(await sync({ name, data: { a: '1' } })).toEqual([]);
    expect(dataOf(await get(name))).toEqual({ a: '1', own: 'o' });
  });

  it('has every owner when several nodes make it in the same moment', async () => {
    const name = 'crowd';
    const uids = Array.from({ length: 8 }, (_, index) => `node-${index}`);
    const failures = await Promise.all(uids.map((uid) => sync({ name, data: { a: '1' }, owners: [uid] })));
    expect(failures.flat()).toEqual([]);
    expect((await get(name)).metadata.ownerReferences?.map(({ uid }) => uid).sort()).toEqual(uids);
  });

  /** The client, with something done just before the first write. */
  const justBefore = (act: () => Promise<unknown>): SecretClient => {
    let acted: Promise<unknown> | undefined;
    const first = () => (acted ??= act());
    return {
      get: (...args) => client.get(...args),
      create: async (...args) => {
        await first();
        return client.create(...args);
      },
      patch: async (...args) => {
        await first();
        return client.patch(...args);
      },
    };
  };

  it('is made anew when somebody removes it before it is changed', async () => {
    const name = 'removed';
    const key = { namespace: NAMESPACE, name };
    await sync({ name, data: { a: '1' } });
    const through = justBefore(() => client.delete(RESOURCES.secrets, key));
    expect(await sync({ name, data: { a: '2' }, owners: ['one', 'two'] }, { through })).toEqual([]);
    const secret = await get(name);
    expect(dataOf(secret)).toEqual({ a: '2' });
    expect(secret.metadata.ownerReferences).toHaveLength(2);
  });

  it.each([
    ['content', { a: '2' }, ['one']],
    ['an owner', { a: '1' }, ['one', 'two']],
  ])('is not touched when somebody puts another in its place before %s is written', async (_what, data, owners) => {
    const name = `replaced-${owners.length}`;
    await sync({ name, data: { a: '1' } });
    const through = justBefore(async () => {
      await client.delete(RESOURCES.secrets, { namespace: NAMESPACE, name });
      await create({ name }, { data: { a: base64('theirs') } }, 'kubectl-create');
    });
    expect(await sync({ name, data, owners }, { through })).toMatchObject([{ code: 'already-exists' }]);
    const secret = await get(name);
    expect(dataOf(secret)).toEqual({ a: 'theirs' });
    expect(secret.metadata.ownerReferences).toBeUndefined();
  });

  it('is mended where somebody changed it, but not where the driver of another node did', async () => {
    const name = 'mended';
    await sync({ name, data: { a: 'old', b: '1' }, labels: { app: 'web' } });
    await sync({ name, data: { a: 'newer', b: '1' }, labels: { app: 'web' } });
    await client.patch(
      RESOURCES.secrets,
      { namespace: NAMESPACE, name },
      {
        type: 'merge',
        body: { data: { b: base64('edited') }, metadata: { labels: { app: null } } },
        fieldManager: 'kubectl-edit',
      },
    );
    const late = { name, data: { a: 'old', b: '1' }, labels: { app: 'web' } };
    expect(await sync(late, { mode: 'mend' })).toEqual([]);
    const secret = await get(name);
    expect(dataOf(secret)).toEqual({ a: 'newer', b: '1' });
    expect(secret.metadata.labels).toMatchObject({ app: 'web' });
  });

  it('passes on why the API server refuses one', async () => {
    expect(await sync({ name: 'refused', data: { a: '1' }, labels: { app: 'no label!' } })).toMatchObject([
      {
        code: 'invalid-input',
        message: expect.stringContaining('metadata.labels'),
        hint: expect.stringContaining('spec.secretObjects[0]'),
      },
    ]);
  });
});

describe('each type that Kubernetes knows', () => {
  it.each([
    ['Opaque', { any: 'x' }, {}],
    ['kubernetes.io/basic-auth', { username: 'u', password: 'p' }, {}],
    ['bootstrap.kubernetes.io/token', { 'token-id': 'abcdef', 'token-secret': '0123456789abcdef' }, {}],
    ['kubernetes.io/dockerconfigjson', { '.dockerconfigjson': '{"auths":{}}' }, {}],
    ['kubernetes.io/dockercfg', { '.dockercfg': '{}' }, {}],
    ['kubernetes.io/ssh-auth', { 'ssh-privatekey': 'k' }, {}],
    ['kubernetes.io/service-account-token', { extra: 'x' }, { 'kubernetes.io/service-account.name': 'default' }],
    ['example.com/own', { any: 'x' }, {}],
  ])('%s is made, and kept as it is', async (type, data, annotations) => {
    const name = `type-${type.replaceAll(/[^a-z]/g, '-').toLowerCase()}`.replace(/-+$/, '');
    expect(
      await sync({
        name,
        type,
        data: data as Record<string, string>,
        annotations: annotations as Record<string, string>,
      }),
    ).toEqual([]);
    const secret = await get(name);
    expect(secret['type']).toBe(type);
    expect(dataOf(secret)).toMatchObject(data);
    await sync({
      name,
      type,
      data: data as Record<string, string>,
      annotations: annotations as Record<string, string>,
    });
    expect((await get(name)).metadata.resourceVersion).toBe(secret.metadata.resourceVersion);
  });
});
