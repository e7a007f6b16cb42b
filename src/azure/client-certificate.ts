import { createPrivateKey, X509Certificate, type KeyObject } from 'node:crypto';
import { errorText, KeyferryError, type Secret } from '#base';
import { readEncryptedPrivateKey, readPkcs12 } from '#crypto';

/** What a client certificate was given as. */
export interface ClientCertificate {
  /** PEM with the private key, or PKCS#12 in base64. */
  readonly certificate: Secret<string>;
  /** Of the private key, or of the PKCS#12 file. */
  readonly password: Secret<string> | undefined;
}

const PEM_BLOCK = /-----BEGIN ([A-Z0-9 ]+)-----[^-]+-----END \1-----/g;

/**
 * An RSA key of 16,384 bits, the largest whose signatures OpenSSL checks, has 9,300 bytes. To sign with one of a megabyte
 * would take hours, in which nothing else of the process runs.
 */
const MAX_KEY_BYTES = 10_240;

/**
 * A client certificate as the identity library takes it: PEM of the certificate that belongs to the private key, then the
 * others, then the key (PKCS#8, not encrypted). Throws with what is wrong with it: what is written by hand into a Kubernetes
 * Secret is often half of what is needed.
 */
export async function readClientCertificate(given: ClientCertificate, nowMs: number): Promise<string> {
  const text = given.certificate.expose();
  const { certificates, key } = text.includes('-----BEGIN ')
    ? await readPem(text, given.password?.expose())
    : await readPkcs12Text(text, given.password?.expose());
  if (certificates.length === 0)
    throw refuse('holds no certificate', 'it needs the certificate beside its private key');
  if (key === undefined) throw refuse('holds no private key', 'it needs the private key beside the certificate');
  if (key.asymmetricKeyType !== 'rsa') {
    throw refuse(`has a private key of type ${key.asymmetricKeyType}`, 'Entra ID takes RSA keys only');
  }
  if (key.export({ type: 'pkcs8', format: 'der' }).length > MAX_KEY_BYTES) {
    throw refuse('has a private key of more than 16,384 bits', 'Entra ID takes RSA keys of 2,048 to 4,096 bits');
  }
  const leaf = certificates.find((certificate) => certificate.checkPrivateKey(key));
  if (leaf === undefined)
    throw refuse('has a private key that belongs to none of its certificates', 'export them together');
  if (Date.parse(leaf.validTo) <= nowMs) {
    const renew = 'give the application a new certificate and put it into the Secret that nodePublishSecretRef names';
    throw refuse(`expired at ${new Date(leaf.validTo).toISOString()}`, renew);
  }
  const others = certificates.filter((certificate) => certificate !== leaf);
  return [...[leaf, ...others].map(String), key.export({ type: 'pkcs8', format: 'pem' })].join('');
}

interface Contents {
  readonly certificates: readonly X509Certificate[];
  readonly key: KeyObject | undefined;
}

async function readPem(text: string, password: string | undefined): Promise<Contents> {
  const certificates: X509Certificate[] = [];
  let key: KeyObject | undefined;
  for (const [block, label = ''] of text.matchAll(PEM_BLOCK)) {
    if (label === 'CERTIFICATE') certificates.push(parsed('a certificate', () => new X509Certificate(block)));
    else if (label === 'ENCRYPTED PRIVATE KEY') key ??= await decryptedKey(block, password);
    else if (label.endsWith('PRIVATE KEY')) key ??= parsed('the private key', () => createPrivateKey(block));
  }
  return { certificates, key };
}

function decryptedKey(block: string, password: string | undefined): Promise<KeyObject> {
  if (password === undefined) {
    throw refuse('has an encrypted private key', 'give its password as clientcertificatepassword in the same Secret');
  }
  const der = Buffer.from(block.replaceAll(/-----[^-]+-----/g, ''), 'base64');
  return readEncryptedPrivateKey(der, password).catch((error: unknown) => refuseUnread('the private key', error));
}

async function readPkcs12Text(text: string, password = ''): Promise<Contents> {
  const bytes = Buffer.from(text, 'base64');
  const { keys, certificates } = await readPkcs12(bytes, password).catch((error: unknown) =>
    refuseUnread('PKCS#12', error),
  );
  const [first] = keys;
  return {
    certificates: certificates.map((der) => parsed('a certificate', () => new X509Certificate(der))),
    key:
      first && parsed('the private key', () => createPrivateKey({ key: first.expose(), type: 'pkcs8', format: 'der' })),
  };
}

/** Runs a parser of foreign bytes. */
function parsed<T>(what: string, parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    return refuseUnread(what, error);
  }
}

// The messages of OpenSSL and of the PKCS#12 reader name no content.
function refuseUnread(what: string, error: unknown): never {
  if (error instanceof KeyferryError && error.message.startsWith(BEGIN)) throw error;
  const hint = 'it must be PEM, or PKCS#12 in base64; check clientcertificatepassword';
  throw refuse(`cannot be read (${what}): ${errorText(error).slice(0, 120)}`, hint);
}

const BEGIN = 'clientcertificate of the Secret of nodePublishSecretRef ';

function refuse(why: string, hint: string): KeyferryError {
  return new KeyferryError('unauthenticated', `${BEGIN}${why}`, { hint });
}
