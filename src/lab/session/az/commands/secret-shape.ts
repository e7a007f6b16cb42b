import { isObject, textAt, type JsonObject } from '../json.ts';
import { isoSeconds } from '../shape.ts';

/** A secret as az prints it, its value included where Key Vault sent it. */
export function shapeSecret(bundle: JsonObject): JsonObject {
  return { ...shapeListed(bundle), kid: bundle['kid'] ?? null, value: bundle['value'] ?? null };
}

/** A secret of a list. */
export function shapeListed(item: JsonObject): JsonObject {
  const attributes = isObject(item['attributes']) ? item['attributes'] : {};
  const id = textAt(item, 'id') ?? '';
  return {
    attributes: {
      created: isoSeconds(attributes['created']),
      enabled: attributes['enabled'] ?? null,
      expires: isoSeconds(attributes['exp']),
      notBefore: isoSeconds(attributes['nbf']),
      recoverableDays: attributes['recoverableDays'] ?? null,
      recoveryLevel: attributes['recoveryLevel'] ?? null,
      updated: isoSeconds(attributes['updated']),
    },
    contentType: item['contentType'] ?? null,
    id,
    managed: item['managed'] ?? null,
    name: id.split('/')[4] ?? null,
    tags: item['tags'] ?? null,
  };
}
