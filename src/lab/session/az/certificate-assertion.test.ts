import 'reflect-metadata';
import { createPublicKey, verify, webcrypto, X509Certificate } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as x509 from '@peculiar/x509';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { systemClock, systemRandom } from '#base';
import { createAssertion } from './certificate-assertion.ts';

const RSA = {
  name: 'RSASSA-PKCS1-v1_5',
  hash: 'SHA-256',
  publicExponent: new Uint8Array([1, 0, 1]),
  modulusLength: 2048,
};
const ELLIPTIC = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };

async function selfSigned(algorithm: typeof RSA | typeof ELLIPTIC): Promise<{ key: string; certificate: string }> {
  const keys = (await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])) as webcrypto.CryptoKeyPair;
  const made = await x509.X509CertificateGenerator.createSelfSigned(
    { serialNumber: '01', name: 'CN=app', signingAlgorithm: algorithm, keys },
    webcrypto as unknown as Parameters<typeof x509.cryptoProvider.set>[0],
  );
  const der = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', keys.privateKey)).toString('base64');
  const key = `-----BEGIN PRIVATE KEY-----\n${der.replace(/.{1,64}/g, '$&\n')}-----END PRIVATE KEY-----\n`;
  return { key, certificate: `${made.toString('pem')}\n` };
}

let folder: string;
let certificate: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'az-certificate-'));
  const [rsa, elliptic] = [await selfSigned(RSA), await selfSigned(ELLIPTIC)];
  certificate = rsa.certificate;
  await writeFile(join(folder, 'app.pem'), rsa.key + rsa.certificate);
  await writeFile(join(folder, 'elliptic.pem'), elliptic.key + elliptic.certificate);
  await writeFile(join(folder, 'only-certificate.pem'), certificate);
});
afterAll(() => rm(folder, { recursive: true }));

const make = (file: string) =>
  createAssertion({
    file: join(folder, file),
    clientId: 'app-id',
    tokenEndpoint: 'https://login.microsoftonline.com/t/oauth2/v2.0/token',
    clock: systemClock,
    random: systemRandom,
  });

it('asserts the application to the token endpoint, signed by the key, naming the certificate', async () => {
  const [header = '', claims = '', signature = ''] = (await make('app.pem')).expose().split('.');
  const parse = (part: string) => JSON.parse(Buffer.from(part, 'base64url').toString()) as Record<string, unknown>;
  const thumbprint = new X509Certificate(certificate).fingerprint.replaceAll(':', '');
  expect(parse(header)).toMatchObject({ alg: 'RS256', x5t: Buffer.from(thumbprint, 'hex').toString('base64url') });
  expect(parse(claims)).toMatchObject({
    iss: 'app-id',
    sub: 'app-id',
    aud: 'https://login.microsoftonline.com/t/oauth2/v2.0/token',
  });
  const signed = Buffer.from(`${header}.${claims}`);
  expect(verify('sha256', signed, createPublicKey(certificate), Buffer.from(signature, 'base64url'))).toBe(true);
});

it.each([
  ['missing.pem', /No such file or directory/],
  ['elliptic.pem', /the key is ec, and must be RSA/],
  ['only-certificate.pem', /Invalid certificate, please use a valid PEM file/],
])('refuses %s', async (file, message) => {
  await expect(make(file)).rejects.toThrow(message);
});
