import { createPrivateKey, type KeyObject } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readPkcs12, renderPem } from '#crypto';
import { issueCertificate, type TestCertificate } from '../../../src/crypto/testing/certificates.ts';
import { openssl, parsePem } from '../../../src/crypto/testing/openssl.ts';
import { outputOf } from '../install/programs.ts';
import { describeWithClients, useClient } from '../support/clients.ts';

// PKCS#12 files as programs that nobody here wrote make them. What is in them is what openssl finds in them.

const ALGORITHMS = ['rsa', 'ec', 'ed25519'] as const;
type Algorithm = (typeof ALGORITHMS)[number];

const PASSWORD = 'secret';
let folder: string;
const certificates = {} as Record<Algorithm, TestCertificate>;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'keyferry-pkcs12-'));
  for (const algorithm of ALGORITHMS) certificates[algorithm] = await issueCertificate({ name: algorithm, algorithm });
});

afterAll(() => rmSync(folder, { recursive: true }));

function writeInput(algorithm: Algorithm): void {
  writeFileSync(join(folder, 'key.pem'), certificates[algorithm].keyPem);
  writeFileSync(join(folder, 'cert.pem'), certificates[algorithm].certPem);
}

/** What we find in a file of the folder, against what openssl finds and what was put in. */
async function compare(name: string, password: string, algorithm: Algorithm) {
  const file = readFileSync(join(folder, name));
  const { keys, certificates: ders } = await readPkcs12(file, password);
  const ours = parsePem(
    [
      ...keys.map((der) => renderPem({ label: 'PRIVATE KEY', der: der.expose() })),
      ...ders.map((der) => renderPem({ label: 'CERTIFICATE', der })),
    ].join(''),
  );
  // OpenSSL before 3.4 does not know the MAC of RFC 9579, and what it decrypts speaks for itself.
  const args = ['pkcs12', '-in', 'in.p12', '-nodes', '-legacy', '-nomacver', '-passin', `pass:${password}`];
  const theirs = parsePem(openssl(args, { files: { 'in.p12': file } }).toString());
  const { keyPem, certPem } = certificates[algorithm];
  const isEach = (key: KeyObject) => ours.keys.length === 1 && ours.keys.every((own) => own.equals(key));
  return {
    keyIsWhatWasPutIn: isEach(createPrivateKey(keyPem)),
    keyIsOpenssls: theirs.keys.length === 1 && theirs.keys.every(isEach),
    certificateIsWhatWasPutIn: String(ours.certificates[0]) === certPem,
    certificatesAreOpenssls: ours.certificates.join('') === theirs.certificates.join(''),
  };
}

const SAME = {
  keyIsWhatWasPutIn: true,
  keyIsOpenssls: true,
  certificateIsWhatWasPutIn: true,
  certificatesAreOpenssls: true,
};

describeWithClients('PKCS#12 of Go', ['pkcs12-go'], () => {
  it.each(ALGORITHMS)('is read, with a key of %s', async (algorithm) => {
    writeInput(algorithm);
    await outputOf(useClient('pkcs12-go').programs['pkcs12-go'] ?? '', [folder]);
    for (const way of ['Modern2026', 'Modern2023', 'LegacyDES', 'LegacyRC2', 'Passwordless']) {
      expect(await compare(`${way}.p12`, '', algorithm)).toEqual(SAME);
    }
  });
});

describeWithClients('PKCS#12 of Python', ['pkcs12-python'], () => {
  it.each(ALGORITHMS)('is read, with a key of %s', async (algorithm) => {
    writeInput(algorithm);
    const { python = '' } = useClient('pkcs12-python').programs;
    await outputOf(python, [join(import.meta.dirname, 'python', 'write.py'), folder]);
    expect(await compare('NoEncryption.p12', '', algorithm)).toEqual(SAME);
    for (const way of ['BestAvailableEncryption', 'PBESv1SHA1And3KeyTripleDESCBC', 'PBESv2SHA256AndAES256CBC']) {
      expect(await compare(`${way}.p12`, PASSWORD, algorithm)).toEqual(SAME);
    }
  });
});

const java = await outputOf('keytool', ['-J-version']).then(
  () => undefined,
  () => ' [skipped: no Java on the PATH]',
);

describe.skipIf(java !== undefined)(`PKCS#12 of Java${java ?? ''}`, () => {
  beforeAll(() => {
    for (const algorithm of ALGORITHMS) {
      const { keyPem, certPem } = certificates[algorithm];
      const args = ['pkcs12', '-export', '-inkey', 'key.pem', '-in', 'cert.pem', '-name', 'a', '-out', 'out.p12'];
      const input = { files: { 'key.pem': keyPem, 'cert.pem': certPem }, output: 'out.p12' };
      writeFileSync(join(folder, `${algorithm}.p12`), openssl([...args, '-passout', `pass:${PASSWORD}`], input));
    }
  });

  describe.each([
    ['of today', '-Dkeystore.pkcs12.none=1'],
    ['of before 2020', '-Dkeystore.pkcs12.legacy=true'],
  ])('%s', (_what, option) => {
    it.each(ALGORITHMS)('is read, with a key of %s and an empty password', async (algorithm) => {
      const output = join(folder, 'java.p12');
      const source = join(import.meta.dirname, 'java', 'Write.java');
      await outputOf('java', [option, source, join(folder, `${algorithm}.p12`), output]);
      expect(await compare('java.p12', '', algorithm)).toEqual(SAME);
    });

    it.each(ALGORITHMS)('is read, with a key of %s, as keytool writes it', async (algorithm) => {
      const output = join(folder, 'keytool.p12');
      rmSync(output, { force: true });
      const from = ['-srckeystore', join(folder, `${algorithm}.p12`), '-srcstorepass', PASSWORD];
      const to = ['-destkeystore', output, '-deststorepass', PASSWORD, '-deststoretype', 'PKCS12'];
      await outputOf('keytool', [`-J${option}`, '-importkeystore', ...from, '-srcstoretype', 'PKCS12', ...to]);
      expect(await compare('keytool.p12', PASSWORD, algorithm)).toEqual(SAME);
    });
  });
});
