import { createPrivateKey } from 'node:crypto';
import { beforeAll, describe, expect, it } from 'vitest';
import { KeyferryError, Secret } from '#base';
import { issueCertificate, type TestCertificate } from '../crypto/testing/certificates.ts';
import { hasOpenssl, openssl } from '../crypto/testing/openssl.ts';
import { readClientCertificate } from './client-certificate.ts';

const NOW_MS = Date.UTC(2030, 0, 1);
const PASSWORD = 'pä ss';

let authority: TestCertificate;
let leaf: TestCertificate;
let other: TestCertificate;
let elliptic: TestCertificate;

beforeAll(async () => {
  authority = await issueCertificate({ name: 'authority' });
  leaf = await issueCertificate({ name: 'leaf', issuer: authority, algorithm: 'rsa', isAuthority: false });
  other = await issueCertificate({ name: 'other', algorithm: 'rsa' });
  elliptic = await issueCertificate({ name: 'elliptic' });
});

const read = (certificate: string, password?: string, nowMs = NOW_MS) =>
  readClientCertificate(
    { certificate: new Secret(certificate), password: password === undefined ? undefined : new Secret(password) },
    nowMs,
  );

async function failure(work: Promise<unknown>): Promise<KeyferryError> {
  const error: unknown = await work.catch((thrown: unknown) => thrown);
  if (!(error instanceof KeyferryError)) throw new Error('it was read');
  expect(error.code).toBe('unauthenticated');
  expect(`${error.message} ${error.hint}`).not.toContain(PASSWORD);
  return error;
}

/** The bodies of the certificates, one line each. */
const bodies = (pem: string) =>
  [...pem.matchAll(/-----BEGIN CERTIFICATE-----([^-]+)-----END/g)].map(([, body = '']) => body.replaceAll(/\s/g, ''));
const base64 = ({ der }: TestCertificate) => der.toString('base64');

const encrypted = () =>
  createPrivateKey(leaf.keyPem)
    .export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: PASSWORD })
    .toString();
const pemOf = (label: string, der: Uint8Array) =>
  `-----BEGIN ${label}-----\n${Buffer.from(der).toString('base64')}\n-----END ${label}-----\n`;

const der = (tag: number, ...parts: readonly Uint8Array[]): Buffer => {
  const content = Buffer.concat(parts);
  return Buffer.concat([Buffer.of(tag, 0x83, content.length >> 16, content.length >> 8, content.length), content]);
};
const sequence = (...parts: readonly Uint8Array[]) => der(0x30, ...parts);
const octets = (length: number) => der(0x04, Buffer.alloc(length, 7));
const oid = (hex: string) => der(0x06, Buffer.from(hex, 'hex'));
const [PBES2, PBKDF2, SCRYPT, AES_256_CBC] = [
  oid('2a864886f70d01050d'),
  oid('2a864886f70d01050c'),
  oid('2b06010401da47040b'),
  oid('60864801650304012a'),
];

/** An encrypted key (RFC 5958) whose key takes long to derive: two thousand million rounds, or scrypt's cost and parallelism. */
function costly(derivation: Uint8Array, ...numbers: readonly Uint8Array[]): string {
  const derived = sequence(derivation, sequence(octets(8), ...numbers.map((each) => der(0x02, each))));
  const algorithm = sequence(PBES2, sequence(derived, sequence(AES_256_CBC, octets(16))));
  return pemOf('ENCRYPTED PRIVATE KEY', sequence(algorithm, octets(64)));
}

/** An RSA key (RFC 8017, appendix A.1.2) whose numbers have `bytes` bytes each. */
function hugeKey(bytes: number): string {
  const number = der(0x02, Buffer.alloc(bytes, 0x7f));
  const small = der(0x02, Buffer.of(3));
  return pemOf('RSA PRIVATE KEY', sequence(der(0x02, Buffer.of(0)), number, small, number, ...Array(5).fill(number)));
}

const crlf = (text: string) => text.replaceAll('\n', '\r\n');

describe('a client certificate', () => {
  it.each<[string, () => string, string?]>([
    ['the key first', () => leaf.keyPem + leaf.certPem],
    ['the certificate first', () => leaf.certPem + leaf.keyPem],
    ['its chain in the wrong order', () => authority.certPem + leaf.certPem + leaf.keyPem],
    ['line ends of Windows', () => crlf(leaf.certPem + leaf.keyPem)],
    ['words between', () => `Bag Attributes\n${leaf.certPem}\nKey Attributes: <No Attributes>\n${leaf.keyPem}`],
    ['an encrypted key', () => leaf.certPem + encrypted(), PASSWORD],
  ])('is read from PEM with %s: its own certificate leads, the key ends', async (_what, text, password) => {
    const pem = await read(text(), password);
    expect(bodies(pem)[0]).toBe(base64(leaf));
    const key = pem.slice(pem.indexOf('-----BEGIN PRIVATE KEY-----'));
    const fields = (text_: string) => createPrivateKey(text_).export({ format: 'jwk' });
    expect(fields(key)).toEqual(fields(leaf.keyPem));
  });

  it.runIf(hasOpenssl).each<[string, readonly string[], string?]>([
    ['with a password', ['-passout', `pass:${PASSWORD}`], PASSWORD],
    ['with the empty password', ['-passout', 'pass:']],
  ])('is read from PKCS#12 %s', async (_what, options, password) => {
    const pfx = openssl(
      [
        'pkcs12',
        '-export',
        '-inkey',
        'leaf.key',
        '-in',
        'leaf.crt',
        '-certfile',
        'ca.crt',
        ...options,
        '-out',
        'out.pfx',
      ],
      { files: { 'leaf.key': leaf.keyPem, 'leaf.crt': leaf.certPem, 'ca.crt': authority.certPem }, output: 'out.pfx' },
    );
    const pem = await read(pfx.toString('base64'), password);
    expect(bodies(pem)).toEqual([base64(leaf), base64(authority)]);
  });

  it.each<[string, () => string, RegExp, string?]>([
    ['has no key', () => leaf.certPem, /holds no private key/],
    ['has no certificate', () => leaf.keyPem, /holds no certificate/],
    ['has the key of another', () => leaf.certPem + other.keyPem, /belongs to none of its certificates/],
    ['has a key that is not RSA', () => elliptic.certPem + elliptic.keyPem, /key of type ec/],
    ['has an encrypted key and no password', () => leaf.certPem + encrypted(), /encrypted private key/],
    [
      'has an encrypted key and another password',
      () => leaf.certPem + encrypted(),
      /cannot be read \(the private key\)/,
      'no',
    ],
    [
      'has a key that takes minutes to decrypt',
      () => leaf.certPem + costly(PBKDF2, Buffer.of(0x7f, 0xff, 0xff, 0xff)),
      /\(the private key\): pkcs8: its keys take more than 2000000 rounds to derive/,
      PASSWORD,
    ],
    [
      'has a key that takes minutes to decrypt by scrypt',
      () => leaf.certPem + costly(SCRYPT, Buffer.of(2, 0, 0), Buffer.of(1), Buffer.of(1, 0, 0)),
      /pkcs8: key derivation 1\.3\.6\.1\.4\.1\.11591\.4\.11 is not supported/,
      PASSWORD,
    ],
    ['has a key that takes minutes to sign with', () => leaf.certPem + hugeKey(40_000), /more than 16,384 bits/],
    ['is cut', () => leaf.keyPem + leaf.certPem.replace(/.{40}\n/, '\n'), /cannot be read \(a certificate\)/],
    ['is neither PEM nor PKCS#12', () => 'hello', /cannot be read \(PKCS#12\)/],
  ])('that %s says so', async (_what, text, why, password) => {
    const error = await failure(read(text(), password));
    expect(error.message).toMatch(/^clientcertificate of the Secret of nodePublishSecretRef /);
    expect(error.message).toMatch(why);
    expect(error.hint).toBeDefined();
  });

  it('that has expired is not sent to Azure', async () => {
    const error = await failure(read(leaf.certPem + leaf.keyPem, undefined, Date.UTC(2040, 0, 1)));
    expect(error.message).toMatch(/expired at 20\d\d-/);
  });
});
