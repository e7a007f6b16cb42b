import { describe, expect, it } from 'vitest';
import { KeyferryError } from '#base';
import { createFakeKubeClient } from '../kube/testing/index.ts';
import { mergeAttributes } from './attributes.ts';
import { podStatusName, SECRET_CLASS_RESOURCES } from './names.ts';
import { parseSecretProviderClass } from './parse.ts';
import { getSecretProviderClass } from './read.ts';

const classObject = (spec: unknown) => ({
  apiVersion: 'secrets-store.csi.x-k8s.io/v1',
  kind: 'SecretProviderClass',
  metadata: { name: 'db', namespace: 'shop' },
  spec,
});
const secretObject = (change: object) => ({
  provider: 'azure',
  parameters: { a: 'b' },
  secretObjects: [{ secretName: 's', type: 'Opaque', data: [{ objectName: 'o', key: 'k' }], ...change }],
});

describe('parseSecretProviderClass', () => {
  it('leaves nothing optional open', () => {
    expect(parseSecretProviderClass(classObject(secretObject({})))).toEqual({
      value: {
        name: 'db',
        namespace: 'shop',
        provider: 'azure',
        parameters: { a: 'b' },
        secretObjects: [
          {
            at: 'spec.secretObjects[0]',
            secretName: 's',
            type: 'Opaque',
            labels: {},
            annotations: {},
            data: [{ objectName: 'o', key: 'k' }],
          },
        ],
      },
      secretIssues: [],
    });
  });

  it.each([
    ['no spec', undefined, 'provider not set in shop/db'],
    ['no provider', { parameters: { a: 'b' } }, 'provider not set in shop/db'],
    ['no parameters', { provider: 'azure' }, 'parameters not set in shop/db'],
    ['null for parameters', { provider: 'azure', parameters: null }, 'parameters not set in shop/db'],
    ['a parameter that is no text', { provider: 'azure', parameters: { a: 1 } }, 'spec.parameters.a'],
    [
      'secretObjects that are no list',
      { provider: 'azure', parameters: { a: 'b' }, secretObjects: {} },
      'spec.secretObjects',
    ],
  ])('refuses %s', (_what, spec, message) => {
    expect(() => parseSecretProviderClass(classObject(spec))).toThrow(message);
  });

  it.each([
    [{ secretName: '' }, 'spec.secretObjects[0].secretName'],
    [{ type: undefined }, 'spec.secretObjects[0].type'],
    [{ data: [] }, 'spec.secretObjects[0].data'],
    [{ data: [{ objectName: 'o' }] }, 'spec.secretObjects[0].data[0].key'],
    [{ data: [{ key: 'k' }] }, 'spec.secretObjects[0].data[0].objectName'],
    [
      {
        data: [
          { objectName: 'o', key: 'k' },
          { objectName: 'p', key: 'k' },
        ],
      },
      'spec.secretObjects[0].data[1].key',
    ],
  ])('names what is wrong with a Secret and lets the volume be mounted: %j', (change, path) => {
    expect(parseSecretProviderClass(classObject(secretObject(change))).secretIssues.map((issue) => issue.path)).toEqual(
      [path],
    );
  });
});

describe('getSecretProviderClass', () => {
  const key = { namespace: 'shop', name: 'db' };

  it('reads the class of the namespace', async () => {
    const client = createFakeKubeClient();
    client.put(SECRET_CLASS_RESOURCES.classes, classObject(secretObject({})));
    expect((await getSecretProviderClass(client, key))['spec']).toMatchObject({ provider: 'azure' });
  });

  it.each([
    ['not-found', 'NotFound', 'not-found'],
    ['permission-denied', 'Forbidden', 'permission-denied'],
    ['unavailable', undefined, 'unavailable'],
  ] as const)('says where it looked when the API server answers %s', async (code, reason, expected) => {
    const client = createFakeKubeClient();
    client.intercept = () => {
      throw new KeyferryError(code, 'why', reason === undefined ? {} : { upstreamCode: reason });
    };
    await expect(getSecretProviderClass(client, key)).rejects.toMatchObject({
      code: expected,
      message: 'failed to get secretproviderclass shop/db, error: why',
    });
  });
});

describe('a class that could not be read', () => {
  it.each([
    ['unavailable', /in trouble, not the class/],
    ['deadline-exceeded', /in trouble, not the class/],
    ['unauthenticated', /the driver's own token/],
  ] as const)('because of %s has the hint for it', async (code, hint) => {
    const client = createFakeKubeClient();
    client.intercept = () => {
      throw new KeyferryError(code, 'why');
    };
    await expect(getSecretProviderClass(client, { namespace: 'shop', name: 'db' })).rejects.toMatchObject({
      hint: expect.stringMatching(hint),
    });
  });
});

describe('podStatusName', () => {
  it('joins pod, namespace and class', () => {
    expect(podStatusName('web-1', 'shop', 'db')).toBe('web-1-shop-db');
  });

  it('stays within the length of a name, and apart from others that begin alike', () => {
    const long = 'x'.repeat(250);
    const one = podStatusName(long, 'shop', 'one');
    expect(one.length).toBeLessThanOrEqual(253);
    expect(one).toMatch(/^x+-[0-9a-f]{16}$/);
    expect(podStatusName(long, 'shop', 'two')).not.toBe(one);
    expect(podStatusName('a'.repeat(245), 'b', 'c'.repeat(5))).toBe(`${'a'.repeat(245)}-b-ccccc`);
  });
});

describe('mergeAttributes', () => {
  it('lets the volume context win', () => {
    expect(mergeAttributes({ a: '1', b: '1' }, { b: '2', c: '2' })).toEqual({ a: '1', b: '2', c: '2' });
  });

  it.each(['serviceAccount.tokens', 'pod.namespace', 'pod.name', 'serviceAccount.name', 'ephemeral'])(
    'takes no %s from a class, whether kubelet gives one or not',
    (name) => {
      const key = `csi.storage.k8s.io/${name}`;
      expect(mergeAttributes({ a: '1', [key]: 'of the class' }, {})).toEqual({ a: '1' });
      expect(mergeAttributes({ [key]: 'of the class' }, { [key]: 'of kubelet' })).toEqual({ [key]: 'of kubelet' });
    },
  );
});
