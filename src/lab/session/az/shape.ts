import { isObject, textAt, type Json, type JsonObject } from './json.ts';

/** Objects whose keys are the user's own and keep their spelling. */
const OPAQUE = new Set(['tags', 'nodeLabels', 'userAssignedIdentities', 'config']);

/**
 * A resource as az prints it: keys in Python's camel case (`issuerURL` becomes `issuerUrl`), and `resourceGroup`
 * taken from the id.
 */
export function shapeResource(resource: JsonObject): JsonObject {
  const group = groupOf(resource);
  const shaped = camelKeys(resource) as JsonObject;
  return group === undefined ? shaped : { ...shaped, resourceGroup: group };
}

/** The resource group that a resource's id names; undefined when it names none. */
export function groupOf(resource: JsonObject): string | undefined {
  return /\/resourceGroups\/([^/]+)/i.exec(textAt(resource, 'id') ?? '')?.[1];
}

/** The same, with the fields of `properties` lifted to the top, as az's older SDK models do. */
export function flattenResource(resource: JsonObject): JsonObject {
  const { properties, ...rest } = shapeResource(resource);
  return { ...(isObject(properties) ? properties : {}), ...rest };
}

/** Adds `key: null` for each key that is absent: az prints every field that its model has. */
export function withNulls(object: JsonObject, keys: readonly string[]): JsonObject {
  return { ...Object.fromEntries(keys.map((key) => [key, null])), ...object };
}

/** Every key in the spelling that az's Python models give it. */
export function camelKeys(value: Json | undefined): Json {
  if (Array.isArray(value)) return value.map((item: Json) => camelKeys(item));
  if (!isObject(value)) return (value ?? null) as Json;
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [camelKey(key), OPAQUE.has(key) ? (inner ?? null) : camelKeys(inner)]),
  );
}

/** `issuerURL` to `issuerUrl`, `enableRBAC` to `enableRbac`; a plural such as `effectiveOutboundIPs` stays. */
export function camelKey(key: string): string {
  if (!/^[a-z][A-Za-z0-9]*$/.test(key)) return key;
  return key.replace(
    /([A-Z])([A-Z]+)(?=[A-Z][a-z]|$)/g,
    (_run, first: string, rest: string) => first + rest.toLowerCase(),
  );
}

/** Seconds since the epoch as az prints times: `2026-01-01T00:00:00+00:00`; null for what is no number. */
export function isoSeconds(seconds: Json | undefined): string | null {
  if (typeof seconds !== 'number') return null;
  return new Date(seconds * 1000).toISOString().replace(/\.\d+Z$/, '+00:00');
}

/**
 * The attributes of a Key Vault object as az prints them, its keys in order: those of every object, and `further` ones of
 * its kind, az's name to Key Vault's.
 */
export function shapeAttributes(item: JsonObject, further: Readonly<Record<string, string>> = {}): JsonObject {
  const attributes = isObject(item['attributes']) ? item['attributes'] : {};
  const shaped: JsonObject = {
    created: isoSeconds(attributes['created']),
    enabled: attributes['enabled'] ?? null,
    expires: isoSeconds(attributes['exp']),
    notBefore: isoSeconds(attributes['nbf']),
    recoveryLevel: attributes['recoveryLevel'] ?? null,
    updated: isoSeconds(attributes['updated']),
    ...Object.fromEntries(Object.entries(further).map(([name, wire]) => [name, attributes[wire] ?? null])),
  };
  return Object.fromEntries(Object.entries(shaped).toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

/** A time of ARM as Python's isoformat prints it: microseconds unless they are zero, and an offset instead of Z. */
export function pythonTime(value: Json | undefined): Json {
  if (typeof value !== 'string') return value ?? null;
  const [, upToSeconds, fraction = ''] = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d+))?Z$/.exec(value) ?? [];
  if (upToSeconds === undefined) return value;
  const microseconds = fraction.padEnd(6, '0').slice(0, 6);
  return `${upToSeconds}${Number(microseconds) === 0 ? '' : `.${microseconds}`}+00:00`;
}
