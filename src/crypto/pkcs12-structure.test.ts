import { generateKeyPairSync } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { BER_TAGS, renderDer } from './ber.ts';
import { readPkcs12 } from './pkcs12.ts';

// Files put together by hand, of what the programs at hand do not write: RFC 7292, sections 4 and 5.

const DATA = '1.2.840.113549.1.7.1';
const ENCRYPTED_DATA = '1.2.840.113549.1.7.6';
const ENVELOPED_DATA = '1.2.840.113549.1.7.3';
const PBES2 = '1.2.840.113549.1.5.13';
const PBKDF2 = '1.2.840.113549.1.5.12';
const AES_256 = '2.16.840.1.101.3.4.1.42';
const DES3_BY_PKCS12 = '1.2.840.113549.1.12.1.3';
const X509 = '1.2.840.113549.1.9.22.1';
const SDSI = '1.2.840.113549.1.9.22.2';

const sequence = (...parts: readonly Uint8Array[]) => renderDer(BER_TAGS.sequence, ...parts);
const octets = (bytes: Uint8Array) => renderDer(BER_TAGS.octets, bytes);
const explicit = (value: Uint8Array) => renderDer(0xa0, value);
const integer = (value: number) => {
  const bytes = Buffer.alloc(5);
  bytes.writeUInt32BE(value, 1);
  return renderDer(BER_TAGS.integer, bytes);
};

function oid(dotted: string): Buffer {
  const [first = 0, second = 0, ...rest] = dotted.split('.').map(Number);
  const bytes = [first * 40 + second, ...rest].flatMap((arc) => {
    const digits = [arc & 0x7f];
    for (let high = arc >>> 7; high > 0; high >>>= 7) digits.unshift((high & 0x7f) | 0x80);
    return digits;
  });
  return renderDer(BER_TAGS.oid, Buffer.from(bytes));
}

const bag = (number: number, value: Uint8Array) => sequence(oid(`1.2.840.113549.1.12.10.1.${number}`), explicit(value));
const certificateBag = (der: Uint8Array, kind = X509) => bag(3, sequence(oid(kind), explicit(octets(der))));
const data = (content: Uint8Array) => sequence(oid(DATA), explicit(octets(content)));
const bags = (...all: readonly Uint8Array[]) => data(sequence(...all));
const pfx = (parts: readonly Uint8Array[], ...mac: readonly Uint8Array[]) =>
  sequence(integer(3), data(sequence(...parts)), ...mac);

const { privateKey } = generateKeyPairSync('ed25519');
const pkcs8 = privateKey.export({ type: 'pkcs8', format: 'der' });
const body = (der: Buffer) => der.subarray(2);

async function read(...parts: readonly Uint8Array[]) {
  const { keys, certificates } = await readPkcs12(pfx(parts), '');
  return { keys: keys.map((key) => key.expose()), certificates: certificates.map(String) };
}

describe('the bags of a PKCS#12 file', () => {
  it('give keys and certificates in their order, over all parts', async () => {
    const one = certificateBag(Buffer.from('one'));
    const two = certificateBag(Buffer.from('two'));
    const three = certificateBag(Buffer.from('three'));
    expect(await read(bags(one, bag(1, pkcs8)), bags(two, three))).toEqual({
      keys: [pkcs8],
      certificates: ['one', 'two', 'three'],
    });
  });

  it('may be in bags', async () => {
    const inner = bag(6, sequence(bag(6, sequence(certificateBag(Buffer.from('inner'))))));
    expect((await read(bags(inner))).certificates).toEqual(['inner']);
  });

  it.each([
    ['a revocation list', bag(4, sequence())],
    ['a secret of its own', bag(5, sequence())],
    ['a certificate that is not X.509', certificateBag(Buffer.from('sdsi'), SDSI)],
    ['an unknown one', bag(77, sequence())],
  ])('are passed over where they hold %s', async (_what, other) => {
    expect(await read(bags(other, certificateBag(Buffer.from('one'))))).toEqual({ keys: [], certificates: ['one'] });
  });

  it.each([
    ['attributes, as Windows adds them', renderDer(0xa0, sequence())],
    ['the public key, as Bouncy Castle adds it', renderDer(0x81, Buffer.alloc(33))],
  ])('hold keys that lose %s', async (_what, more) => {
    const key = sequence(integer(1), body(pkcs8).subarray(3), more);
    expect((await read(bags(bag(1, key)))).keys).toEqual([pkcs8]);
  });

  it('are at most 200', async () => {
    const full = Array.from({ length: 200 }, () => certificateBag(Buffer.from('x')));
    expect((await read(bags(...full))).certificates).toHaveLength(200);
    await expect(read(bags(...full, certificateBag(Buffer.from('x'))))).rejects.toThrow('more than 200');
  });
});

const pbkdf2 = (salt: Uint8Array, rounds: number, ...more: readonly Uint8Array[]) =>
  sequence(oid(PBKDF2), sequence(octets(salt), integer(rounds), ...more));
const pbes2 = (derivation: Uint8Array, cipher = AES_256, iv: Uint8Array = Buffer.alloc(16)) =>
  sequence(oid(PBES2), sequence(derivation, sequence(oid(cipher), octets(iv))));
const encrypted = (algorithm: Uint8Array) =>
  sequence(
    oid(ENCRYPTED_DATA),
    explicit(sequence(integer(0), sequence(oid(DATA), algorithm, renderDer(0x80, Buffer.alloc(16))))),
  );
const mac = (algorithm: Uint8Array, ...rest: readonly Uint8Array[]) =>
  sequence(sequence(algorithm, octets(Buffer.alloc(32))), ...rest);
const pbmac1 = (derivation: Uint8Array, scheme = '1.2.840.113549.2.9') =>
  sequence(oid('1.2.840.113549.1.5.14'), sequence(derivation, sequence(oid(scheme))));
const salt = Buffer.alloc(8);

describe('a PKCS#12 file', () => {
  it.each([
    [
      'is encrypted for somebody’s public key',
      pfx([sequence(oid(ENVELOPED_DATA), explicit(sequence()))]),
      `content ${ENVELOPED_DATA}`,
    ],
    [
      'is signed as a whole',
      sequence(integer(3), sequence(oid('1.2.840.113549.1.7.2'), explicit(sequence()))),
      'content 1.2.840.113549.1.7.2',
    ],
    ['has an unknown encryption', pfx([encrypted(sequence(oid('1.2.3'), sequence()))]), 'encryption 1.2.3'],
    ['has an unknown cipher', pfx([encrypted(pbes2(pbkdf2(salt, 1), '1.2.3'))]), 'cipher 1.2.3'],
    ['has an unknown key derivation', pfx([encrypted(pbes2(sequence(oid('1.2.3'))))]), 'key derivation 1.2.3'],
    [
      'has an unknown hash function',
      pfx([encrypted(pbes2(pbkdf2(salt, 1, sequence(oid('1.2.3')))))]),
      'hash function 1.2.3',
    ],
    ['has an unknown MAC', pfx([], mac(sequence(oid('1.2.3')), octets(salt))), 'MAC 1.2.3'],
    ['has PBMAC1 with an unknown MAC', pfx([], mac(pbmac1(pbkdf2(salt, 1, integer(32)), '1.2.3'))), 'MAC 1.2.3'],
  ])('that %s is refused by its name', async (_what, file, name) => {
    await expect(readPkcs12(file, '')).rejects.toMatchObject({
      message: `pkcs12: ${name} is not supported`,
      hint: 'export it again with AES-256, or with 3DES',
    });
  });

  const long = Buffer.alloc(1025);
  it.each([
    ['no rounds', pfx([encrypted(pbes2(pbkdf2(salt, 0)))]), 'the number of rounds is 0'],
    [
      'no rounds of its own derivation',
      pfx([encrypted(sequence(oid(DES3_BY_PKCS12), sequence(octets(salt), integer(0))))]),
      'the number of rounds is 0',
    ],
    ['too many rounds', pfx([encrypted(pbes2(pbkdf2(salt, 2_000_001)))]), 'more than 2000000 rounds'],
    [
      'too many rounds together, of two blocks and an IV',
      pfx([encrypted(sequence(oid(DES3_BY_PKCS12), sequence(octets(salt), integer(1_000_001))))]),
      'more than 2000000 rounds',
    ],
    [
      'too many rounds of a MAC',
      pfx([], mac(sequence(oid('1.3.14.3.2.26')), octets(salt), integer(2_000_001))),
      'more than 2000000 rounds',
    ],
    ['a long salt', pfx([encrypted(pbes2(pbkdf2(long, 1)))]), 'a salt is too long'],
    ['a long salt of its MAC', pfx([], mac(sequence(oid('1.3.14.3.2.26')), octets(long))), 'a salt is too long'],
    ['a short IV', pfx([encrypted(pbes2(pbkdf2(salt, 1), AES_256, salt))]), 'an IV has the wrong size'],
    [
      'a MAC with a key of no size',
      pfx([], mac(pbmac1(pbkdf2(salt, 1, integer(0))))),
      'the key of its MAC has an odd size',
    ],
    [
      'a MAC with a key of any size',
      pfx([], mac(pbmac1(pbkdf2(salt, 1, integer(513))))),
      'the key of its MAC has an odd size',
    ],
    [
      'a key of an unknown version',
      pfx([bags(bag(1, sequence(integer(2), body(pkcs8).subarray(3))))]),
      'a private key has an unknown form',
    ],
    ['an empty bag', pfx([bags(sequence(oid('1.2.840.113549.1.12.10.1.1')))]), 'a value is missing'],
    [
      'another MAC',
      pfx([], mac(sequence(oid('2.16.840.1.101.3.4.2.1')), octets(salt))),
      'decryption password incorrect',
    ],
    ['another PBMAC1', pfx([], mac(pbmac1(pbkdf2(salt, 1, integer(32))))), 'decryption password incorrect'],
    ['another key', pfx([encrypted(pbes2(pbkdf2(salt, 1)))]), 'decryption password incorrect'],
  ])('with %s is refused', async (_what, file, message) => {
    await expect(readPkcs12(file, '')).rejects.toThrow(`pkcs12: ${message.replace(/^more/, 'its keys take more')}`);
  });
});
