import { describe, expect, it } from 'vitest';
import { decryptRc2 } from './rc2.ts';
import { hasOpenssl, openssl } from './testing/openssl.ts';

const IV = Buffer.from('0123456789abcdef', 'hex');
const LEGACY = ['-provider', 'legacy', '-provider', 'default'];

function encrypt(cipher: string, key: Buffer, text: string, ...options: string[]): Buffer {
  const args = ['enc', `-${cipher}`, '-K', key.toString('hex'), '-iv', IV.toString('hex'), '-in', 'in', ...options];
  return openssl([...args, ...LEGACY], { files: { in: text } });
}

describe.runIf(hasOpenssl)('RC2', () => {
  it.each([
    ['rc2-40-cbc', Buffer.from('88bca90e90', 'hex')],
    ['rc2-cbc', Buffer.from('88bca90e90875a7f0f79c384627bafb2', 'hex')],
  ])('decrypts what openssl encrypts with %s', (cipher, key) => {
    for (const text of ['', 'a', '1234567', '12345678', 'several blocks of eight bytes']) {
      expect(decryptRc2(key, IV, encrypt(cipher, key, text))?.toString()).toBe(text);
    }
  });

  it.each([
    ['ends with no padding at all', '12345678'],
    ['has a padding that is too long', '1234567\t'],
    ['has a padding of different bytes', '12345\u0001\u0003\u0003'],
    ['has a padding of nothing', '1234567\0'],
  ])('answers nothing where the text %s', (_what, text) => {
    const key = Buffer.from('88bca90e90', 'hex');
    expect(decryptRc2(key, IV, encrypt('rc2-40-cbc', key, text, '-nopad'))).toBeUndefined();
  });

  it('answers nothing where there are no whole blocks', () => {
    const key = Buffer.alloc(5);
    for (const size of [0, 1, 7, 9]) expect(decryptRc2(key, IV, Buffer.alloc(size))).toBeUndefined();
  });
});
