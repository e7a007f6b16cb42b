import { X509Certificate } from 'node:crypto';
import { describe, expect, it, vi } from 'vitest';
import { issueCertificate, type TestCertificate } from '../../crypto/testing/certificates.ts';
import { hasOpenssl, openssl, parsePem } from '../../crypto/testing/openssl.ts';
import { Secret } from '#base';
import { createFileRenderer, type FileOptions } from './object-files.ts';
import type { FetchedObject } from '../broker/vault-object.ts';
import type { ObjectSpec } from '../parameters/object-spec.ts';
import { objectSpec } from '../testing/index.ts';

const SPEC = objectSpec({ path: 'folder/one' });

const PEM = 'application/x-pem-file';
const PKCS12 = 'application/x-pkcs12';

/** A secret; with a content type it is one behind a certificate. */
function secret(value: string, contentType?: string | null): FetchedObject {
  return {
    type: 'secret',
    value: new Secret(value),
    version: 'v1',
    contentType: contentType ?? undefined,
    keyId: contentType === undefined ? undefined : 'https://kv.vault.azure.net/keys/one/v1',
  };
}

type Changes = Partial<ObjectSpec> & Partial<FileOptions>;

async function files(object: FetchedObject, changes: Changes = {}) {
  const { constructPemChain = true, writeCertAndKeyInSeparateFiles = false, ...fields } = changes;
  const render = createFileRenderer({ constructPemChain, writeCertAndKeyInSeparateFiles });
  return render(object, { ...SPEC, type: object.type, ...fields }, 0o640);
}

const contents = async (object: FetchedObject, changes: Changes = {}) =>
  Buffer.from((await files(object, changes))[0]?.contents.expose() ?? []);

const root = await issueCertificate({ name: 'root' });
const middle = await issueCertificate({ name: 'middle', issuer: root });
const leaf = await issueCertificate({ name: 'leaf', issuer: middle, algorithm: 'rsa', isAuthority: false });
const stranger = await issueCertificate({ name: 'stranger' });

/** What a vault gives for a certificate of content type application/x-pkcs12, its certificates in this order. */
function pfx(first: TestCertificate, others: readonly TestCertificate[], options: string[] = ['-passout', 'pass:']) {
  const certificates = [first, ...others].map(({ certPem }) => certPem).join('');
  const args = ['pkcs12', '-export', '-inkey', 'key.pem', '-in', 'all.pem', '-out', 'out.p12', ...options];
  const input = { files: { 'key.pem': first.keyPem, 'all.pem': certificates }, output: 'out.p12' };
  return openssl(args, input).toString('base64');
}

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
    await expect(contents(secret(value), { encoding })).rejects.toMatchObject({
      code: 'failed-precondition',
      message: `the value is not ${encoding}, as objectEncoding says`,
    });
  });

  it('has the mode of its entry, else of the mount', async () => {
    expect(await files(secret('x'))).toMatchObject([{ path: 'folder/one', mode: 0o640 }]);
    expect(await files(secret('x'), { mode: 0 })).toMatchObject([{ mode: 0 }]);
  });
});

describe('the secret behind a certificate', () => {
  it.each([
    [PEM, 'pem'],
    ['Application/X-PEM-file; charset=utf-8', 'pem'],
    [PEM, 'pfx'],
    [PKCS12, 'pfx'],
    ['APPLICATION/X-PKCS12', 'pfx'],
  ] as const)('of content type %s, asked for as %s, is written as it is', async (contentType, format) => {
    expect((await contents(secret('MIIC\n', contentType), { format })).toString()).toBe('MIIC\n');
  });

  it('is a binary file where PFX is asked for with base64', async () => {
    expect(await contents(secret('MAMCAQM=', PKCS12), { format: 'pfx', encoding: 'base64' })).toEqual(
      Buffer.from([0x30, 0x03, 0x02, 0x01, 0x03]),
    );
  });

  it.each(['text/plain', 'application/x-pkcs7', '-', null])(
    'of content type %j is refused in upstream words',
    async (type) => {
      await expect(contents(secret('hunter2', type))).rejects.toMatchObject({
        code: 'failed-precondition',
        message: `failed to get certificate. unknown content type '${type ?? ''}'`,
        hint: expect.stringContaining('set the content type'),
      });
    },
  );

  it.each([
    ['not base64', 'M!', 'its PKCS#12 is not base64'],
    ['not PKCS#12', 'MAMCAQM=', 'a sequence is missing'],
  ])('that is %s is refused without a word of it', async (_what, value, message) => {
    const error = await contents(secret(value, PKCS12)).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'failed-precondition', message: expect.stringContaining(message) });
    expect(String(error)).not.toContain(value);
  });

  it('has no encoding where it is text already', async () => {
    await expect(contents(secret(leaf.certPem, PEM), { encoding: 'base64' })).rejects.toMatchObject({
      message: 'the value is not base64, as objectEncoding says',
      hint: expect.stringContaining('take objectEncoding away'),
    });
  });

  it('is split into certificates and key where that is asked for', async () => {
    const text = `${root.certPem}Bag Attributes\n${leaf.keyPem}${leaf.certPem}`;
    const written = await files(secret(text, PEM), { writeCertAndKeyInSeparateFiles: true, mode: 0o400 });
    expect(written.map(({ path, mode }) => [path, mode])).toEqual([
      ['folder/one', 0o400],
      ['folder/one.crt', 0o400],
      ['folder/one.key', 0o400],
    ]);
    const [whole, crt, key] = written.map((file) => Buffer.from(file.contents.expose()).toString());
    expect(whole).toBe(text);
    expect(crt).toBe(root.certPem + leaf.certPem);
    expect(key).toBe(leaf.keyPem);
  });

  it.each([
    [true, false, 3],
    [false, true, 1],
    [undefined, true, 3],
    [undefined, false, 1],
  ])('is split as its entry says (%s), else as the process is told (%s)', async (separateFiles, flag, count) => {
    const options = { separateFiles, writeCertAndKeyInSeparateFiles: flag };
    expect(await files(secret(leaf.certPem, PEM), options)).toHaveLength(count);
  });

  it('without a key that can be exported has an empty key file, as upstream has it', async () => {
    const written = await files(secret(leaf.certPem, PEM), { writeCertAndKeyInSeparateFiles: true });
    expect(written.map((file) => file.contents.expose().byteLength)).toEqual([
      leaf.certPem.length,
      leaf.certPem.length,
      0,
    ]);
  });

  it('is split only where it is one: a plain secret is one file', async () => {
    expect(await files(secret(leaf.certPem), { writeCertAndKeyInSeparateFiles: true })).toHaveLength(1);
  });
});

describe.runIf(hasOpenssl)('PKCS#12 behind a certificate', () => {
  it('becomes PEM: the key as PKCS#8, then the chain from the leaf to the root', async () => {
    const pem = (await contents(secret(pfx(leaf, [root, middle]), PKCS12))).toString();
    expect(pem).toBe([leaf.keyPem, leaf.certPem, middle.certPem, root.certPem].join(''));
  });

  it('has the same keys and certificates as openssl finds in it', async () => {
    const value = pfx(leaf, [middle, root]);
    const args = ['pkcs12', '-in', 'in.p12', '-nodes', '-passin', 'pass:'];
    const theirs = parsePem(openssl(args, { files: { 'in.p12': Buffer.from(value, 'base64') } }).toString());
    const ours = parsePem((await contents(secret(value, PKCS12))).toString());
    expect(ours.certificates.map(String)).toEqual(theirs.certificates.map(String));
    expect(ours.keys.map((key, index) => theirs.keys[index]?.equals(key))).toEqual([true]);
  });

  it('keeps the order of its file where the chain is not to be built, or cannot be', async () => {
    const names = async (value: string, changes?: Changes) =>
      parsePem((await contents(secret(value, PKCS12), changes)).toString()).certificates.map(({ subject }) => subject);
    const whole = pfx(leaf, [root, middle]);
    expect(await names(whole, { constructPemChain: false })).toEqual(['CN=leaf', 'CN=root', 'CN=middle']);
    expect(await names(pfx(middle, [stranger, leaf]))).toEqual(['CN=middle', 'CN=stranger', 'CN=leaf']);
  });

  it('is split whatever its format', async () => {
    const value = pfx(leaf, [root, middle]);
    for (const format of ['pem', 'pfx'] as const) {
      const written = await files(secret(value, PKCS12), { format, writeCertAndKeyInSeparateFiles: true });
      const [whole, crt, key] = written.map((file) => Buffer.from(file.contents.expose()).toString());
      const pem = leaf.keyPem + leaf.certPem + middle.certPem + root.certPem;
      expect(whole).toBe(format === 'pfx' ? value : pem);
      expect(crt).toBe(leaf.certPem + middle.certPem + root.certPem);
      expect(key).toBe(leaf.keyPem);
    }
  });

  it('is known without a content type', async () => {
    const pem = (await contents(secret(pfx(leaf, []), null))).toString();
    expect(pem).toBe(leaf.keyPem + leaf.certPem);
    expect((await contents(secret(leaf.certPem, null))).toString()).toBe(leaf.certPem);
  });

  it('has the encoding of its entry as the file that the vault gave, and no hint where that is wrong', async () => {
    const value = pfx(leaf, []);
    expect((await contents(secret(value, PKCS12), { format: 'pfx', encoding: 'utf-8' })).toString()).toBe(value);
    const failure = await contents(secret(value, PKCS12), { format: 'pfx', encoding: 'hex' }).catch(
      (error: unknown) => error,
    );
    expect(failure).toMatchObject({ message: 'the value is not hex, as objectEncoding says', hint: undefined });
  });

  it('has no encoding as PEM', async () => {
    await expect(contents(secret(pfx(leaf, []), PKCS12), { encoding: 'base64' })).rejects.toMatchObject({
      message: 'the value is not base64, as objectEncoding says',
      hint: expect.stringContaining('objectFormat: pfx'),
    });
  });

  it('with a password is refused, and says what to do', async () => {
    await expect(contents(secret(pfx(leaf, [], ['-passout', 'pass:x']), PKCS12))).rejects.toMatchObject({
      message: 'pkcs12: decryption password incorrect',
      hint: expect.stringContaining('without a password'),
    });
  });

  it('without a certificate has no leaf, and is its key where no chain is built', async () => {
    const value = pfx(leaf, [], ['-nocerts', '-passout', 'pass:']);
    await expect(contents(secret(value, PKCS12))).rejects.toMatchObject({
      code: 'failed-precondition',
      message: 'no leaf found: the PKCS#12 holds no certificate',
    });
    expect((await contents(secret(value, PKCS12), { constructPemChain: false })).toString()).toBe(leaf.keyPem);
  });

  it('is converted once for all files of one object', async () => {
    const value = new Secret(pfx(leaf, [middle]));
    const looks = vi.spyOn(value, 'expose');
    const object: FetchedObject = { ...(secret('', PKCS12) as FetchedObject & { type: 'secret' }), value };
    const render = createFileRenderer({ constructPemChain: true, writeCertAndKeyInSeparateFiles: false });
    await Promise.all([render(object, SPEC, 0o644), render(object, { ...SPEC, path: 'two' }, 0o644)]);
    expect(looks).toHaveBeenCalledTimes(1);
  });
});

describe('a certificate', () => {
  it('is the PEM of its leaf', async () => {
    const pem = await contents({ type: 'cert', version: 'v1', der: leaf.der });
    expect(pem.toString()).toBe(new X509Certificate(leaf.der).toString());
  });
});
