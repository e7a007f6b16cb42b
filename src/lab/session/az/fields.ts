import type { Json, JsonObject } from './json.ts';

/**
 * The fields that az's models have, names separated by spaces, by the path of the object they are in: '' is the resource
 * itself, `a.b` an object in it, `a[]` every element of a list or every value of a map.
 */
export type FieldTable = Readonly<Record<string, string>>;

/** Adds `null` for every field of the table that an object does not have. Objects that are not there stay away. */
export function fillFields(resource: JsonObject, table: FieldTable): JsonObject {
  return fill(resource, '', table) as JsonObject;
}

function fill(value: Json | undefined, path: string, table: FieldTable): Json {
  if (value === undefined || value === null || typeof value !== 'object') return value ?? null;
  if (Array.isArray(value)) return value.map((item: Json) => fill(item, `${path}[]`, table));
  const names = table[path];
  const inside = (key: string) =>
    names === undefined && table[`${path}[]`] !== undefined ? `${path}[]` : path === '' ? key : `${path}.${key}`;
  const filled = Object.entries(value).map(([key, inner]) => [key, fill(inner, inside(key), table)] as const);
  const absent = (names?.split(' ') ?? []).filter((name) => !Object.hasOwn(value, name));
  return Object.fromEntries([...filled, ...absent.map((name) => [name, null] as const)]);
}
