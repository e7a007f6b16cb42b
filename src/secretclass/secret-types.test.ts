import { describe, expect, it } from 'vitest';
import { parseSecretProviderClass } from './parse.ts';
import { factsOfType, issuesOfSecretObject } from './secret-types.ts';

const object = (change: object) => ({
  at: 'spec.secretObjects[3]',
  secretName: 'db',
  type: 'Opaque',
  labels: {},
  annotations: {},
  data: [{ objectName: 'file', key: 'key' }],
  ...change,
});
const data = (...keys: readonly string[]) => keys.map((key) => ({ objectName: 'file', key }));
const issues = (change: object) =>
  issuesOfSecretObject(object(change)).map(({ path, message }) => `${path}: ${message}`);

describe('what a class asks for as a Secret', () => {
  it.each([
    [{}],
    [{ type: 'example.com/own' }],
    [{ secretName: 'a.b-c.d0' }],
    [{ data: data('a.b', '.dockercfg', 'A_-.0') }],
    [{ type: 'kubernetes.io/basic-auth', data: data('username') }],
    [{ type: 'kubernetes.io/basic-auth', data: data('password', 'realm') }],
    [{ type: 'kubernetes.io/ssh-auth', data: data('ssh-privatekey') }],
    [{ type: 'kubernetes.io/dockercfg', data: data('.dockercfg') }],
    [{ type: 'kubernetes.io/dockerconfigjson', data: data('.dockerconfigjson') }],
    [{ type: 'kubernetes.io/tls', data: data('tls.crt', 'tls.key') }],
    [{ type: 'kubernetes.io/tls', data: data('tls.crt', 'tls.key', 'ca.crt') }],
    [{ type: 'bootstrap.kubernetes.io/token' }],
    [
      {
        type: 'kubernetes.io/service-account-token',
        annotations: { 'kubernetes.io/service-account.name': 'default' },
      },
    ],
  ])('may be %j', (change) => {
    expect(issues(change)).toEqual([]);
  });

  it.each([
    [{ secretName: '' }, ['secretName: secret name is empty']],
    [{ secretName: 'DB_1' }, ['secretName: "DB_1" is no name of a Secret: it has lower-case letters, digits, - and .']],
    [{ secretName: 'a'.repeat(254) }, [/^secretName: "a+" is no name of a Secret/]],
    [{ type: '' }, ['type: secret type is empty']],
    [{ data: [] }, ['data: data is empty']],
    [{ data: [{ objectName: '', key: '' }] }, [/objectName: object name .* empty/, /key: key .* empty/]],
    [{ data: data('k', 'k') }, ['data[1].key: the key "k" is given twice']],
    [
      { data: data('THE KEY', '..', '../x', 'k'.repeat(254)) },
      Array.from({ length: 4 }, (_, index) => new RegExp(`^data\\[${index}\\].key: ".*" is no key of a Secret`)),
    ],
    [
      { type: 'kubernetes.io/basic-auth', data: data('user') },
      ['data: a Secret of type kubernetes.io/basic-auth needs the key username or password'],
    ],
    [
      { type: 'kubernetes.io/ssh-auth' },
      ['data: a Secret of type kubernetes.io/ssh-auth needs the key ssh-privatekey'],
    ],
    [
      { type: 'kubernetes.io/tls', data: data('tls.crt', 'keystore.p12') },
      [
        'data: a Secret of type kubernetes.io/tls needs the key tls.key',
        "data[1].key: key 'keystore.p12' is not supported. Only 'tls.crt', 'tls.key' and 'ca.crt' are supported",
      ],
    ],
    [
      { type: 'kubernetes.io/service-account-token' },
      [
        'annotations: a Secret of type kubernetes.io/service-account-token needs the annotation kubernetes.io/service-account.name',
      ],
    ],
  ] as const)('may not be %j', (change, expected) => {
    const found = issues(change);
    expect(found).toHaveLength(expected.length);
    for (const [index, text] of expected.entries()) {
      expect(found[index]?.replace('spec.secretObjects[3].', '')).toMatch(
        text instanceof RegExp ? text : new RegExp(`^${text.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&')}$`),
      );
    }
  });

  it('has no facts by the names of what every object has', () => {
    for (const type of ['constructor', '__proto__', 'toString']) expect(factsOfType(type)).toEqual({});
  });
});

describe('a class', () => {
  const parse = (...secretObjects: readonly object[]) =>
    parseSecretProviderClass({
      metadata: { name: 'c', namespace: 'n' },
      spec: { provider: 'azure', parameters: { a: 'b' }, secretObjects },
    });
  const secret = (secretName: string, type = 'Opaque') => ({ secretName, type, data: data('k') });

  it('keeps the Secrets that can be made, with their places, and tells what is wrong with the others', () => {
    const { value, secretIssues } = parse(secret('one'), secret('two', ''), secret('three'));
    expect(value.secretObjects.map(({ at, secretName }) => `${at} ${secretName}`)).toEqual([
      'spec.secretObjects[0] one',
      'spec.secretObjects[2] three',
    ]);
    expect(secretIssues).toEqual([{ path: 'spec.secretObjects[1].type', message: 'secret type is empty' }]);
  });

  it('makes a Secret once', () => {
    const { value, secretIssues } = parse(secret('one'), secret('one'));
    expect(value.secretObjects).toHaveLength(1);
    expect(secretIssues).toEqual([
      { path: 'spec.secretObjects[1].secretName', message: '"one" is made from spec.secretObjects[0] already' },
    ]);
  });

  it('is read without the spaces around names, as upstream reads it', () => {
    const { value } = parse({ secretName: ' db ', type: ' Opaque\n', data: [{ objectName: ' f', key: 'k ' }] });
    expect(value.secretObjects[0]).toMatchObject({
      secretName: 'db',
      type: 'Opaque',
      data: [{ objectName: 'f', key: 'k' }],
    });
  });
});
