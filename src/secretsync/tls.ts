/**
 * The data of a `kubernetes.io/tls` Secret from mounted files that hold certificates and private keys in any order, as
 * PEM or as PKCS#12 without a password: what upstream's driver makes of them (pkg/util/secretutil), and where that would
 * be a Secret that no server can use, the right one or an error that says why.
 */
import { X509Certificate, type KeyObject } from 'node:crypto';
import { errorText, KeyferryError, Secret } from '#base';
import { readPkcs12, readPrivateKey, renderPem, splitPem, type PemBlock } from '#crypto';
import type { SecretData, SecretValue } from './types.ts';

/** What one file holds for TLS, or why it holds nothing. */
interface TlsFile {
  readonly certificates: readonly X509Certificate[];
  readonly keys: readonly KeyObject[];
  readonly problem?: string;
  readonly hint?: string;
}

type Part = 'tls.crt' | 'tls.key' | 'ca.crt';

/**
 * `tls.crt`: all certificates of its file, the one that the key belongs to first. `tls.key`: of the private keys of its
 * file the one that belongs to a certificate, as PKCS#1, SEC 1 or (Ed25519 and others) PKCS#8. `ca.crt`: the certificates
 * of its file that may sign others; where none may, all.
 */
export async function tlsData(values: readonly SecretValue[]): Promise<SecretData> {
  const files = new Map<Part, SecretValue & TlsFile>();
  for (const value of values) files.set(value.key as Part, { ...value, ...(await readTlsFile(value.value.expose())) });
  const issues: { readonly key: string; readonly message: string }[] = [];
  let hint: string | undefined;
  for (const { key, objectName, problem, hint: known, certificates, keys } of files.values()) {
    const lacks = key === 'tls.key' ? keys.length === 0 : certificates.length === 0;
    const wanted = key === 'tls.key' ? 'private key' : 'certificate';
    if (!lacks) continue;
    issues.push({
      key,
      message: `failed to get cert data from file ${objectName}, err: ${problem ?? `it holds no ${wanted}`}`,
    });
    hint ??= known;
  }
  const crt = files.get('tls.crt');
  const key = files.get('tls.key');
  if (issues.length > 0 || crt === undefined || key === undefined) return { issues, ...(hint && { hint }) };

  const pair = findPair(crt.certificates, key.keys);
  if (pair === undefined) {
    const subject = crt.certificates[0]?.subject.replaceAll('\n', ', ') ?? '';
    const message = `failed to get cert data from file ${key.objectName}, err: its private key does not belong to the certificate of ${crt.objectName} (${subject})`;
    return {
      issues: [{ key: 'tls.key', message }],
      hint: 'Take tls.crt and tls.key from the same certificate: an object of type secret holds both.',
    };
  }
  const ca = files.get('ca.crt');
  const chain = [pair.leaf, ...crt.certificates.filter((certificate) => certificate !== pair.leaf)];
  const data: Record<Part, string | undefined> = {
    'tls.crt': renderChain(chain),
    'tls.key': renderKey(pair.key),
    'ca.crt': ca && renderChain(authorities(ca.certificates)),
  };
  return {
    data: [...files.values()].map(({ key: name, objectName }) => ({
      key: name,
      objectName,
      value: new Secret<Uint8Array>(Buffer.from(data[name as Part] ?? '')),
    })),
  };
}

function findPair(
  certificates: readonly X509Certificate[],
  keys: readonly KeyObject[],
): { readonly leaf: X509Certificate; readonly key: KeyObject } | undefined {
  for (const leaf of certificates) {
    const key = keys.find((each) => leaf.checkPrivateKey(each));
    if (key !== undefined) return { leaf, key };
  }
  return undefined;
}

function authorities(certificates: readonly X509Certificate[]): readonly X509Certificate[] {
  const signers = certificates.filter(({ ca }) => ca);
  return signers.length > 0 ? signers : certificates;
}

function renderChain(certificates: readonly X509Certificate[]): string {
  return certificates.map(({ raw }) => renderPem({ label: 'CERTIFICATE', der: raw })).join('');
}

/** The forms that upstream writes, which old servers ask for by their labels; PKCS#8 for what has no other. */
function renderKey(key: KeyObject): string {
  const type = key.asymmetricKeyType === 'rsa' ? 'pkcs1' : key.asymmetricKeyType === 'ec' ? 'sec1' : 'pkcs8';
  return key.export({ type, format: 'pem' }).toString();
}

async function readTlsFile(bytes: Uint8Array): Promise<TlsFile> {
  const blocks = splitPem(Buffer.from(bytes).toString('latin1'));
  return blocks.length > 0 ? readBlocks(blocks) : readArchive(bytes);
}

async function readArchive(bytes: Uint8Array): Promise<TlsFile> {
  // DER begins with a SEQUENCE. Base64 of one begins so, too: the file of an object of format pfx that was not decoded.
  if (bytes[0] !== 0x30) {
    const isBase64 = /^MI[A-Za-z0-9+/\r\n]{64}/.test(Buffer.from(bytes.subarray(0, 100)).toString('latin1'));
    return {
      certificates: [],
      keys: [],
      problem: 'it holds neither PEM nor PKCS#12',
      ...(isBase64 && { hint: 'Give the object objectEncoding: base64, or objectFormat: pem.' }),
    };
  }
  try {
    const { certificates, keys } = await readPkcs12(bytes, '');
    return {
      certificates: certificates.map((der) => new X509Certificate(der)),
      keys: keys.map((key) => readPrivateKey(key.expose())),
    };
  } catch (error) {
    const hint = error instanceof KeyferryError ? error.hint : undefined;
    return { certificates: [], keys: [], problem: errorText(error), ...(hint !== undefined && { hint }) };
  }
}

/** A chain has a handful; each certificate is tried with each key. */
const MAX_BLOCKS = 100;

function readBlocks(blocks: readonly PemBlock[]): TlsFile {
  if (blocks.length > MAX_BLOCKS) {
    return { certificates: [], keys: [], problem: `it holds more than ${MAX_BLOCKS} certificates and keys` };
  }
  const certificates: X509Certificate[] = [];
  const keys: KeyObject[] = [];
  const problems: string[] = [];
  let hint: string | undefined;
  for (const block of blocks) {
    if (block.label === 'CERTIFICATE') {
      try {
        certificates.push(new X509Certificate(block.der));
      } catch {
        problems.push('it holds a certificate that is damaged');
      }
    } else if (isEncrypted(block)) {
      problems.push('its private key is encrypted with a password');
      hint = 'Store the private key without a password: Key Vault protects it.';
    } else if (block.label.endsWith('PRIVATE KEY')) {
      try {
        // Whatever form its label promises: upstream's provider labelled EC keys as RSA for years.
        keys.push(readPrivateKey(block.der));
      } catch (error) {
        problems.push(errorText(error));
      }
    }
  }
  return { certificates, keys, ...(problems[0] && { problem: problems[0] }), ...(hint && { hint }) };
}

function isEncrypted({ label, headers }: PemBlock): boolean {
  return label === 'ENCRYPTED PRIVATE KEY' || headers.some((header) => header.includes('ENCRYPTED'));
}
