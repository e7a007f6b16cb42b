import { createPrivateKey, type KeyObject } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { Secret } from '#base';
import { issueCertificate, type TestAlgorithm, type TestCertificate } from '../crypto/testing/certificates.ts';
import { hasOpenssl, openssl } from '../crypto/testing/openssl.ts';
import { tlsData } from './tls.ts';

const root = await issueCertificate({ name: 'root' });
const middle = await issueCertificate({ name: 'middle', issuer: root });
const leafOf = (algorithm: TestAlgorithm) =>
  issueCertificate({ name: 'leaf', issuer: middle, algorithm, isAuthority: false });
const leaf = await leafOf('rsa');
const other = await issueCertificate({ name: 'other', isAuthority: false });
const chain = leaf.certPem + middle.certPem + root.certPem;

type Content = string | Uint8Array;

/** The data of a Secret whose keys are made of these files, by key; or what is wrong with them. */
async function tls(files: Readonly<Record<string, Content>>) {
  const result = await tlsData(
    Object.entries(files).map(([key, content]) => ({
      key,
      objectName: `${key}-file`,
      value: new Secret<Uint8Array>(Buffer.from(content)),
    })),
  );
  if ('issues' in result) return { issues: result.issues, hint: result.hint };
  return {
    data: Object.fromEntries(
      result.data.map(({ key, value }) => [key, Buffer.from(value.expose()).toString()] as const),
    ),
  };
}

const both = (content: Content) => tls({ 'tls.crt': content, 'tls.key': content });
const names = (pem = '') =>
  pem
    .split(/(?<=-----END CERTIFICATE-----\n)/)
    .filter((text) => text !== '')
    .map((text) => [leaf, middle, root, other].find(({ certPem }) => certPem.trim() === text.trim())?.name);
const exported = (keyPem: string, type: 'pkcs1' | 'sec1' | 'pkcs8') =>
  createPrivateKey(keyPem).export({ type, format: 'pem' }).toString();

describe('the data of a kubernetes.io/tls Secret', () => {
  it.each([
    ['the key first, as Key Vault has it', leaf.keyPem + chain],
    ['the key last', chain + leaf.keyPem],
    ['text around the blocks', `Bag Attributes\n  friendlyName: x\n${chain}\nKey:\n${leaf.keyPem}`],
    [
      'the parameters of a curve beside it',
      `-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n${leaf.keyPem}${chain}`,
    ],
  ])('is the whole chain and the key, with %s', async (_what, file) => {
    const { data } = await both(file);
    expect(names(data?.['tls.crt'])).toEqual(['leaf', 'middle', 'root']);
    expect(data?.['tls.key']).toBe(exported(leaf.keyPem, 'pkcs1'));
  });

  it.each([
    ['rsa', 'pkcs8', 'pkcs1', 'RSA PRIVATE KEY'],
    ['rsa', 'pkcs1', 'pkcs1', 'RSA PRIVATE KEY'],
    ['ec', 'pkcs8', 'sec1', 'EC PRIVATE KEY'],
    ['ec', 'sec1', 'sec1', 'EC PRIVATE KEY'],
    ['ed25519', 'pkcs8', 'pkcs8', 'PRIVATE KEY'],
  ] as const)('has the %s key that came as %s as %s', async (algorithm, from, to, label) => {
    const own = await leafOf(algorithm);
    const { data } = await both(own.certPem + exported(own.keyPem, from));
    expect(data?.['tls.key']).toBe(exported(own.keyPem, to));
    expect(data?.['tls.key']).toMatch(new RegExp(`^-----BEGIN ${label}-----\n`));
  });

  it('takes a key under a wrong label', async () => {
    const own = await leafOf('ec');
    const mislabelled = exported(own.keyPem, 'sec1').replaceAll('EC PRIVATE KEY', 'RSA PRIVATE KEY');
    const { data } = await both(own.certPem + mislabelled);
    expect(data?.['tls.key']).toBe(exported(own.keyPem, 'sec1'));
  });

  it('takes the key that belongs to the certificate, wherever it stands among others', async () => {
    for (const keys of [other.keyPem + leaf.keyPem, leaf.keyPem + other.keyPem]) {
      const { data } = await both(chain + keys);
      expect(data?.['tls.key']).toBe(exported(leaf.keyPem, 'pkcs1'));
    }
  });

  it('has the certificate of the key first', async () => {
    const { data } = await both(leaf.keyPem + root.certPem + middle.certPem + leaf.certPem);
    expect(names(data?.['tls.crt'])).toEqual(['leaf', 'root', 'middle']);
  });

  it('takes certificate and key from files of their own', async () => {
    const { data } = await tls({ 'tls.crt': chain, 'tls.key': leaf.keyPem });
    expect(names(data?.['tls.crt'])).toEqual(['leaf', 'middle', 'root']);
  });

  it.each([
    ['the authorities among the certificates of a chain', chain, ['middle', 'root']],
    ['a bundle of its own', root.certPem, ['root']],
    ['a certificate that no authority issued', other.certPem, ['other']],
  ])('has as ca.crt %s', async (_what, ca, expected) => {
    const { data } = await tls({ 'tls.crt': chain, 'tls.key': leaf.keyPem, 'ca.crt': ca });
    expect(names(data?.['ca.crt'])).toEqual(expected);
  });

  it.each([
    ['no certificate', leaf.keyPem, 'failed to get cert data from file tls.crt-file, err: it holds no certificate'],
    ['no key', chain, 'failed to get cert data from file tls.key-file, err: it holds no private key'],
    ['neither', 'hunter2', 'err: it holds neither PEM nor PKCS#12'],
    ['nothing', '', 'err: it holds neither PEM nor PKCS#12'],
    [
      'the key of another certificate',
      chain + other.keyPem,
      'err: its private key does not belong to the certificate of tls.crt-file (CN=leaf)',
    ],
    [
      'a damaged certificate',
      `-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n${leaf.keyPem}`,
      'err: it holds a certificate that is damaged',
    ],
    [
      'a damaged key',
      `${chain}-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n`,
      'err: failed to parse key for type pkcs1, pkcs8 or ec',
    ],
    ['an encrypted key', chain + encrypted(leaf), 'err: its private key is encrypted with a password'],
    ['more than a chain can be', chain.repeat(34), 'err: it holds more than 100 certificates and keys'],
    ['DER that is no PKCS#12', leaf.der, 'failed to get cert data from file tls.crt-file, err: '],
  ])('says what is wrong with a file that holds %s', async (_what, file, message) => {
    const { issues } = await both(file);
    expect(issues?.map((issue) => issue.message).join('\n')).toContain(message);
  });

  it('names each file that is wrong', async () => {
    const { issues } = await tls({ 'tls.crt': 'no', 'tls.key': 'no', 'ca.crt': 'no' });
    expect(issues?.map(({ key }) => key)).toEqual(['tls.crt', 'tls.key', 'ca.crt']);
  });

  it('says what to do about a PKCS#12 file that is still base64', async () => {
    const { hint } = await both(Buffer.concat([Buffer.from('3082', 'hex'), Buffer.alloc(100)]).toString('base64'));
    expect(hint).toContain('objectEncoding: base64');
  });

  it('has no part of a key in what it says', async () => {
    const { issues } = await both(chain + other.keyPem);
    expect(JSON.stringify(issues)).not.toContain(other.keyPem.slice(60, 90));
  });
});

function encrypted({ keyPem }: TestCertificate): string {
  const key: KeyObject = createPrivateKey(keyPem);
  return key.export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'x' }).toString();
}

describe.runIf(hasOpenssl)('a PKCS#12 file', () => {
  const archive = (...options: string[]) =>
    openssl(['pkcs12', '-export', '-in', 'all.pem', '-inkey', 'all.pem', '-out', 'out', '-passout', ...options], {
      files: { 'all.pem': leaf.keyPem + chain },
      output: 'out',
    });

  it('without a password gives the chain and the key', async () => {
    const { data } = await both(archive('pass:'));
    expect(names(data?.['tls.crt'])).toEqual(['leaf', 'middle', 'root']);
    expect(data?.['tls.key']).toBe(exported(leaf.keyPem, 'pkcs1'));
  });

  it('with a password is an error', async () => {
    const { issues } = await both(archive('pass:secret'));
    expect(issues?.[0]?.message).toContain('failed to get cert data from file tls.crt-file, err: ');
  });

  it('makes a Secret that openssl takes for a server', async () => {
    const { data } = await both(archive('pass:'));
    const files = { 'tls.crt': data?.['tls.crt'] ?? '', 'tls.key': data?.['tls.key'] ?? '', 'ca.pem': root.certPem };
    const publicOf = (...args: string[]) => openssl(args, { files }).toString();
    expect(publicOf('x509', '-in', 'tls.crt', '-noout', '-pubkey')).toBe(publicOf('pkey', '-in', 'tls.key', '-pubout'));
    expect(publicOf('verify', '-CAfile', 'ca.pem', '-untrusted', 'tls.crt', 'tls.crt')).toContain('OK');
  });
});
