import { createPrivateKey, randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { BER_TAGS, readBer, renderDer, type BerValue } from './ber.ts';
import { readPkcs12, type Pkcs12Content } from './pkcs12.ts';
import { issueCertificate, type TestAlgorithm, type TestCertificate } from './testing/certificates.ts';
import { hasOpenssl, openssl, parsePem } from './testing/openssl.ts';

const ALGORITHMS = ['rsa', 'ec', 'ed25519'] as const satisfies readonly TestAlgorithm[];
const certificates = Object.fromEntries(
  await Promise.all(
    ALGORITHMS.map(async (algorithm) => [algorithm, await issueCertificate({ name: algorithm, algorithm })]),
  ),
) as Record<TestAlgorithm, TestCertificate>;
const root = await issueCertificate({ name: 'root' });

const LEGACY = ['-provider', 'legacy', '-provider', 'default'];

/** Options of `openssl pkcs12 -export`, as OpenSSL's manual has them. */
const FORMS: readonly (readonly [string, readonly string[]])[] = [
  ['AES-256, PBKDF2 and a SHA-256 MAC, as OpenSSL 3 does it', []],
  ['RC2-40 and 3DES with a SHA-1 MAC, as OpenSSL 1 and Windows did it', ['-legacy']],
  ['RC2-128 and 3DES of two keys', ['-certpbe', 'PBE-SHA1-RC2-128', '-keypbe', 'PBE-SHA1-2DES', ...LEGACY]],
  ['AES-128 and AES-192', ['-certpbe', 'AES-128-CBC', '-keypbe', 'AES-192-CBC', '-macalg', 'sha384']],
  ['3DES by PBES2', ['-certpbe', 'DES-EDE3-CBC', '-keypbe', 'DES-EDE3-CBC', '-macalg', 'sha512']],
  ['nothing encrypted', ['-certpbe', 'NONE', '-keypbe', 'NONE']],
  ['only the key encrypted', ['-certpbe', 'NONE', '-macalg', 'sha224']],
  ['no MAC', ['-nomac', '-certpbe', 'AES-256-CBC']],
  ['no MAC and the old ciphers', ['-nomac', '-legacy', '-certpbe', 'PBE-SHA1-RC2-40']],
  ['an MD5 MAC of one round', ['-macalg', 'md5', '-nomaciter', ...LEGACY]],
  [
    '3DES for both, as Key Vault hands it out',
    ['-certpbe', 'PBE-SHA1-3DES', '-keypbe', 'PBE-SHA1-3DES', '-macalg', 'sha1'],
  ],
  ['many rounds', ['-iter', '20000']],
];

interface Export {
  readonly password?: string;
  readonly options?: readonly string[];
  readonly others?: readonly TestCertificate[];
}

function exportPkcs12(leaf: TestCertificate, { password = '', options = [], others = [] }: Export = {}): Buffer {
  const files = { 'key.pem': leaf.keyPem, 'all.pem': [leaf, ...others].map(({ certPem }) => certPem).join('') };
  const args = ['-inkey', 'key.pem', '-in', 'all.pem', '-out', 'out.p12', '-passout', `pass:${password}`];
  return openssl(['pkcs12', '-export', ...args, ...options], { files, output: 'out.p12' });
}

/** Certificates in DER and keys in PKCS#8, as node:crypto writes both: two of them are equal when they hold the same. */
function inTheSameForm({ keys, certificates: ders }: Pkcs12Content): object {
  const write = (der: Buffer) =>
    createPrivateKey({ key: der, format: 'der', type: 'pkcs8' }).export({ format: 'der', type: 'pkcs8' });
  return { keys: keys.map((key) => write(key.expose())), certificates: ders };
}

function contentOf(leaf: TestCertificate, others: readonly TestCertificate[] = []): object {
  const key = createPrivateKey(leaf.keyPem).export({ format: 'der', type: 'pkcs8' });
  return { keys: [key], certificates: [leaf, ...others].map(({ der }) => der) };
}

describe.runIf(hasOpenssl)('a PKCS#12 file of openssl', () => {
  describe.each(FORMS)('with %s', (_form, options) => {
    it.each(ALGORITHMS)('gives the key and the certificates of %s', async (algorithm) => {
      const leaf = certificates[algorithm];
      const file = exportPkcs12(leaf, { options, others: [root] });
      expect(inTheSameForm(await readPkcs12(file, ''))).toEqual(contentOf(leaf, [root]));
    });

    it('opens with its password and with no other', async () => {
      const file = exportPkcs12(certificates.ec, { options, password: 'pässword' });
      expect(inTheSameForm(await readPkcs12(file, 'pässword'))).toEqual(contentOf(certificates.ec));
      for (const wrong of ['password', '']) {
        await expect(readPkcs12(file, wrong)).rejects.toThrow('pkcs12: decryption password incorrect');
      }
    });
  });

  it('gives the same as openssl itself gives', async () => {
    const leaf = certificates.rsa;
    const file = exportPkcs12(leaf, { others: [root] });
    const args = ['pkcs12', '-in', 'in.p12', '-nodes', '-passin', 'pass:'];
    const theirs = parsePem(openssl(args, { files: { 'in.p12': file } }).toString());
    const ours = await readPkcs12(file, '');
    expect(ours.certificates).toEqual(theirs.certificates.map(({ raw }) => raw));
    const keys = ours.keys.map((der) => createPrivateKey({ key: der.expose(), format: 'der', type: 'pkcs8' }));
    expect(keys.map((key, index) => theirs.keys[index]?.equals(key))).toEqual([true]);
  });

  it('is read in BER too, without lengths and with its octets in pieces, as Firefox and Bouncy Castle write it', async () => {
    const file = exportPkcs12(certificates.rsa, { others: [root] });
    const ber = withoutLengths(readBer(file));
    expect(ber.equals(file)).toBe(false);
    expect(inTheSameForm(await readPkcs12(ber, ''))).toEqual(contentOf(certificates.rsa, [root]));
  });

  it('without a key gives its certificates, and without certificates its key', async () => {
    const files = { 'key.pem': root.keyPem, 'cert.pem': root.certPem };
    const make = (...args: string[]) =>
      openssl(['pkcs12', '-export', ...args, '-out', 'out.p12', '-passout', 'pass:'], { files, output: 'out.p12' });
    const bare = await readPkcs12(make('-nokeys', '-in', 'cert.pem'), '');
    expect([bare.keys.length, bare.certificates.length]).toEqual([0, 1]);
    const key = await readPkcs12(make('-nocerts', '-inkey', 'key.pem'), '');
    expect([key.keys.length, key.certificates.length]).toEqual([1, 0]);
  });

  it('with a damaged MAC is refused as with a wrong password', async () => {
    const file = exportPkcs12(certificates.ec);
    const damaged = Buffer.from(file);
    // The salt of the MAC ends before its number of rounds, which has four bytes.
    damaged[damaged.length - 5] = (damaged.at(-5) ?? 0) ^ 1;
    await expect(readPkcs12(damaged, '')).rejects.toThrow('pkcs12: decryption password incorrect');
  });

  it('with more rounds than a node should spend is refused before they are spent', async () => {
    const file = exportPkcs12(certificates.ec, { options: ['-iter', '100000', '-nomac'] });
    await expect(readPkcs12(file, '')).resolves.toBeDefined();
    const dear = replaceOnce(file, derInteger(100_000), derInteger(2_000_001));
    await expect(readPkcs12(dear, '')).rejects.toThrow('pkcs12: its keys take more than 2000000 rounds to derive');
  });

  it('with a cipher that is broken is refused by its name', async () => {
    const file = exportPkcs12(certificates.ec, { options: ['-keypbe', 'PBE-SHA1-RC4-128', ...LEGACY] });
    await expect(readPkcs12(file, '')).rejects.toThrow('pkcs12: encryption 1.2.840.113549.1.12.1.1 is not supported');
  });
});

describe('what is no PKCS#12 file', () => {
  it.each([
    ['nothing', Buffer.alloc(0), 'it is cut off'],
    ['a text', Buffer.from('hello'), 'not a valid'],
    ['a certificate', root.der, 'a small number is missing'],
    ['an empty sequence', renderDer(BER_TAGS.sequence), 'a small number is missing'],
    ['another version', renderDer(BER_TAGS.sequence, derInteger(4)), 'only version 3 is supported'],
    ['a megabyte', randomBytes(1024 * 1024 + 1), 'more than 1048576 bytes'],
  ])('is refused: %s', async (_what, bytes, message) => {
    await expect(readPkcs12(bytes, '')).rejects.toThrow(message);
  });
});

/** The same value with no length where that is allowed, and with its larger octet strings in two pieces. */
function withoutLengths({ tag, raw, content, children }: BerValue): Buffer {
  const isLargeOctets = (tag === BER_TAGS.octets || tag === 0x80) && content.length > 30;
  if (children.length === 0 && !isLargeOctets) return raw;
  const pieces = [content.subarray(0, 20), content.subarray(20)];
  const parts = isLargeOctets ? pieces.map((piece) => renderDer(BER_TAGS.octets, piece)) : children.map(withoutLengths);
  return Buffer.concat([Buffer.of(tag | 0x20, 0x80), ...parts, Buffer.alloc(2)]);
}

function derInteger(value: number): Buffer {
  const bytes = Buffer.alloc(5);
  bytes.writeUInt32BE(value, 1);
  const start = bytes.findIndex((byte, index) => index === 4 || byte !== 0 || (bytes[index + 1] ?? 0) >= 0x80);
  return renderDer(BER_TAGS.integer, bytes.subarray(start));
}

function replaceOnce(bytes: Buffer, from: Buffer, to: Buffer): Buffer {
  const at = bytes.indexOf(from);
  expect(at).toBeGreaterThan(0);
  expect(from.length).toBe(to.length);
  return Buffer.concat([bytes.subarray(0, at), to, bytes.subarray(at + from.length)]);
}
