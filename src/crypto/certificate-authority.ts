import 'reflect-metadata';
import { webcrypto } from 'node:crypto';
import * as x509 from '@peculiar/x509';
import type { Clock, Random } from '#base';

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;
const DAY_MS = 86_400_000;
/** Clients' clocks may be a little behind. */
const BACKDATE_MS = 5 * 60_000;
const CLIENT_AUTH = '1.3.6.1.5.5.7.3.2';
const SERVER_AUTH = '1.3.6.1.5.5.7.3.1';

x509.cryptoProvider.set(webcrypto as unknown as Parameters<typeof x509.cryptoProvider.set>[0]);

/** A private key and its certificate, both PEM (the key as PKCS#8). */
export interface KeyPairPem {
  readonly keyPem: string;
  readonly certPem: string;
}

/** Who a server certificate is for. */
export interface ServerCertificateRequest {
  /** DNS names; the first one is the common name. `*.example.com` stands for one label. */
  readonly dnsNames: readonly string[];
  readonly ipAddresses?: readonly string[];
}

/** Who a client certificate is for: Kubernetes reads the user from the common name and the groups from the organizations. */
export interface ClientCertificateRequest {
  readonly commonName: string;
  readonly organizations?: readonly string[];
}

/** A certificate authority of our own, with ECDSA P-256 keys. */
export interface CertificateAuthority {
  /** The authority's own key and certificate: what must be kept to open it again. */
  readonly pair: KeyPairPem;
  issueServer(request: ServerCertificateRequest): Promise<KeyPairPem>;
  issueClient(request: ClientCertificateRequest): Promise<KeyPairPem>;
}

/** What a new or opened authority needs. */
export interface CertificateAuthorityOptions {
  readonly clock: Clock;
  readonly random: Random;
}

/** Makes a new authority named `commonName`, valid for ten years. */
export async function createCertificateAuthority(
  commonName: string,
  options: CertificateAuthorityOptions,
): Promise<CertificateAuthority> {
  const keys = await webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']);
  const nowMs = options.clock.now();
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: serialNumber(options.random),
    name: [{ CN: [commonName] }],
    notBefore: new Date(nowMs - BACKDATE_MS),
    notAfter: new Date(nowMs + 3650 * DAY_MS),
    signingAlgorithm: ALGORITHM,
    keys,
    extensions: [
      new x509.BasicConstraintsExtension(true, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  return authority(certificate, keys.privateKey, await exportKey(keys.privateKey), options);
}

/** Opens an authority again from its key and certificate. */
export async function openCertificateAuthority(
  pair: KeyPairPem,
  options: CertificateAuthorityOptions,
): Promise<CertificateAuthority> {
  const der = x509.PemConverter.decodeFirst(pair.keyPem);
  const key = await webcrypto.subtle.importKey('pkcs8', der, ALGORITHM, true, ['sign']);
  return authority(new x509.X509Certificate(pair.certPem), key, pair.keyPem, options);
}

function authority(
  certificate: x509.X509Certificate,
  signingKey: webcrypto.CryptoKey,
  keyPem: string,
  { clock, random }: CertificateAuthorityOptions,
): CertificateAuthority {
  const issue = async (subject: x509.JsonName, validMs: number, extensions: x509.Extension[]): Promise<KeyPairPem> => {
    const keys = await webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']);
    const nowMs = clock.now();
    const leaf = await x509.X509CertificateGenerator.create({
      serialNumber: serialNumber(random),
      subject,
      issuer: certificate.subjectName,
      notBefore: new Date(nowMs - BACKDATE_MS),
      notAfter: new Date(Math.min(nowMs + validMs, certificate.notAfter.getTime())),
      signingAlgorithm: ALGORITHM,
      publicKey: keys.publicKey,
      signingKey,
      extensions: [
        new x509.BasicConstraintsExtension(false, undefined, true),
        new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
        await x509.AuthorityKeyIdentifierExtension.create(certificate.publicKey),
        ...extensions,
      ],
    });
    return { keyPem: await exportKey(keys.privateKey), certPem: `${leaf.toString('pem')}\n` };
  };
  return {
    pair: { keyPem, certPem: `${certificate.toString('pem')}\n` },
    issueServer: ({ dnsNames, ipAddresses = [] }) => {
      const names = [
        ...dnsNames.map((value) => ({ type: 'dns' as const, value })),
        ...ipAddresses.map((value) => ({ type: 'ip' as const, value })),
      ];
      // Never the authority's own name: OpenSSL takes a leaf whose subject is its issuer for a self-signed certificate.
      const commonName = dnsNames.find((name) => `CN=${name}` !== certificate.subject) ?? ipAddresses[0] ?? 'server';
      return issue([{ CN: [commonName] }], 825 * DAY_MS, [
        new x509.ExtendedKeyUsageExtension([SERVER_AUTH]),
        new x509.SubjectAlternativeNameExtension(names),
      ]);
    },
    issueClient: ({ commonName, organizations = [] }) =>
      issue([...organizations.map((organization) => ({ O: [organization] })), { CN: [commonName] }], 730 * DAY_MS, [
        new x509.ExtendedKeyUsageExtension([CLIENT_AUTH]),
      ]),
  };
}

async function exportKey(key: webcrypto.CryptoKey): Promise<string> {
  const der = await webcrypto.subtle.exportKey('pkcs8', key);
  return `${x509.PemConverter.encode(der, 'PRIVATE KEY')}\n`;
}

/** A positive serial number of 16 bytes (RFC 5280, section 4.1.2.2). */
function serialNumber(random: Random): string {
  const bytes = random.bytes(16);
  bytes[0] = ((bytes[0] ?? 0) & 0x7f) | 0x40;
  return bytes.toString('hex');
}
