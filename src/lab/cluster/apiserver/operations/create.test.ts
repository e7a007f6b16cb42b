import { beforeEach, describe, expect, it } from 'vitest';
import { DEPLOYMENTS, deployment, key, map, MAPS, pod, PODS, SECRETS } from '../testing/objects.ts';
import { refusal } from '../testing/refusal.ts';
import { createTestApi, type TestApi } from '../testing/test-api.ts';
import { createObject } from './create.ts';

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
          'projected.path: Invalid value: "a/../../t": must not contain \'..\'',
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
      `Pod "p" is invalid: spec.containers[0].volumeMounts.${field}: Invalid value: "a/../../b": must not contain '..'`,
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

  const MIB = 1024 * 1024;
  it.each([
    [
      'annotations',
      MAPS,
      256 * 1024 - 1,
      (size: number) => ({ metadata: { name: 'x', annotations: { a: 'x'.repeat(size) } } }),
      'ConfigMap "x" is invalid: metadata.annotations: Too long: may not be more than 262144 bytes',
    ],
    [
      'the data of a ConfigMap',
      MAPS,
      MIB,
      (size: number) => ({ metadata: { name: 'x' }, data: { a: 'é'.repeat(MIB / 4), b: 'x'.repeat(size - MIB / 2) } }),
      'ConfigMap "x" is invalid: []: Too long: may not be more than 1048576 bytes',
    ],
    [
      'the data of a Secret',
      SECRETS,
      MIB,
      (size: number) => ({ metadata: { name: 'x' }, stringData: { a: 'x'.repeat(size) } }),
      'Secret "x" is invalid: data: Too long: may not be more than 1048576 bytes',
    ],
  ])('takes %s up to the limit of kube-apiserver, and no byte more', async (_what, resource, most, body, message) => {
    expect(await refusal(api.access.create(resource, 'default', body(most + 1)))).toMatchObject({ code: 422, message });
    await expect(api.access.create(resource, 'default', body(most))).resolves.toBeDefined();
  });

  it('turns stringData into data', async () => {
    const secret = await api.access.create(SECRETS, 'default', { metadata: { name: 's' }, stringData: { a: 'b' } });
    expect(secret).toMatchObject({ type: 'Opaque', data: { a: 'Yg==' } });
    expect(secret).not.toHaveProperty('stringData');
  });
});
