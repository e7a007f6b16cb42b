import { createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import type { FetchedKey } from '#azure';
import { renderKey } from './key-content.ts';

function fetched(keyType: string, key: KeyObject, curve?: string, changes: Partial<FetchedKey> = {}): FetchedKey {
  const jwk = key.export({ format: 'jwk' });
  const bytes = (text: string | undefined) => (text === undefined ? undefined : Buffer.from(text, 'base64url'));
  const fields = { n: bytes(jwk.n), e: bytes(jwk.e), x: bytes(jwk.x), y: bytes(jwk.y) };
  return { version: 'v1', keyType, curve, ...fields, ...changes };
}

const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 }).publicKey;

describe('a key', () => {
  it.each([
    ['RSA', rsa, undefined],
    ['RSA-HSM', rsa, undefined],
    ['EC', generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey, 'P-256'],
    ['EC-HSM', generateKeyPairSync('ec', { namedCurve: 'P-384' }).publicKey, 'P-384'],
    ['EC', generateKeyPairSync('ec', { namedCurve: 'P-521' }).publicKey, 'P-521'],
    ['EC', generateKeyPairSync('ec', { namedCurve: 'secp256k1' }).publicKey, 'P-256K'],
    ['EC-HSM', generateKeyPairSync('ec', { namedCurve: 'secp256k1' }).publicKey, 'SECP256K1'],
  ] as const)('of type %s becomes the PEM of the same public key (%#)', (type, key, curve) => {
    const pem = renderKey(fetched(type, key, curve));
    expect(pem).toMatch(/^-----BEGIN PUBLIC KEY-----\n(?:[A-Za-z0-9+/=]{1,64}\n)+-----END PUBLIC KEY-----\n$/);
    expect(createPublicKey(pem).equals(key)).toBe(true);
  });

  it('whose numbers have lost or gained zeros at their beginning is the same key', () => {
    const key = createPublicKey(generateKeyWithShortX());
    const whole = fetched('EC', key, 'P-256');
    const short = {
      ...whole,
      x: whole.x?.subarray(1),
      y: Buffer.concat([Buffer.alloc(1), whole.y ?? Buffer.alloc(0)]),
    };
    expect(createPublicKey(renderKey(short)).equals(key)).toBe(true);
  });

  it.each(['oct', 'oct-HSM', 'OKP', '', 'constructor'])('of type %j is refused in upstream words', (type) => {
    expect(() => renderKey(fetched(type, rsa))).toThrow(
      expect.objectContaining({
        code: 'failed-precondition',
        message: `failed to get key. key type '${type}' currently not supported`,
        hint: expect.stringContaining('RSA and EC'),
      }),
    );
  });

  it.each(['P-224', '', '__proto__'])('on the curve %j is refused in upstream words', (curve) => {
    const key = generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey;
    expect(() => renderKey(fetched('EC', key, curve))).toThrow(
      expect.objectContaining({ code: 'failed-precondition', message: `curve ${curve} is not supported` }),
    );
  });

  it('without a curve is refused', () => {
    const key = generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey;
    expect(() => renderKey(fetched('EC', key))).toThrow('curve  is not supported');
  });

  it.each([
    ['without a number', 'RSA', { n: undefined }],
    ['with a number that is 0', 'RSA', { n: Buffer.alloc(256) }],
    ['with an empty number', 'RSA', { e: Buffer.alloc(0) }],
    ['with a point that is not on its curve', 'EC', { y: Buffer.alloc(32, 1) }],
  ] as const)('%s is refused', (_how, type, changes) => {
    const key = type === 'RSA' ? rsa : generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey;
    expect(() => renderKey(fetched(type, key, 'P-256', changes))).toThrow(
      expect.objectContaining({
        code: 'failed-precondition',
        message: `failed to get key. the vault's ${type} key is not valid`,
      }),
    );
  });
});

/** A private key whose public x begins with a zero byte: one in 256 does. */
function generateKeyWithShortX(): KeyObject {
  for (;;) {
    const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    if (Buffer.from(publicKey.export({ format: 'jwk' }).x ?? '', 'base64url')[0] === 0) return privateKey;
  }
}
