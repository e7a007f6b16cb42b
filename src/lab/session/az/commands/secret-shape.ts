import { textAt, type JsonObject } from '../json.ts';
import { shapeAttributes } from '../shape.ts';

/** A secret as az prints it, its value included where Key Vault sent it. */
export function shapeSecret(bundle: JsonObject): JsonObject {
  return { ...shapeListed(bundle), kid: bundle['kid'] ?? null, value: bundle['value'] ?? null };
}

/** A secret of a list. */
export function shapeListed(item: JsonObject): JsonObject {
  const id = textAt(item, 'id') ?? '';
  return {
    attributes: shapeAttributes(item, { recoverableDays: 'recoverableDays' }),
    contentType: item['contentType'] ?? null,
    id,
    managed: item['managed'] ?? null,
    name: id.split('/')[4] ?? null,
    tags: item['tags'] ?? null,
  };
}
