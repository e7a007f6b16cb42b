import { createPrivateKey, sign, X509Certificate, type KeyObject } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { Secret, type Clock, type Random } from '#base';
import { AzError } from './errors.ts';

/** Who asserts, to whom, and when. */
export interface AssertionRequest {
  /** A PEM file with the private key and the certificate, as `az login --certificate` takes it. */
  readonly file: string;
  readonly clientId: string;
  readonly tokenEndpoint: string;
  readonly clock: Clock;
  readonly random: Random;
}

/**
 * The signed assertion by which a certificate stands for a client secret (OAuth 2.0 client_assertion, RFC 7523): ten
 * minutes long, RS256, the certificate named by its SHA-1 thumbprint, as MSAL for Python makes it for az. Throws az's
 * error when the file holds no certificate or no key.
 */
export async function createAssertion(request: AssertionRequest): Promise<Secret<string>> {
  const { clientId, tokenEndpoint, clock, random } = request;
  const { key, certificate } = await readPem(request.file);
  const thumbprint = Buffer.from(certificate.fingerprint.replaceAll(':', ''), 'hex').toString('base64url');
  const nowSeconds = Math.floor(clock.now() / 1000);
  const header = { alg: 'RS256', typ: 'JWT', x5t: thumbprint };
  const claims = {
    aud: tokenEndpoint,
    iss: clientId,
    sub: clientId,
    jti: random.uuid(),
    iat: nowSeconds,
    nbf: nowSeconds,
    exp: nowSeconds + 600,
  };
  const signed = `${encode(header)}.${encode(claims)}`;
  return new Secret(`${signed}.${sign('sha256', Buffer.from(signed), key).toString('base64url')}`);
}

async function readPem(file: string): Promise<{ key: KeyObject; certificate: X509Certificate }> {
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    const reason = error.code === 'ENOENT' ? 'No such file or directory' : error.message;
    throw new AzError('error', `[Errno 2] ${reason}: '${file}'`, { cause: error });
  });
  try {
    const key = createPrivateKey(text);
    if (key.asymmetricKeyType !== 'rsa') throw new Error(`the key is ${key.asymmetricKeyType}, and must be RSA`);
    return { key, certificate: new X509Certificate(text) };
  } catch (error) {
    const detail = error instanceof Error ? error.message : String(error);
    throw new AzError('error', `Invalid certificate, please use a valid PEM file. Error detail: ${detail}`, {
      cause: error,
    });
  }
}

function encode(part: object): string {
  return Buffer.from(JSON.stringify(part)).toString('base64url');
}
