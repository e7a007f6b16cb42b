import 'reflect-metadata';
import { createHash, createPublicKey, sign, type KeyObject } from 'node:crypto';
import { promisify } from 'node:util';
import * as x509 from '@peculiar/x509';
import { bitString, element, explicit, integer, nothing, octetString, oid, sequence, setOf, time } from './der.ts';
import { privateKeyOf, type KeyMaterial } from './key-material.ts';

/** The names of key usages, as policies have them, with their bits (Key Vault REST API, KeyUsageType). */
export const KEY_USAGES = {
  digitalSignature: x509.KeyUsageFlags.digitalSignature,
  nonRepudiation: x509.KeyUsageFlags.nonRepudiation,
  keyEncipherment: x509.KeyUsageFlags.keyEncipherment,
  dataEncipherment: x509.KeyUsageFlags.dataEncipherment,
  keyAgreement: x509.KeyUsageFlags.keyAgreement,
  keyCertSign: x509.KeyUsageFlags.keyCertSign,
  cRLSign: x509.KeyUsageFlags.cRLSign,
  encipherOnly: x509.KeyUsageFlags.encipherOnly,
  decipherOnly: x509.KeyUsageFlags.decipherOnly,
} as const;

/** The name of a key usage. */
export type KeyUsage = keyof typeof KEY_USAGES;

/** Whom a certificate is for and what it may be used for. */
export interface CertificateSubject {
  /** A distinguished name as `CN=example.com, O=Example`; empty when only alternative names say who it is. */
  readonly subject: string;
  readonly alternativeNames: readonly {
    readonly type: 'dns' | 'email' | 'upn' | 'url' | 'ip';
    readonly value: string;
  }[];
  readonly keyUsage: readonly KeyUsage[];
  /** Object identifiers of extended key usages. */
  readonly ekus: readonly string[];
  readonly ca: boolean;
}

/** When a certificate is valid, in Unix seconds, and its serial number: 16 random bytes. */
export interface CertificateTerm {
  readonly notBefore: number;
  readonly notAfter: number;
  readonly serial: Buffer;
}

const EXTENSION_REQUEST = oid('1.2.840.113549.1.9.14');
const SUBJECT_KEY_ID = oid('2.5.29.14');
const AUTHORITY_KEY_ID = oid('2.5.29.35');

/** The signature algorithms by type and curve: identifier with its parameters, and the digest's name. */
const SIGNATURES = {
  RSA: { identifier: sequence(oid('1.2.840.113549.1.1.11'), nothing()), digest: 'sha256' },
  'P-256': { identifier: sequence(oid('1.2.840.10045.4.3.2')), digest: 'sha256' },
  'P-256K': { identifier: sequence(oid('1.2.840.10045.4.3.2')), digest: 'sha256' },
  'P-384': { identifier: sequence(oid('1.2.840.10045.4.3.3')), digest: 'sha384' },
  'P-521': { identifier: sequence(oid('1.2.840.10045.4.3.4')), digest: 'sha512' },
} as const;

/** A self-signed certificate (RFC 5280), DER. Throws when the subject's name or an alternative name has no valid form. */
export function writeSelfSigned(
  material: KeyMaterial,
  subject: CertificateSubject,
  { notBefore, notAfter, serial }: CertificateTerm,
): Promise<Buffer> {
  const { key, publicKeyInfo, keyId, algorithm } = partsOf(material);
  const name = nameOf(subject.subject);
  const extensions = [
    ...requestedExtensions(subject),
    sequence(AUTHORITY_KEY_ID, octetString(sequence(element(0x80, keyId)))),
    sequence(SUBJECT_KEY_ID, octetString(octetString(keyId))),
  ];
  // A positive number that keeps its length.
  const serialNumber = Buffer.concat([Buffer.from([((serial[0] ?? 0) & 0x7f) | 0x40]), serial.subarray(1)]);
  return signed(
    sequence(
      explicit(0, integer(2)),
      integer(serialNumber),
      algorithm.identifier,
      name,
      sequence(time(notBefore), time(notAfter)),
      name,
      publicKeyInfo,
      explicit(3, sequence(...extensions)),
    ),
    key,
    algorithm,
  );
}

/** A certificate signing request (RFC 2986), DER. Throws as {@link writeSelfSigned} does. */
export function writeSigningRequest(material: KeyMaterial, subject: CertificateSubject): Promise<Buffer> {
  const { key, publicKeyInfo, algorithm } = partsOf(material);
  const request = sequence(EXTENSION_REQUEST, setOf(sequence(...requestedExtensions(subject))));
  return signed(sequence(integer(0), nameOf(subject.subject), publicKeyInfo, element(0xa0, request)), key, algorithm);
}

function partsOf(material: KeyMaterial) {
  const key = privateKeyOf(material);
  const publicKey = createPublicKey(key);
  const publicKeyBits =
    material.kty === 'RSA'
      ? publicKey.export({ type: 'pkcs1', format: 'der' })
      : Buffer.concat([Buffer.from([4]), Buffer.from(material.x, 'base64url'), Buffer.from(material.y, 'base64url')]);
  return {
    key,
    publicKeyInfo: publicKey.export({ type: 'spki', format: 'der' }),
    keyId: createHash('sha1').update(publicKeyBits).digest(),
    algorithm: SIGNATURES[material.kty === 'RSA' ? 'RSA' : material.crv],
  };
}

async function signed(
  content: Buffer,
  key: KeyObject,
  { identifier, digest }: { readonly identifier: Buffer; readonly digest: string },
): Promise<Buffer> {
  const signature = await promisify(sign)(digest, content, key);
  return sequence(content, identifier, bitString(signature));
}

function nameOf(subject: string): Buffer {
  const name = new x509.Name(subject);
  // What is no name at all is read as an empty one.
  if (subject !== '' && name.toJSON().length === 0) throw new Error('the subject is no distinguished name');
  return Buffer.from(name.toArrayBuffer());
}

function requestedExtensions({ alternativeNames, keyUsage, ekus, ca }: CertificateSubject): readonly Buffer[] {
  const extensions: x509.Extension[] = [];
  if (keyUsage.length > 0) {
    const flags = keyUsage.reduce((bits, name) => bits | KEY_USAGES[name], 0);
    // oxlint-disable-next-line typescript/no-unsafe-enum-assignment -- flags together are no flag of their own
    extensions.push(new x509.KeyUsagesExtension(flags as x509.KeyUsageFlags, true));
  }
  extensions.push(new x509.BasicConstraintsExtension(ca, undefined, ca));
  if (ekus.length > 0) extensions.push(new x509.ExtendedKeyUsageExtension([...ekus]));
  if (alternativeNames.length > 0) extensions.push(new x509.SubjectAlternativeNameExtension([...alternativeNames]));
  return extensions.map(({ rawData }) => Buffer.from(rawData));
}
