import { describe, expect, it } from 'vitest';
import { Secret } from '#base';
import { renderFiles, type FetchedObject } from './object-files.ts';
import type { ObjectSpec } from './object-spec.ts';
import { objectSpec } from './testing/index.ts';

const SPEC = objectSpec({ path: 'folder/one' });

function secret(value: string, certificate?: { contentType: string }): FetchedObject {
  return {
    type: 'secret',
    value: new Secret(value),
    version: 'v1',
    contentType: certificate?.contentType,
    keyId: certificate === undefined ? undefined : 'https://kv.vault.azure.net/keys/one/v1',
  };
}

const files = (object: FetchedObject, changes: Partial<ObjectSpec> = {}) =>
  renderFiles(object, { ...SPEC, type: object.type, ...changes }, { defaultMode: 0o640 });
const contents = async (object: FetchedObject, changes: Partial<ObjectSpec> = {}) =>
  Buffer.from((await files(object, changes))[0]?.contents.expose() ?? []);

describe('a secret', () => {
  it.each([
    ['utf-8', 'grüße\n', Buffer.from([0x67, 0x72, 0xc3, 0xbc, 0xc3, 0x9f, 0x65, 0x0a])],
    ['utf-8', '', Buffer.alloc(0)],
    ['hex', '00ffA0', Buffer.from([0x00, 0xff, 0xa0])],
    ['base64', 'AP+g', Buffer.from([0x00, 0xff, 0xa0])],
    ['base64', 'AP8=\r\n', Buffer.from([0x00, 0xff])],
  ] as const)('in %s is decoded: %j', async (encoding, value, bytes) => {
    expect(await contents(secret(value), { encoding })).toEqual(bytes);
  });

  it.each([
    ['hex', 'abc'],
    ['hex', 'zz'],
    ['base64', 'AP8'],
    ['base64', 'AP-_'],
  ] as const)('that is not %s is refused without a word of it: %j', async (encoding, value) => {
    await expect(contents(secret(value), { encoding })).rejects.toThrow(
      `the value is not ${encoding}, as objectEncoding says`,
    );
  });

  it('has the mode of its entry, else of the mount', async () => {
    expect(await files(secret('x'))).toMatchObject([{ path: 'folder/one', mode: 0o640 }]);
    expect(await files(secret('x'), { mode: 0 })).toMatchObject([{ mode: 0 }]);
  });
});

describe('the private side of a certificate', () => {
  it('is written as it is when it is PEM, or when PFX is asked for', async () => {
    const pem = await contents(secret('PEM', { contentType: 'application/x-pem-file' }));
    expect(pem.toString()).toBe('PEM');
    const pfx = await contents(secret('MII=', { contentType: 'application/x-pkcs12' }), { format: 'pfx' });
    expect(pfx.toString()).toBe('MII=');
  });

  it('of another kind is refused in upstream words', async () => {
    await expect(contents(secret('x', { contentType: 'text/plain' }))).rejects.toThrow(
      'failed to get certificate. unknown content type',
    );
  });
});
