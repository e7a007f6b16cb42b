import { createPrivateKey, createPublicKey, type JsonWebKey, type KeyObject } from 'node:crypto';
import { AzError } from '../errors.ts';
import { isObject, textAt, type JsonObject } from '../json.ts';

/** The private key of a PEM text as the JWK that az sends. Throws az's own error, `Import failed: …`. */
export function jwkOfPem(pem: string, password: string | undefined): JsonObject {
  const encrypted = /ENCRYPTED/.test(pem);
  if (password !== undefined && !encrypted && pem.includes('PRIVATE KEY-----')) {
    throw importFailed('Password was given but private key is not encrypted.');
  }
  const key = parsePem(pem, password);
  if (key.asymmetricKeyType !== 'rsa' && key.asymmetricKeyType !== 'ec') {
    throw importFailed(`Unsupported key type, ${key.asymmetricKeyType ?? 'none'}.`);
  }
  const jwk = key.export({ format: 'jwk' }) as JsonObject;
  return jwk['crv'] === 'secp256k1' ? { ...jwk, crv: 'SECP256K1' } : jwk;
}

/** The public key of a key bundle, in the encoding that az writes to a file. */
export function publicKeyFile(bundle: JsonObject, encoding: string): string | Buffer {
  const jwk = isObject(bundle['key']) ? bundle['key'] : {};
  const kty = (textAt(jwk, 'kty') ?? '').replace(/-HSM$/, '');
  const crv = jwk['crv'] === 'P-256K' ? 'secp256k1' : jwk['crv'];
  const key = createPublicKey({ key: { ...jwk, kty, crv } as JsonWebKey, format: 'jwk' });
  return encoding === 'DER' ? key.export({ type: 'spki', format: 'der' }) : key.export({ type: 'spki', format: 'pem' });
}

function parsePem(pem: string, password: string | undefined): KeyObject {
  try {
    return createPrivateKey({ key: pem, format: 'pem', ...(password === undefined ? {} : { passphrase: password }) });
  } catch (cause) {
    throw importFailed((cause as Error).message, cause);
  }
}

function importFailed(reason: string, cause?: unknown): AzError {
  return new AzError('error', `Import failed: ${reason}`, { cause });
}
