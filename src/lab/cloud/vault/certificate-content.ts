import { createPrivateKey, X509Certificate, type KeyObject } from 'node:crypto';
import type { ContentType } from './certificate-policy.ts';
import type { IssuedCertificate } from './certificate-version.ts';
import { keyMaterialOf } from './key-material.ts';
import { badParameter } from './vault-errors.ts';

/** What a client sends to be imported. */
export interface SentContent {
  /** PKCS#12 in base64, or PEM as it is or in base64. */
  readonly value: string;
  readonly password: string;
  /** What the policy says the value is; undefined: either. */
  readonly contentType: ContentType | undefined;
  /** Certificates stay in their order; else the key's own one comes first. */
  readonly keepOrder: boolean;
}

const PEM_BLOCK = /-----BEGIN ([A-Z ]+)-----[\s\S]*?-----END \1-----/g;

/**
 * Reads a certificate that is imported, with its key and chain. Throws 400 in the words that people quote in issues: Key Vault
 * takes PEM keys as PKCS#8 only.
 */
export async function readContent(
  sent: SentContent,
): Promise<IssuedCertificate & { readonly contentType: ContentType }> {
  const pem = pemOf(sent.value);
  const contentType = sent.contentType ?? (pem === undefined ? 'application/x-pkcs12' : 'application/x-pem-file');
  const { key, certificates } =
    contentType === 'application/x-pem-file' ? readPem(pem ?? '', sent.password) : await readPkcs12(sent);
  return { ...issuedOf(key, certificates, sent.keepOrder), contentType };
}

/**
 * A private key with the certificates that came with it; the one that was issued for it is the leaf. Throws 400 when none
 * was, and when the key is of no kind that a vault has.
 */
export function issuedOf(key: KeyObject, certificates: readonly Buffer[], keepOrder: boolean): IssuedCertificate {
  const material = keyMaterialOf(key);
  const leaf = certificates.find((certificate) => new X509Certificate(certificate).checkPrivateKey(key));
  if (leaf === undefined) throw badParameter('The private key does not belong to any of the specified certificates.');
  const chain = keepOrder ? certificates : [leaf, ...certificates.filter((certificate) => certificate !== leaf)];
  return { material, leaf, chain };
}

/** The text of PEM, which may be in base64 as it is with az; undefined for a value that is none. */
function pemOf(value: string): string | undefined {
  return [value, Buffer.from(value, 'base64').toString()].find((text) => text.includes('-----BEGIN '));
}

function readPem(value: string, password: string): { key: KeyObject; certificates: readonly Buffer[] } {
  const blocks = [...value.matchAll(PEM_BLOCK)].map(([text, label = '']) => ({ text, label }));
  const keyBlock = blocks.find(({ label }) => label.endsWith('PRIVATE KEY'));
  if (blocks.length > 0 && keyBlock === undefined) {
    throw badParameter(
      'Private key is not specified in the specified X.509 PEM certificate content. Please specify private key in the X.509 PEM certificate content.',
    );
  }
  if (keyBlock?.label !== 'PRIVATE KEY' && keyBlock?.label !== 'ENCRYPTED PRIVATE KEY') throw unreadable('PEM');
  try {
    const certificates = blocks
      .filter(({ label }) => label === 'CERTIFICATE')
      .map(({ text }) => new X509Certificate(text).raw);
    return { key: createPrivateKey({ key: keyBlock.text, format: 'pem', passphrase: password }), certificates };
  } catch {
    throw unreadable('PEM');
  }
}

async function readPkcs12({
  value,
  password,
}: SentContent): Promise<{ key: KeyObject; certificates: readonly Buffer[] }> {
  const { readPfx } = await import('./pfx-reader.ts');
  try {
    const content = readPfx(Buffer.from(value, 'base64'), password);
    const [key] = content.keys;
    if (key === undefined) throw unreadable('PKCS#12');
    const certificates = content.certificates.map((certificate) => new X509Certificate(certificate).raw);
    return { key: createPrivateKey({ key, format: 'der', type: 'pkcs8' }), certificates };
  } catch {
    throw unreadable('PKCS#12');
  }
}

function unreadable(format: 'PEM' | 'PKCS#12'): Error {
  return badParameter(
    format === 'PEM'
      ? 'The specified PEM X.509 certificate content is in an unexpected format. Please check if certificate is in valid PEM format.'
      : 'The specified PKCS#12 X.509 certificate content can not be read. Please check if certificate is in valid PKCS#12 format.',
  );
}
