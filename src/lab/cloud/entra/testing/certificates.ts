import 'reflect-metadata';
import { createHash, KeyObject, webcrypto, type webcrypto as WebCrypto } from 'node:crypto';
import * as x509 from '@peculiar/x509';
import { SignJWT, type JWTPayload } from 'jose';
import type { CertificateCredential } from '../../directory.ts';

/** A certificate of an application: what is registered, and how the application signs. */
export interface TestCertificate {
  readonly registered: CertificateCredential;
  /** Thumbprints as headers have them. */
  readonly x5t: string;
  readonly x5tS256: string;
  sign(claims: JWTPayload, header: { readonly alg: string } & Readonly<Record<string, unknown>>): Promise<string>;
}

const ALGORITHM = {
  name: 'RSASSA-PKCS1-v1_5',
  hash: 'SHA-256',
  publicExponent: new Uint8Array([1, 0, 1]),
  modulusLength: 2048,
};

/** A self-signed RSA certificate with these times. */
export async function createTestCertificate(startsAtMs: number, expiresAtMs: number): Promise<TestCertificate> {
  x509.cryptoProvider.set(webcrypto as unknown as Parameters<typeof x509.cryptoProvider.set>[0]);
  const keys = await webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']);
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: '01',
    name: 'CN=test',
    notBefore: new Date(startsAtMs),
    notAfter: new Date(expiresAtMs),
    signingAlgorithm: ALGORITHM,
    keys: keys as WebCrypto.CryptoKeyPair,
  });
  const der = Buffer.from(certificate.rawData);
  const digest = (algorithm: string) => createHash(algorithm).update(der).digest();
  const key = KeyObject.from(keys.privateKey);
  return {
    registered: {
      keyId: 'certificate-1',
      displayName: 'CN=test',
      certificate: der.toString('base64'),
      sha1: digest('sha1').toString('hex'),
      sha256: digest('sha256').toString('hex'),
      startsAtMs,
      expiresAtMs,
    },
    x5t: digest('sha1').toString('base64url'),
    x5tS256: digest('sha256').toString('base64url'),
    sign: (claims, header) => new SignJWT(claims).setProtectedHeader(header).sign(key),
  };
}
