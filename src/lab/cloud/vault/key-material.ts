import { createPrivateKey, generateKeyPair, sign, verify, type JsonWebKey, type KeyObject } from 'node:crypto';
import { promisify } from 'node:util';
import { badParameter } from './vault-errors.ts';

/** The curves of Key Vault's keys (Key Vault REST API, JsonWebKeyCurveName) with what the JWK standard and OpenSSL call them. */
export const CURVES = {
  'P-256': { jwk: 'P-256', openssl: 'prime256v1', bytes: 32 },
  'P-256K': { jwk: 'secp256k1', openssl: 'secp256k1', bytes: 32 },
  'P-384': { jwk: 'P-384', openssl: 'secp384r1', bytes: 48 },
  'P-521': { jwk: 'P-521', openssl: 'secp521r1', bytes: 66 },
} as const;

/** The name of a curve, as Key Vault has it. */
export type Curve = keyof typeof CURVES;

/** The sizes of RSA keys in bits. */
export const RSA_SIZES = [2048, 3072, 4096] as const;

/** What a key may be used for, by its type; all of it where a client names none (Key Vault documentation, "About keys"). */
export const OPERATIONS = {
  RSA: ['encrypt', 'decrypt', 'sign', 'verify', 'wrapKey', 'unwrapKey'],
  EC: ['sign', 'verify'],
} as const;

/** What kind of key to make. */
export type KeyKind =
  | { readonly kty: 'RSA'; readonly size: number; readonly publicExponent?: number }
  | { readonly kty: 'EC'; readonly curve: Curve };

/** A private key as the lab's store holds it: a JWK (RFC 7518) with its private parts, its curve named as Key Vault does. */
export type KeyMaterial =
  | { readonly kty: 'RSA'; readonly n: string; readonly e: string; readonly private: PrivateParts }
  | { readonly kty: 'EC'; readonly crv: Curve; readonly x: string; readonly y: string; readonly private: PrivateParts };

type PrivateParts = Readonly<Record<string, string>>;

const RSA_PRIVATE_PARTS = ['d', 'p', 'q', 'dp', 'dq', 'qi'] as const;

const generate = {
  rsa: promisify(generateKeyPair) as unknown as (
    type: 'rsa',
    options: { modulusLength: number; publicExponent?: number },
  ) => Promise<{ privateKey: KeyObject }>,
  ec: promisify(generateKeyPair) as unknown as (
    type: 'ec',
    options: { namedCurve: string },
  ) => Promise<{ privateKey: KeyObject }>,
};

/** Makes a key. The work is done off the event loop. */
export async function generateKeyMaterial(kind: KeyKind): Promise<KeyMaterial> {
  const { privateKey } =
    kind.kty === 'EC'
      ? await generate.ec('ec', { namedCurve: CURVES[kind.curve].openssl })
      : await generate.rsa('rsa', {
          modulusLength: kind.size,
          ...(kind.publicExponent === undefined ? {} : { publicExponent: kind.publicExponent }),
        });
  return keyMaterialOf(privateKey);
}

/** The material of a private key. Throws 400 when it is no RSA or EC key of a size or curve that Key Vault has. */
export function keyMaterialOf(key: KeyObject): KeyMaterial {
  if (key.asymmetricKeyType !== 'rsa' && key.asymmetricKeyType !== 'ec') throw unsupportedKey();
  const jwk = key.export({ format: 'jwk' });
  const text = (name: keyof JsonWebKey): string => {
    const value = jwk[name];
    if (typeof value !== 'string') throw unsupportedKey();
    return value;
  };
  if (key.asymmetricKeyType === 'rsa') {
    const bits = key.asymmetricKeyDetails?.modulusLength ?? 0;
    if (!RSA_SIZES.some((size) => size === bits)) throw unsupportedKey();
    const parts = RSA_PRIVATE_PARTS.map((name) => [name, text(name)]);
    return { kty: 'RSA', n: text('n'), e: text('e'), private: Object.fromEntries(parts) as PrivateParts };
  }
  const curve = curveOfJwk(jwk.crv);
  if (curve === undefined) throw unsupportedKey();
  return { kty: 'EC', crv: curve, x: text('x'), y: text('y'), private: { d: text('d') } };
}

/** The key for node:crypto to work with. */
export function privateKeyOf(material: KeyMaterial): KeyObject {
  const { private: parts, ...rest } = material;
  const key = { ...rest, ...parts, ...(material.kty === 'EC' ? { crv: CURVES[material.crv].jwk } : {}) };
  return createPrivateKey({ key, format: 'jwk' });
}

/** What may leave the vault of a key: the members of its JWK that are public. */
export function publicPartsOf(material: KeyMaterial): Readonly<Record<string, string>> {
  return material.kty === 'RSA'
    ? { n: material.n, e: material.e }
    : { crv: material.crv, x: material.x, y: material.y };
}

/** Size of an RSA key in bits; undefined for EC keys. */
export function rsaSizeOf(material: KeyMaterial): number | undefined {
  return material.kty === 'RSA' ? Buffer.from(material.n, 'base64url').length * 8 : undefined;
}

/**
 * Reads the private JWK of an import; numbers of an EC key may lack their leading zeros, as those of az do. Throws 400 for a
 * key that is incomplete, broken or of no kind that a vault has.
 */
export async function parsePrivateJwk(jwk: Readonly<Record<string, unknown>>): Promise<KeyMaterial> {
  const kty = String(jwk['kty']).toUpperCase().replace(/-HSM$/, '');
  if (kty !== 'RSA' && kty !== 'EC') throw unsupportedKey();
  const curve = kty === 'EC' ? curveOfJwk(jwk['crv']) : undefined;
  if (kty === 'EC' && curve === undefined) throw unsupportedKey();
  const width = curve === undefined ? 0 : CURVES[curve].bytes;
  const names = kty === 'RSA' ? ['n', 'e', ...RSA_PRIVATE_PARTS] : ['x', 'y', 'd'];
  const parts = Object.fromEntries(names.map((name) => [name, paddedNumber(jwk[name], width, name)]));
  let material: KeyMaterial;
  try {
    const key = { kty, ...parts, ...(curve === undefined ? {} : { crv: CURVES[curve].jwk }) };
    material = keyMaterialOf(createPrivateKey({ key, format: 'jwk' }));
  } catch {
    throw unsupportedKey();
  }
  if (!(await signsAndVerifies(material))) throw unsupportedKey();
  return material;
}

function curveOfJwk(name: unknown): Curve | undefined {
  const wanted = typeof name === 'string' ? name.toLowerCase() : '';
  const found = Object.entries(CURVES).find(
    ([azure, { jwk }]) => azure.toLowerCase() === wanted || jwk.toLowerCase() === wanted,
  );
  return found?.[0] as Curve | undefined;
}

function paddedNumber(value: unknown, width: number, name: string): string {
  if (typeof value !== 'string' || !/^[\w-]+={0,2}$/.test(value)) {
    throw badParameter(`Property has invalid value\r\nParameter name: key.${name}`);
  }
  const bytes = Buffer.from(value, 'base64url');
  if (bytes.length >= width) return bytes.toString('base64url');
  return Buffer.concat([Buffer.alloc(width - bytes.length), bytes]).toString('base64url');
}

// The parts of a JWK are believed without a proof that they fit together.
async function signsAndVerifies(material: KeyMaterial): Promise<boolean> {
  const key = privateKeyOf(material);
  const data = Buffer.from('keyferry');
  try {
    const signature = await promisify(sign)('sha256', data, key);
    return verify('sha256', data, key, signature);
  } catch {
    return false;
  }
}

function unsupportedKey(): Error {
  return badParameter('Property has invalid value\r\nParameter name: key');
}
