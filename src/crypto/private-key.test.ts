import { generateKeyPairSync } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { readPrivateKey } from './private-key.ts';

const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;
const ec = generateKeyPairSync('ec', { namedCurve: 'P-384' }).privateKey;
const ed25519 = generateKeyPairSync('ed25519').privateKey;

describe('a private key', () => {
  it.each([
    ['RSA', 'pkcs8', rsa],
    ['RSA', 'pkcs1', rsa],
    ['EC', 'pkcs8', ec],
    ['EC', 'sec1', ec],
    ['Ed25519', 'pkcs8', ed25519],
  ] as const)('of %s in %s is read', (_algorithm, type, key) => {
    expect(readPrivateKey(key.export({ type, format: 'der' })).equals(key)).toBe(true);
  });

  it('of no form that is known is refused in upstream words', () => {
    expect(() => readPrivateKey(Buffer.from('hunter2'))).toThrow('failed to parse key for type pkcs1, pkcs8 or ec');
  });
});
