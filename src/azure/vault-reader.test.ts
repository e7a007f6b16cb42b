import { generateKeyPairSync } from 'node:crypto';
import type { SecretClientOptions } from '@azure/keyvault-secrets';
import { beforeEach, describe, expect, it } from 'vitest';
import { Secret } from '#base';
import { createFakeClock } from '../base/testing/index.ts';
import { createCertificateReader } from './certificate-reader.ts';
import { findCloud } from './clouds.ts';
import { createKeyReader } from './key-reader.ts';
import { createVaultConnection } from './vault-connection.ts';

// Microsoft's libraries with the vault in memory: they read bundles as they do in production.

type HttpClient = NonNullable<SecretClientOptions['httpClient']>;

const VAULT = 'https://kv.vault.azure.net';
const VERSION = '0123456789abcdef0123456789abcdef';
const ATTRIBUTES = { enabled: true, created: 1_700_000_000, updated: 1_700_000_000 };

let answer: { status: number; body: unknown };
let asked: string[];

const httpClient: HttpClient = {
  async sendRequest(request) {
    asked.push(`${request.method} ${new URL(request.url).pathname} ${request.headers.get('authorization')}`);
    const headers = new Map([['content-type', 'application/json']]);
    return {
      request,
      status: answer.status,
      bodyAsText: JSON.stringify(answer.body),
      headers: Object.assign(request.headers, { get: (name: string) => headers.get(name.toLowerCase()) }),
    };
  },
};

function connect() {
  const clock = createFakeClock();
  const cloud = findCloud('AzurePublicCloud');
  if (cloud === undefined) throw new Error('no public cloud');
  const connection = createVaultConnection(
    { clock, userAgent: 'test', timeoutMs: 60_000, onRequest: () => undefined, agent: undefined },
    {
      vaultUrl: VAULT,
      cloud,
      tokens: { token: async () => ({ token: new Secret('t'), expiresAtMs: clock.now() + 9e6 }) },
    },
  );
  return { ...connection, clientOptions: { ...connection.clientOptions, httpClient } };
}

const call = () => ({ signal: new AbortController().signal });

beforeEach(() => {
  asked = [];
});

describe('a key', () => {
  const getKey = createKeyReader(connect());
  const bytes = (text: string | undefined) => Buffer.from(text ?? '', 'base64url');

  it.each([
    ['RSA', undefined, generateKeyPairSync('rsa', { modulusLength: 2048 })],
    ['EC-HSM', 'P-521', generateKeyPairSync('ec', { namedCurve: 'P-521' })],
    ['EC', 'P-256K', generateKeyPairSync('ec', { namedCurve: 'secp256k1' })],
  ] as const)('of type %s is its public numbers', async (kty, crv, { publicKey }) => {
    const { n, e, x, y } = publicKey.export({ format: 'jwk' });
    const key = { kid: `${VAULT}/keys/one/${VERSION}`, kty, key_ops: ['verify'], n, e, crv, x, y };
    answer = { status: 200, body: { key, attributes: ATTRIBUTES } };
    const found = await getKey('one', undefined, call());
    expect(found).toMatchObject({ version: VERSION, keyType: kty, curve: crv });
    for (const [name, number] of Object.entries(kty === 'RSA' ? { n, e } : { x, y })) {
      expect(Buffer.from(found[name as 'n'] ?? [])).toEqual(bytes(number));
    }
    expect(asked).toEqual(['GET /keys/one/ Bearer t']);
  });

  it('of a version is asked for by that version', async () => {
    await getKey('one', 'abc', call()).catch(() => undefined);
    expect(asked).toEqual(['GET /keys/one/abc Bearer t']);
  });

  it.each([
    ['Forbidden', 'ForbiddenByPolicy', 403, 'the get permission for keys'],
    ['Forbidden', 'ForbiddenByRbac', 403, 'Key Vault Crypto User'],
    ['Forbidden', 'KeyDisabled', 403, 'enable the version'],
    ['KeyNotFound', undefined, 404, 'no such key'],
  ])('that is refused with %s/%s tells what helps', async (code, inner, status, hint) => {
    const innererror = inner === undefined ? {} : { innererror: { code: inner } };
    answer = { status, body: { error: { code, message: 'no', ...innererror } } };
    await expect(getKey('one', undefined, call())).rejects.toMatchObject({
      upstreamCode: [code, inner].filter(Boolean).join('/'),
      hint: expect.stringContaining(hint),
    });
  });
});

describe('a certificate', () => {
  const getCertificate = createCertificateReader(connect());

  it.each([
    [undefined, 'GET /certificates/one/ Bearer t'],
    ['abc', 'GET /certificates/one/abc Bearer t'],
  ])('of version %s is one request for its DER', async (version, request) => {
    const id = `${VAULT}/certificates/one/${VERSION}`;
    answer = { status: 200, body: { id, cer: 'MAMCAQM=', attributes: ATTRIBUTES, policy: {} } };
    const found = await getCertificate('one', version, call());
    expect(found.version).toBe(VERSION);
    expect(Buffer.from(found.der)).toEqual(Buffer.from([0x30, 0x03, 0x02, 0x01, 0x03]));
    expect(asked).toEqual([request]);
  });

  it('without its DER, as while it is being issued, is not there', async () => {
    const id = `${VAULT}/certificates/one/${VERSION}`;
    answer = { status: 200, body: { id, attributes: ATTRIBUTES, policy: {} } };
    await expect(getCertificate('one', undefined, call())).rejects.toThrow('certificate value is nil');
  });

  it.each([
    ['Forbidden', 'ForbiddenByPolicy', 403, 'the get permission for certificates'],
    ['Forbidden', 'ForbiddenByRbac', 403, 'Key Vault Certificate User'],
    ['CertificateNotFound', undefined, 404, 'no such certificate'],
  ])('that is refused with %s/%s tells what helps', async (code, inner, status, hint) => {
    const innererror = inner === undefined ? {} : { innererror: { code: inner } };
    answer = { status, body: { error: { code, message: 'no', ...innererror } } };
    await expect(getCertificate('one', undefined, call())).rejects.toMatchObject({
      hint: expect.stringContaining(hint),
    });
  });
});
