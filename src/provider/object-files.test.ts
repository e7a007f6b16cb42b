import { describe, expect, it } from 'vitest';
import { Secret } from '#base';
import { renderFiles, type FetchedObject } from './object-files.ts';
import type { ObjectSpec } from './object-spec.ts';

const SPEC: ObjectSpec = {
  at: 'spec.parameters.objects[0]',
  line: 2,
  type: 'secret',
  name: 'one',
  path: 'folder/one',
  version: undefined,
  versionHistory: 0,
  format: 'pem',
  encoding: 'utf-8',
  mode: undefined,
};

function secret(value: string, certificate?: { contentType: string }): FetchedObject {
  return {
    type: 'secret',
    value: new Secret(value),
    version: 'v1',
    contentType: certificate?.contentType,
    keyId: certificate === undefined ? undefined : 'https://kv.vault.azure.net/keys/one/v1',
  };
}

const contents = (object: FetchedObject, changes: Partial<ObjectSpec> = {}) =>
  Buffer.from(renderFiles(object, { ...SPEC, ...changes }, 0o644)[0]?.contents.expose() ?? []);

describe('a secret', () => {
  it.each([
    ['utf-8', 'grüße\n', Buffer.from([0x67, 0x72, 0xc3, 0xbc, 0xc3, 0x9f, 0x65, 0x0a])],
    ['utf-8', '', Buffer.alloc(0)],
    ['hex', '00ffA0', Buffer.from([0x00, 0xff, 0xa0])],
    ['base64', 'AP+g', Buffer.from([0x00, 0xff, 0xa0])],
    ['base64', 'AP8=\r\n', Buffer.from([0x00, 0xff])],
  ] as const)('in %s is decoded: %j', (encoding, value, bytes) => {
    expect(contents(secret(value), { encoding })).toEqual(bytes);
  });

  it.each([
    ['hex', 'abc'],
    ['hex', 'zz'],
    ['base64', 'AP8'],
    ['base64', 'AP-_'],
  ] as const)('that is not %s is refused without a word of it: %j', (encoding, value) => {
    expect(() => contents(secret(value), { encoding })).toThrow(`the value is not ${encoding}, as objectEncoding says`);
  });

  it('has the mode of its entry, else of the mount', () => {
    expect(renderFiles(secret('x'), SPEC, 0o640)[0]).toMatchObject({ path: 'folder/one', mode: 0o640 });
    expect(renderFiles(secret('x'), { ...SPEC, mode: 0 }, 0o640)[0]?.mode).toBe(0);
  });
});

describe('the private side of a certificate', () => {
  it('is written as it is when it is PEM, or when PFX is asked for', () => {
    expect(contents(secret('PEM', { contentType: 'application/x-pem-file' })).toString()).toBe('PEM');
    expect(contents(secret('MII=', { contentType: 'application/x-pkcs12' }), { format: 'pfx' }).toString()).toBe(
      'MII=',
    );
  });

  it('of another kind is refused in upstream words', () => {
    expect(() => contents(secret('x', { contentType: 'text/plain' }))).toThrow(
      'failed to get certificate. unknown content type',
    );
  });
});
