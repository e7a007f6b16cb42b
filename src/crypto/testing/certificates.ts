import 'reflect-metadata';
import { webcrypto } from 'node:crypto';
import * as x509 from '@peculiar/x509';

const ALGORITHMS = {
  ec: { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' },
  rsa: {
    name: 'RSASSA-PKCS1-v1_5',
    hash: 'SHA-256',
    publicExponent: new Uint8Array([1, 0, 1]),
    modulusLength: 2048,
  },
  ed25519: { name: 'Ed25519' },
} as const;

/** The algorithms of {@link issueCertificate}. */
export type TestAlgorithm = keyof typeof ALGORITHMS;

/** A certificate that a test made, with its private key. */
export interface TestCertificate {
  readonly name: string;
  readonly keys: webcrypto.CryptoKeyPair;
  readonly certificate: x509.X509Certificate;
  readonly der: Buffer;
  readonly certPem: string;
  readonly keyPem: string;
}

/** What a certificate is like. */
export interface CertificateRequest {
  readonly name: string;
  /** Undefined: it signs itself. */
  readonly issuer?: TestCertificate;
  /** Of another certificate with the same subject and key; undefined: a new one. */
  readonly keys?: webcrypto.CryptoKeyPair;
  readonly algorithm?: TestAlgorithm;
  /** Whether it has the identifiers of its own and its issuer's key (SKI, AKI). Default true. */
  readonly keyIdentifiers?: boolean;
  readonly isAuthority?: boolean;
}

let serial = 1;

/** Makes a certificate, valid for the year 2026 to 2035. */
export async function issueCertificate(request: CertificateRequest): Promise<TestCertificate> {
  const { name, issuer, algorithm = 'ec', keyIdentifiers = true, isAuthority = true } = request;
  const crypto = webcrypto as unknown as Parameters<typeof x509.cryptoProvider.set>[0];
  const keys =
    request.keys ??
    ((await webcrypto.subtle.generateKey(ALGORITHMS[algorithm], true, ['sign', 'verify'])) as webcrypto.CryptoKeyPair);
  const signer = issuer?.keys ?? keys;
  serial += 1;
  const extensions: x509.Extension[] = [new x509.BasicConstraintsExtension(isAuthority, undefined, true)];
  if (keyIdentifiers) {
    extensions.push(
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey, false, crypto),
      await x509.AuthorityKeyIdentifierExtension.create(signer.publicKey, false, crypto),
    );
  }
  const certificate = await x509.X509CertificateGenerator.create(
    {
      serialNumber: serial.toString(16).padStart(4, '0'),
      subject: [{ CN: [name] }],
      issuer: issuer?.certificate.subjectName ?? [{ CN: [name] }],
      notBefore: new Date(Date.UTC(2026, 0, 1)),
      notAfter: new Date(Date.UTC(2035, 0, 1)),
      signingAlgorithm: { ...signer.privateKey.algorithm, hash: 'SHA-256' },
      publicKey: keys.publicKey,
      signingKey: signer.privateKey,
      extensions,
    },
    crypto,
  );
  const pkcs8 = await webcrypto.subtle.exportKey('pkcs8', keys.privateKey);
  return {
    name,
    keys,
    certificate,
    der: Buffer.from(certificate.rawData),
    certPem: `${certificate.toString('pem')}\n`,
    keyPem: `${x509.PemConverter.encode(pkcs8, 'PRIVATE KEY')}\n`,
  };
}
