import 'reflect-metadata';
import { createHash } from 'node:crypto';
import * as x509 from '@peculiar/x509';
import type { Random } from '#base';
import { renderAttributes } from './attributes.ts';
import { operationsOf, type CertificatePolicy, type ContentType } from './certificate-policy.ts';
import { OPERATIONS, privateKeyOf, type KeyMaterial } from './key-material.ts';
import type { StoredVersion } from './object-store.ts';
import { writePkcs12 } from './pkcs12-writer.ts';
import { objectUrl, type VaultCall } from './vault-call.ts';

/** One version of a certificate, with all that its key and its secret are seen as. */
export interface CertificateVersion extends StoredVersion {
  /** DER in base64. */
  readonly cer: string;
  readonly subject: string;
  readonly policy: CertificatePolicy;
  /** When the policy was made and last changed, in Unix seconds. */
  readonly policyTimes: { readonly created: number; readonly updated: number };
  readonly material: KeyMaterial;
  readonly hsm: boolean;
  readonly operations: readonly string[];
  readonly exportable: boolean;
  /** The form of the secret, as the policy had it when this version was made. */
  readonly contentType: ContentType;
  /** The value of the secret: PKCS#12 in base64, or PEM. */
  readonly secretValue: string;
}

/** A certificate that was issued: its key, itself, and all certificates that are to be handed out with it, itself included. */
export interface IssuedCertificate {
  readonly material: KeyMaterial;
  readonly leaf: Buffer;
  readonly chain: readonly Buffer[];
}

/** What a version has of an issued certificate and its policy. */
export function describeCertificate(
  { material, leaf, chain }: IssuedCertificate,
  policy: CertificatePolicy,
  random: Random,
): Omit<
  CertificateVersion,
  'name' | 'version' | 'sequence' | 'enabled' | 'created' | 'updated' | 'tags' | 'policyTimes'
> {
  const parsed = new x509.X509Certificate(leaf);
  const { exportable, kty } = policy.key_props;
  const { contentType } = policy.secret_props;
  const privateKey = exportable ? privateKeyOf(material).export({ type: 'pkcs8', format: 'der' }) : undefined;
  return {
    cer: leaf.toString('base64'),
    subject: parsed.subject,
    notBefore: Math.floor(parsed.notBefore.getTime() / 1000),
    expires: Math.floor(parsed.notAfter.getTime() / 1000),
    policy,
    material,
    hsm: kty.endsWith('-HSM'),
    operations: operationsOf(policy.x509_props.key_usage, OPERATIONS[material.kty]),
    exportable,
    contentType,
    secretValue:
      contentType === 'application/x-pem-file'
        ? writePem(privateKey, chain)
        : writePkcs12({
            ...(privateKey === undefined ? {} : { privateKey }),
            leaf,
            certificates: chain,
            salts: random.bytes(40),
          }).toString('base64'),
  };
}

// The private key first, as Azure's secrets have it.
function writePem(privateKey: Buffer | undefined, chain: readonly Buffer[]): string {
  const blocks = [
    ...(privateKey === undefined ? [] : [x509.PemConverter.encode(privateKey, 'PRIVATE KEY')]),
    ...chain.map((certificate) => x509.PemConverter.encode(certificate, 'CERTIFICATE')),
  ];
  return blocks.map((block) => `${block}\n`).join('');
}

/** A version on the wire (Key Vault REST API, CertificateBundle). */
export function renderCertificate(call: VaultCall, version: CertificateVersion): Record<string, unknown> {
  const { name, version: id, cer } = version;
  return {
    id: objectUrl(call, 'certificates', name, id),
    kid: objectUrl(call, 'keys', name, id),
    sid: objectUrl(call, 'secrets', name, id),
    x5t: thumbprintOf(version),
    cer,
    attributes: renderAttributes(call.vault, version),
    tags: version.tags ?? {},
    policy: renderPolicy(call, version),
  };
}

/** A version as lists show it. */
export function renderCertificateItem(
  call: VaultCall,
  version: CertificateVersion,
  id: string,
): Record<string, unknown> {
  const { recoveryLevel: _level, recoverableDays: _days, ...attributes } = renderAttributes(call.vault, version);
  return { id, x5t: thumbprintOf(version), attributes, tags: version.tags ?? {}, subject: version.subject };
}

/** The policy of a version on the wire. */
export function renderPolicy(
  call: VaultCall,
  { name, policy, policyTimes }: Pick<CertificateVersion, 'name' | 'policy' | 'policyTimes'>,
): Record<string, unknown> {
  return {
    id: objectUrl(call, 'certificates', name, 'policy'),
    ...policy,
    attributes: { enabled: true, ...policyTimes },
  };
}

/** The thumbprint that Key Vault names certificates by: SHA-1 of the DER. */
function thumbprintOf({ cer }: CertificateVersion): string {
  return createHash('sha1').update(Buffer.from(cer, 'base64')).digest('base64url');
}
