import { createPublicKey, type JsonWebKey } from 'node:crypto';
import { KeyferryError } from '#base';
import type { FetchedKey } from '#azure';

/** By the vault's key type, that of a JSON Web Key (RFC 7518, section 6): keys in a hardware module have the same public side. */
const KEY_TYPES: Readonly<Record<string, string>> = { RSA: 'RSA', 'RSA-HSM': 'RSA', EC: 'EC', 'EC-HSM': 'EC' };

/** By the vault's curve, that of a JSON Web Key (RFC 7518, section 6.2.1.1; RFC 8812, section 3.1). The last is the name of the first API versions. */
const CURVES: Readonly<Record<string, string>> = {
  'P-256': 'P-256',
  'P-384': 'P-384',
  'P-521': 'P-521',
  'P-256K': 'secp256k1',
  SECP256K1: 'secp256k1',
};

/** The public side of a key as PEM (SubjectPublicKeyInfo, `PUBLIC KEY`). Throws `failed-precondition` when it has none or is none. */
export function renderKey(key: FetchedKey): string {
  try {
    const jwk = jsonWebKeyOf(key);
    return createPublicKey({ key: jwk, format: 'jwk' }).export({ type: 'spki', format: 'pem' }).toString();
  } catch (error) {
    if (error instanceof KeyferryError) throw error;
    throw new KeyferryError('failed-precondition', `failed to get key. the vault's ${key.keyType} key is not valid`);
  }
}

function jsonWebKeyOf({ keyType, curve = '', n, e, x, y }: FetchedKey): JsonWebKey {
  const kty = lookUp(KEY_TYPES, keyType);
  if (kty === undefined) {
    throw new KeyferryError('failed-precondition', `failed to get key. key type '${keyType}' currently not supported`, {
      hint: 'only RSA and EC keys have a public side that can be written to a file',
    });
  }
  if (kty === 'RSA') return { kty, n: number(n), e: number(e) };
  const crv = lookUp(CURVES, curve);
  if (crv === undefined) throw new KeyferryError('failed-precondition', `curve ${curve} is not supported`);
  return { kty, crv, x: number(x), y: number(y) };
}

function lookUp(table: Readonly<Record<string, string>>, name: string): string | undefined {
  return Object.hasOwn(table, name) ? table[name] : undefined;
}

function number(bytes: Uint8Array | undefined): string {
  // OpenSSL takes a key of RSA whose numbers are 0.
  if (bytes === undefined || bytes.every((byte) => byte === 0)) throw new Error('a number is missing');
  return Buffer.from(bytes).toString('base64url');
}
