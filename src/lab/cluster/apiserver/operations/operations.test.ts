import { beforeEach, describe, expect, it } from 'vitest';
import type { KubeObject, WatchEvent } from '#kube';
import { createMemoryStore } from '#lab/store';
import { ApiError } from '../../api-access.ts';
import { createTestApi, type TestApi } from '../testing/test-api.ts';
import { createObject } from './create.ts';
import { listObjects } from './read.ts';
import { watchObjects } from './watch.ts';

const PODS = { group: '', version: 'v1', resource: 'pods' };
const MAPS = { group: '', version: 'v1', resource: 'configmaps' };
const SECRETS = { group: '', version: 'v1', resource: 'secrets' };
const NAMESPACES = { group: '', version: 'v1', resource: 'namespaces' };
const DEPLOYMENTS = { group: 'apps', version: 'v1', resource: 'deployments' };
const CRDS = { group: 'apiextensions.k8s.io', version: 'v1', resource: 'customresourcedefinitions' };

const key = (name: string) => ({ namespace: 'default', name });
const map = (name: string, data: Record<string, string> = {}) => ({ metadata: { name }, data });
const pod = (name: string, spec: object = {}) => ({
  metadata: { name },
  spec: { containers: [{ name: 'c', image: 'nginx' }], ...spec },
});
const deployment = (replicas = 1) => ({
  metadata: { name: 'd' },
  spec: {
    replicas,
    selector: { matchLabels: { app: 'd' } },
    template: { metadata: { labels: { app: 'd' } }, spec: { containers: [{ name: 'c', image: 'nginx' }] } },
  },
});

/** The refusal of a call that must fail. */
async function refusal(call: Promise<unknown>): Promise<ApiError['body']> {
  const error: unknown = await call.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof ApiError)) throw new Error('the call was not refused', { cause: error });
  return error.body;
}

let api: TestApi;

beforeEach(async () => {
  api = await createTestApi();
});

describe('creating', () => {
  it('gives uid, time, version and a generated name', async () => {
    const { access } = api;
    const first = await access.create(MAPS, 'default', { metadata: { generateName: 'map-' } });
    const second = await access.create(MAPS, 'default', { metadata: { generateName: 'map-' } });
    expect(first.metadata.name).toMatch(/^map-[a-z0-9]{5}$/);
    expect(first.metadata.name).not.toBe(second.metadata.name);
    expect(first.metadata).toMatchObject({ namespace: 'default', creationTimestamp: '2026-01-01T00:00:00Z' });
    expect(Number(second.metadata.resourceVersion)).toBeGreaterThan(Number(first.metadata.resourceVersion));
  });

  it.each<[string, object, number, string]>([
    ['a name that is taken', map('taken'), 409, 'configmaps "taken" already exists'],
    ['a name that is no DNS name', map('A_b'), 422, 'a lowercase RFC 1123 subdomain'],
    ['no name', { metadata: {} }, 422, 'name or generateName is required'],
    ['an unknown field', { ...map('x'), dat: {} }, 400, 'strict decoding error: unknown field "dat"'],
    ['another kind', { ...map('x'), kind: 'Secret' }, 400, 'does not match the expected kind'],
    [
      'another namespace',
      { metadata: { name: 'x', namespace: 'other' } },
      400,
      'namespace of the provided object does not match',
    ],
    [
      'a label that is none',
      { metadata: { name: 'x', labels: { a: 'b c' } } },
      422,
      'a valid label must be an empty string',
    ],
  ])('refuses %s', async (_what, body, code, message) => {
    await api.access.create(MAPS, 'default', map('taken'));
    const refused = await refusal(api.access.create(MAPS, 'default', body));
    expect(refused).toMatchObject({ code, message: expect.stringContaining(message) as unknown });
  });

  it.each<[string, object, string]>([
    ['no containers', pod('p', { containers: [] }), 'Pod "p" is invalid: spec.containers: Required value'],
    [
      'a mount of a volume that is not there',
      pod('p', { containers: [{ name: 'c', image: 'i', volumeMounts: [{ name: 'v', mountPath: '/v' }] }] }),
      'Pod "p" is invalid: spec.containers[0].volumeMounts[0].name: Not found: "v"',
    ],
    [
      'two volumes of one name',
      pod('p', { volumes: [{ name: 'v' }, { name: 'v' }] }),
      'Pod "p" is invalid: spec.volumes[1].name: Duplicate value: "v"',
    ],
    [
      'a policy that does not exist',
      pod('p', { restartPolicy: 'Maybe' }),
      'Pod "p" is invalid: spec.restartPolicy: Unsupported value: "Maybe": supported values: "Always", "OnFailure", "Never"',
    ],
    [
      'a hostname that is none',
      pod('p', { hostname: "a';id;'" }),
      `Pod "p" is invalid: spec.hostname: Invalid value: "a';id;'": a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')`,
    ],
    ...(
      [
        [{ hostPath: { path: '/a/../b' } }, 'hostPath.path: Invalid value: "/a/../b": must not contain \'..\''],
        [
          { configMap: { name: 'm', items: [{ key: 'k', path: '../x' }] } },
          'configMap.items[0].path: Invalid value: "../x": must not contain \'..\'',
        ],
        [
          { secret: { secretName: 's', items: [{ key: 'k', path: '/x' }] } },
          'secret.items[0].path: Invalid value: "/x": must be a relative path',
        ],
        [
          { downwardAPI: { items: [{ path: '..x', fieldRef: { fieldPath: 'metadata.name' } }] } },
          'downwardAPI.items[0].path: Invalid value: "..x": must not start with \'..\'',
        ],
        [
          { projected: { sources: [{ serviceAccountToken: { path: 'a/../../t' } }] } },
          'projected.sources[0].serviceAccountToken.path: Invalid value: "a/../../t": must not contain \'..\'',
        ],
      ] as const
    ).map(([source, message]): [string, object, string] => [
      `the volume ${JSON.stringify(source)}`,
      pod('p', { volumes: [{ name: 'v', ...source }] }),
      `Pod "p" is invalid: spec.volumes[0].${message}`,
    ]),
    ...(['subPath', 'subPathExpr'] as const).map((field): [string, object, string] => [
      `a ${field} that leads out of its volume`,
      pod('p', {
        volumes: [{ name: 'v', emptyDir: {} }],
        containers: [{ name: 'c', image: 'i', volumeMounts: [{ name: 'v', mountPath: '/v', [field]: 'a/../../b' }] }],
      }),
      `Pod "p" is invalid: spec.containers[0].volumeMounts[0].${field}: Invalid value: "a/../../b": must not contain '..'`,
    ]),
  ])('refuses a pod with %s', async (_what, body, message) => {
    expect(await refusal(api.access.create(PODS, 'default', body))).toMatchObject({ code: 422, message });
  });

  it.each([
    ['.', "must not be '.'"],
    ['..', "must not be '..'"],
    ['..data', "must not start with '..'"],
    ['a/b', 'a valid config key must consist of'],
    ['k'.repeat(254), 'must be no more than 253 characters'],
  ])('refuses %j as a key of a ConfigMap and of a Secret, as it becomes a file', async (name, message) => {
    const secret = { apiVersion: 'v1', kind: 'Secret', metadata: { name: 's' }, data: { [name]: '' } };
    for (const refused of [
      api.access.create(MAPS, 'default', map('m', { [name]: '' })),
      api.access.create({ ...MAPS, resource: 'secrets' }, 'default', secret),
    ]) {
      expect(await refusal(refused)).toMatchObject({ code: 422, message: expect.stringContaining(message) as unknown });
    }
  });

  it('refuses a deployment whose selector does not match its template', async () => {
    const body = deployment();
    const other = { ...body, spec: { ...body.spec, selector: { matchLabels: { app: 'x' } } } };
    const { message } = await refusal(api.access.create(DEPLOYMENTS, 'default', other));
    expect(message).toContain(
      'spec.template.metadata.labels: Invalid value: {"app":"d"}: `selector` does not match template `labels`',
    );
  });

  it('drops unknown fields with a warning, or silently, when asked to', () => {
    const { context } = api;
    const target = { kind: context.kinds.get(MAPS), namespace: 'default', name: '' };
    const warned = api.options('m', { fieldValidation: 'Warn' });
    expect(createObject(context, target, { ...map('a'), foo: 1 }, warned)).not.toHaveProperty('foo');
    expect(warned.warnings).toEqual(['unknown field "foo"']);
    const ignored = api.options('m', { fieldValidation: 'Ignore' });
    expect(createObject(context, target, { ...map('b'), foo: 1 }, ignored)).not.toHaveProperty('foo');
    expect(ignored.warnings).toEqual([]);
  });

  it('stores nothing on a dry run', async () => {
    const { context, access } = api;
    const target = { kind: context.kinds.get(MAPS), namespace: 'default', name: '' };
    expect(createObject(context, target, map('dry'), api.options('m', { dryRun: true })).metadata.uid).toBeDefined();
    expect(await refusal(access.get(MAPS, key('dry')))).toMatchObject({
      code: 404,
      message: 'configmaps "dry" not found',
    });
  });

  it('turns stringData into data', async () => {
    const secret = await api.access.create(SECRETS, 'default', { metadata: { name: 's' }, stringData: { a: 'b' } });
    expect(secret).toMatchObject({ type: 'Opaque', data: { a: 'Yg==' } });
    expect(secret).not.toHaveProperty('stringData');
  });
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
      message: expect.stringContaining('Precondition failed: UID in precondition: other') as unknown,
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

describe('listing', () => {
  it('hands out pages that together are everything', async () => {
    const { access, context } = api;
    for (const name of ['a', 'b', 'c', 'd', 'e']) await access.create(MAPS, 'default', map(name));
    const kind = context.kinds.get(MAPS);
    const names: (string | undefined)[] = [];
    let token: string | undefined;
    do {
      const page = listObjects(context, kind, { namespace: 'default', limit: 2, continue: token });
      names.push(...page.items.map(({ metadata }) => metadata.name));
      token = page.metadata.continue;
    } while (token !== undefined);
    expect(names).toEqual(['a', 'b', 'c', 'd', 'e']);
  });

  it('shows on later pages the objects of the first one, whatever happened since', async () => {
    const { access, context } = api;
    for (const name of ['a', 'b', 'c']) await access.create(MAPS, 'default', map(name, { at: 'first' }));
    const kind = context.kinds.get(MAPS);
    const first = listObjects(context, kind, { namespace: 'default', limit: 1 });
    await access.delete(MAPS, key('b'));
    await access.update(MAPS, key('c'), map('c', { at: 'later' }));
    await access.create(MAPS, 'default', map('d'));
    const rest = listObjects(context, kind, { namespace: 'default', continue: first.metadata.continue });
    expect(rest.items.map(({ metadata, data }) => [metadata.name, data])).toEqual([
      ['b', { at: 'first' }],
      ['c', { at: 'first' }],
    ]);
    expect(rest.metadata.resourceVersion).toBe(first.metadata.resourceVersion);
  });

  it('refuses a page of a moment that is forgotten, with a token that goes on from now', async () => {
    const { access, context } = await createTestApi(createMemoryStore(), 2);
    for (const name of ['a', 'b', 'c']) await access.create(MAPS, 'default', map(name));
    const kind = context.kinds.get(MAPS);
    const first = listObjects(context, kind, { namespace: 'default', limit: 1 });
    for (const at of ['1', '2', '3', '4']) await access.update(MAPS, key('c'), map('c', { at }));
    const refused = await refusal(
      (async () => listObjects(context, kind, { namespace: 'default', continue: first.metadata.continue }))(),
    );
    expect(refused).toMatchObject({
      code: 410,
      reason: 'Expired',
      message: expect.stringMatching(/^The provided continue parameter is too old/) as unknown,
    });
    const onward = (refused as unknown as { metadata: { continue: string } }).metadata.continue;
    const rest = listObjects(context, kind, { namespace: 'default', continue: onward });
    expect(rest.items.map(({ metadata, data }) => [metadata.name, data])).toEqual([
      ['b', {}],
      ['c', { at: '4' }],
    ]);
  });

  it.each<[string, object, number]>([
    ['an exact version that is not yet', { resourceVersion: '99999', resourceVersionMatch: 'Exact' }, 504],
    ['a version that is no number', { resourceVersion: 'x' }, 400],
    ['a version beside a token', { resourceVersion: '1', limit: 1, continue: 'e30' }, 400],
    ['a token of somebody else', { continue: 'bm90IG91cnM' }, 400],
  ])('refuses %s', async (_name, query, code) => {
    const { context } = api;
    const kind = context.kinds.get(MAPS);
    expect(await refusal((async () => listObjects(context, kind, query))())).toMatchObject({ code });
  });

  it('finds after a restart what was stored before', async () => {
    const store = createMemoryStore();
    const before = await createTestApi(store);
    const created = await before.access.create(MAPS, 'default', map('m', { a: '1' }));
    const after = await createTestApi(store);
    expect(await after.access.get(MAPS, key('m'))).toEqual(created);
    const next = await after.access.create(MAPS, 'default', map('n'));
    expect(Number(next.metadata.resourceVersion)).toBeGreaterThan(Number(created.metadata.resourceVersion));
  });
});

describe('watching', () => {
  const collect = async (events: AsyncIterable<WatchEvent>, count: number) => {
    const seen: string[] = [];
    for await (const { type, object } of events) {
      seen.push(`${type} ${object.metadata.name ?? ''}`.trim());
      if (seen.length === count) break;
    }
    return seen;
  };

  it('begins with what is there and follows what a selector lets through', async () => {
    const { access } = api;
    const labelled = (name: string, on: string) => ({ metadata: { name, labels: { on } } });
    await access.create(MAPS, 'default', labelled('a', 'yes'));
    await access.create(MAPS, 'default', labelled('b', 'no'));
    const stop = new AbortController();
    const seen = collect(access.watch(MAPS, { labelSelector: 'on=yes', signal: stop.signal }), 5);
    await access.patch(MAPS, key('a'), 'merge', { data: { x: '1' } });
    await access.patch(MAPS, key('b'), 'merge', { metadata: { labels: { on: 'yes' } } });
    await access.patch(MAPS, key('a'), 'merge', { metadata: { labels: { on: 'no' } } });
    await access.delete(MAPS, key('b'));
    expect(await seen).toEqual(['ADDED a', 'MODIFIED a', 'ADDED b', 'DELETED a', 'DELETED b']);
  });

  it('goes on from a version, also into the past', async () => {
    const { access } = api;
    const first = await access.create(MAPS, 'default', map('a'));
    await access.create(MAPS, 'default', map('b'));
    await access.delete(MAPS, key('a'));
    const watch = access.watch(MAPS, {
      resourceVersion: first.metadata.resourceVersion,
      signal: new AbortController().signal,
    });
    expect(await collect(watch, 2)).toEqual(['ADDED b', 'DELETED a']);
  });

  it('answers 410 for a version that the history has forgotten', async () => {
    const forgetful = await createTestApi(createMemoryStore(), 2);
    const first = await forgetful.access.create(MAPS, 'default', map('m'));
    for (const value of ['1', '2', '3', '4', '5'])
      await forgetful.access.patch(MAPS, key('m'), 'merge', { data: { value } });
    const watch = forgetful.access.watch(MAPS, {
      resourceVersion: first.metadata.resourceVersion,
      signal: new AbortController().signal,
    });
    expect(await refusal(collect(watch, 1))).toMatchObject({ code: 410, reason: 'Expired' });
  });

  it('says where the present objects end, and where it is when nothing happens', async () => {
    const { context, access, clock } = api;
    await access.create(MAPS, 'default', map('a'));
    const stop = new AbortController();
    const watch = watchObjects(context, context.kinds.get(MAPS), {
      sendInitialEvents: true,
      allowBookmarks: true,
      timeoutMs: 90_000,
      signal: stop.signal,
    });
    expect(await watch.next()).toMatchObject({ value: { type: 'ADDED', object: { metadata: { name: 'a' } } } });
    const end = { 'k8s.io/initial-events-end': 'true' };
    expect(await watch.next()).toMatchObject({
      value: { type: 'BOOKMARK', object: { metadata: { annotations: end } } },
    });
    const next = watch.next();
    await access.create(SECRETS, 'default', { metadata: { name: 's' } });
    await clock.advance(60_000);
    const resourceVersion = String(context.storage.revision);
    expect(await next).toMatchObject({
      value: { type: 'BOOKMARK', object: { kind: 'ConfigMap', metadata: { resourceVersion } } },
    });
    const last = watch.next();
    await clock.advance(30_000);
    expect(await last).toMatchObject({ done: true });
  });

  it('loses nothing while many objects are made, wherever it began', async () => {
    const count = 1000;
    const { access } = api;
    await access.create(MAPS, 'default', map('before'));
    const start = String(api.context.storage.revision);
    const stop = new AbortController();
    const collect = async (resourceVersion: string | undefined, labelSelector?: string) => {
      const names: string[] = [];
      const query = { resourceVersion, labelSelector, namespace: 'default', signal: stop.signal };
      for await (const { object } of watchObjects(api.context, api.context.kinds.get(MAPS), query)) {
        if (object.metadata.name?.startsWith('many-') === true) names.push(object.metadata.name);
        if (names.length === (labelSelector === undefined ? count : count / 2)) return names;
      }
      return names;
    };
    const watches = [collect(undefined), collect('0'), collect(start), collect(start, 'half=yes')];
    const name = (index: number) => `many-${String(index).padStart(4, '0')}`;
    for (let index = 0; index < count; index += 1) {
      const labels = index % 2 === 0 ? { half: 'yes' } : { half: 'no' };
      await access.create(MAPS, 'default', { metadata: { name: name(index), labels } });
    }
    const all = Array.from({ length: count }, (_, index) => name(index));
    const half = all.filter((_, index) => index % 2 === 0);
    // the last one begins late, from the version of before all others
    expect(await Promise.all([...watches, collect(start)])).toEqual([all, all, all, half, all]);
    stop.abort();
  });

  it('answers 410 for a version that is yet to come, as after a store that is gone', async () => {
    const query = { resourceVersion: '999999', signal: new AbortController().signal };
    const events = watchObjects(api.context, api.context.kinds.get(MAPS), query);
    expect(await refusal(events.next())).toMatchObject({ code: 410, reason: 'Expired' });
  });

  it('ends when its signal aborts', async () => {
    const stop = new AbortController();
    const seen = collect(api.access.watch(MAPS, { signal: stop.signal }), 1);
    stop.abort();
    expect(await seen).toEqual([]);
  });
});

describe('custom resources', () => {
  const definition = {
    metadata: { name: 'widgets.example.com' },
    spec: {
      group: 'example.com',
      scope: 'Namespaced',
      names: { kind: 'Widget', plural: 'widgets' },
      versions: ['v1', 'v2'].map((name) => ({
        name,
        served: true,
        storage: name === 'v2',
        subresources: { status: {} },
        schema: {
          openAPIV3Schema: {
            type: 'object',
            properties: {
              spec: {
                type: 'object',
                properties: { size: { type: 'integer' }, color: { type: 'string', default: 'red' } },
              },
              status: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
            },
          },
        },
      })),
    },
  };
  const widgets = (version: string) => ({ group: 'example.com', version, resource: 'widgets' });

  it('are served in every version as soon as their definition is stored, and no longer than it', async () => {
    const { access } = api;
    expect(await refusal(access.list(widgets('v1')))).toMatchObject({ code: 404 });
    const stored = await access.create(CRDS, undefined, definition);
    expect(stored).toMatchObject({
      status: {
        conditions: [{ type: 'NamesAccepted' }, { type: 'Established', status: 'True' }],
        storedVersions: ['v2'],
      },
    });
    await access.create(widgets('v1'), 'default', { metadata: { name: 'w' }, spec: { size: 1 } });
    expect(await access.get(widgets('v2'), key('w'))).toMatchObject({
      apiVersion: 'example.com/v2',
      kind: 'Widget',
      spec: { size: 1, color: 'red' },
    });
    expect(
      await refusal(access.create(widgets('v1'), 'default', { metadata: { name: 'x' }, spec: { size: 'big' } })),
    ).toMatchObject({ code: 422 });
    await access.delete(CRDS, { name: 'widgets.example.com' });
    expect(await refusal(access.list(widgets('v1')))).toMatchObject({ code: 404 });
    await access.create(CRDS, undefined, definition);
    expect((await access.list(widgets('v1'))).items).toEqual([]);
  });
});
