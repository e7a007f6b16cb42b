import { isObject, textAt, type Json, type JsonObject } from '../json.ts';
import { shapeAttributes } from '../shape.ts';

/** The members of a JWK that az prints, all of them for every key; those in bytes as ordinary base64. */
const TEXTS = ['crv', 'kid', 'kty'];
const BYTES = ['d', 'dp', 'dq', 'e', 'k', 'n', 'p', 'q', 'qi', 't', 'x', 'y'];

const KEY_ATTRIBUTES = {
  exportable: 'exportable',
  hsmPlatform: 'hsmPlatform',
  keySize: 'key_size',
  recoverableDays: 'recoverableDays',
};

/** A key as az prints it. */
export function shapeKey(bundle: JsonObject): JsonObject {
  const jwk = isObject(bundle['key']) ? bundle['key'] : {};
  return {
    attributes: shapeAttributes(bundle, KEY_ATTRIBUTES),
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
    attributes: { ...shapeAttributes(item, KEY_ATTRIBUTES), attestation: null, externalKey: null },
    keySize: null,
    kid,
    managed: item['managed'] ?? null,
    name: kid.split('/')[4] ?? null,
    releasePolicy: item['release_policy'] ?? null,
    tags: item['tags'] ?? null,
  };
}

function bytesOf(value: Json | undefined): string | null {
  return typeof value === 'string' ? Buffer.from(value, 'base64url').toString('base64') : null;
}
