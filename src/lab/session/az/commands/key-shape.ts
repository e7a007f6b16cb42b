import { isObject, textAt, type Json, type JsonObject } from '../json.ts';
import { isoSeconds } from '../shape.ts';

/** The members of a JWK that az prints, all of them for every key; those in bytes as ordinary base64. */
const TEXTS = ['crv', 'kid', 'kty'];
const BYTES = ['d', 'dp', 'dq', 'e', 'k', 'n', 'p', 'q', 'qi', 't', 'x', 'y'];

/** A key as az prints it. */
export function shapeKey(bundle: JsonObject): JsonObject {
  const jwk = isObject(bundle['key']) ? bundle['key'] : {};
  return {
    attributes: attributesOf(bundle),
    key: {
      ...Object.fromEntries(TEXTS.map((name) => [name, jwk[name] ?? null])),
      ...Object.fromEntries(BYTES.map((name) => [name, bytesOf(jwk[name])])),
      keyOps: jwk['key_ops'] ?? null,
    },
    managed: bundle['managed'] ?? null,
    releasePolicy: bundle['release_policy'] ?? null,
    tags: bundle['tags'] ?? null,
  };
}

/** A key of a list. */
export function shapeListedKey(item: JsonObject): JsonObject {
  const kid = textAt(item, 'kid') ?? '';
  return {
    attributes: { ...attributesOf(item), attestation: null, externalKey: null },
    keySize: null,
    kid,
    managed: item['managed'] ?? null,
    name: kid.split('/')[4] ?? null,
    releasePolicy: item['release_policy'] ?? null,
    tags: item['tags'] ?? null,
  };
}

function attributesOf(item: JsonObject): JsonObject {
  const attributes = isObject(item['attributes']) ? item['attributes'] : {};
  return {
    created: isoSeconds(attributes['created']),
    enabled: attributes['enabled'] ?? null,
    expires: isoSeconds(attributes['exp']),
    exportable: attributes['exportable'] ?? null,
    hsmPlatform: attributes['hsmPlatform'] ?? null,
    keySize: attributes['key_size'] ?? null,
    notBefore: isoSeconds(attributes['nbf']),
    recoverableDays: attributes['recoverableDays'] ?? null,
    recoveryLevel: attributes['recoveryLevel'] ?? null,
    updated: isoSeconds(attributes['updated']),
  };
}

function bytesOf(value: Json | undefined): string | null {
  return typeof value === 'string' ? Buffer.from(value, 'base64url').toString('base64') : null;
}
