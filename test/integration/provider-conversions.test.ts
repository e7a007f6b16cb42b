import { createPublicKey, X509Certificate, type JsonWebKey } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { errorText } from '#base';
import { issueCertificate, type TestCertificate } from '../../src/crypto/testing/certificates.ts';
import { hasOpenssl, openssl, parsePem } from '../../src/crypto/testing/openssl.ts';
import { startProviderScene, type ProviderScene } from './support/provider-scene.ts';

// Keys and certificates of the emulated vault as files, through `keyferry provider` on its socket. openssl judges them.

const VAULT = 'kv-conversions';
const SECRETS_ONLY = 'kv-secrets-only';

let scene: ProviderScene;
let leaf: TestCertificate;
let middle: TestCertificate;
let root: TestCertificate;

beforeAll(async () => {
  scene = await startProviderScene(['--write-cert-and-key-in-separate-files']);
  await scene.makeVault(VAULT, { keys: ['get'], secrets: ['get'], certificates: ['get'] });
  await scene.makeVault(SECRETS_ONLY, { keys: [], secrets: ['get'], certificates: [] });
  root = await issueCertificate({ name: 'root' });
  middle = await issueCertificate({ name: 'middle', issuer: root });
  leaf = await issueCertificate({ name: 'leaf', issuer: middle, algorithm: 'rsa', isAuthority: false });
}, 90_000);

afterAll(() => scene?.[Symbol.asyncDispose]());

/** A file of a mount of one entry, or of several, by their names. */
async function files(entry: string, keyvaultName = VAULT): Promise<Record<string, Buffer>> {
  const { files: written } = await scene.mount({ keyvaultName, objects: `array:\n  - ${entry}\n` });
  return Object.fromEntries(written.map(({ path, contents }) => [path, Buffer.from(contents.expose())]));
}

describe('a key of the vault', () => {
  it.each([
    ['rsa', { kty: 'RSA' }],
    ['rsa-hsm', { kty: 'RSA-HSM' }],
    ['p-256', { kty: 'EC', crv: 'P-256' }],
    ['p-384', { kty: 'EC-HSM', crv: 'P-384' }],
    ['p-521', { kty: 'EC', crv: 'P-521' }],
    ['p-256k', { kty: 'EC', crv: 'P-256K' }],
  ])('%s is the PEM of its public side', async (name, request) => {
    const { key } = (await scene.post(VAULT, `keys/${name}/create`, request)) as { key: JsonWebKey };
    const written = (await files(`{objectName: ${name}, objectType: key}`))[name] ?? Buffer.alloc(0);
    const jwk = { ...key, kty: request.kty.replace('-HSM', ''), ...(key.crv === 'P-256K' && { crv: 'secp256k1' }) };
    expect(createPublicKey(written).equals(createPublicKey({ key: jwk, format: 'jwk' }))).toBe(true);
  });

  it('that the identity may not read is refused, and the mend names keys', async () => {
    const error = await files('{objectName: any, objectType: key}', SECRETS_ONLY).catch((thrown: unknown) => thrown);
    expect(errorText(error)).toMatch(/does not have keys get permission.*the get permission for keys/s);
  });
});

describe.runIf(hasOpenssl)('a certificate of the vault', () => {
  /** Imports the chain, its certificates in no order, in the form in which the vault is to give it out. */
  async function importChain(name: string, contentType: string): Promise<void> {
    const certPem = leaf.certPem + root.certPem + middle.certPem;
    const parts = { 'key.pem': leaf.keyPem, 'all.pem': certPem };
    const args = ['pkcs12', '-export', '-inkey', 'key.pem', '-in', 'all.pem', '-out', 'out.p12', '-passout', 'pass:'];
    const pfx = () => openssl(args, { files: parts, output: 'out.p12' }).toString('base64');
    const value = contentType === 'application/x-pkcs12' ? pfx() : leaf.keyPem + certPem;
    await scene.post(VAULT, `certificates/${name}/import`, { value, policy: { secret_props: { contentType } } });
  }

  it.each([
    ['application/x-pkcs12', 'pfx'],
    ['application/x-pem-file', 'pem'],
  ])('of content type %s is a key with its chain, and both apart', async (contentType, name) => {
    await importChain(name, contentType);
    const written = await files(`{objectName: ${name}, objectType: secret, objectAlias: web}`);
    expect(Object.keys(written)).toEqual(['web', 'web.crt', 'web.key']);
    const { keys, certificates } = parsePem(String(written['web']));
    expect(keys.map((key) => certificates[0]?.checkPrivateKey(key))).toEqual([true]);
    expect(certificates).toHaveLength(3);
    const chain = {
      'root.pem': root.certPem,
      'web.crt': written['web.crt'] ?? '',
      'web.key': written['web.key'] ?? '',
    };
    const verify = ['verify', '-CAfile', 'root.pem', '-untrusted', 'web.crt', 'web.crt'];
    expect(openssl(verify, { files: chain }).toString()).toBe('web.crt: OK\n');
    expect(() => openssl(['pkey', '-in', 'web.key', '-noout', '-check'], { files: chain })).not.toThrow();
  });

  it('is in the order leaf, intermediate, root when it comes as PKCS#12', async () => {
    const { pfx } = await files('{objectName: pfx, objectType: secret}');
    expect(parsePem(String(pfx)).certificates.map(({ subject }) => subject)).toEqual([
      'CN=leaf',
      'CN=middle',
      'CN=root',
    ]);
  });

  it('is a PKCS#12 file that openssl opens where that is asked for', async () => {
    const { pfx = '' } = await files(
      '{objectName: pfx, objectType: secret, objectFormat: PFX, objectEncoding: base64, writeCertAndKeyInSeparateFiles: false}',
    );
    const args = ['pkcs12', '-in', 'in.p12', '-nodes', '-passin', 'pass:'];
    const { keys, certificates } = parsePem(openssl(args, { files: { 'in.p12': pfx } }).toString());
    expect(keys).toHaveLength(1);
    expect(certificates).toHaveLength(3);
  });

  it('is its leaf alone as a cert, and the key of its leaf as a key', async () => {
    const { pfx: cert } = await files('{objectName: pfx, objectType: cert}');
    expect(String(cert)).toBe(leaf.certPem);
    const { pfx: key = '' } = await files('{objectName: pfx, objectType: key}');
    expect(createPublicKey(key).equals(new X509Certificate(leaf.der).publicKey)).toBe(true);
  });
});
