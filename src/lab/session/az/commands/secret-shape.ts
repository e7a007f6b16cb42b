import { AzError, AzHttpError } from '../errors.ts';
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

/** What a deletion adds: when it was, when the secret goes for good, and the id by which it is recovered. */
function deletionOf(item: JsonObject): JsonObject {
  return {
    deletedDate: isoSeconds(item['deletedDate']),
    recoveryId: item['recoveryId'] ?? null,
    scheduledPurgeDate: isoSeconds(item['scheduledPurgeDate']),
  };
}

/** A deleted secret. */
export function shapeDeleted(item: JsonObject): JsonObject {
  return { ...shapeSecret(item), ...deletionOf(item) };
}

/** A deleted secret of a list. */
export function shapeListedDeleted(item: JsonObject): JsonObject {
  return { ...shapeListed(item), ...deletionOf(item) };
}

/** az has exit code 3 for what a `show` does not find; its other commands of the data plane end with 1. */
export function plainFailure(error: unknown): never {
  if (error instanceof AzHttpError) throw new AzError('error', error.message, { cause: error });
  throw error;
}
