import type { Json } from '#lab/store';

/** A JSON object whose fields are not known yet. */
export type JsonRecord = { readonly [field: string]: unknown };

/** Whether `value` is a JSON object: not null, not a list. */
export function isRecord(value: unknown): value is JsonRecord {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** `value` as a record; an empty one when it is something else. */
export function recordOf(value: unknown): JsonRecord {
  return isRecord(value) ? value : {};
}

/** `value` as a list; an empty one when it is something else. */
export function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? (value as unknown[]) : [];
}

/** The objects in a list. */
export function recordsOf(value: unknown): readonly JsonRecord[] {
  return listOf(value).filter(isRecord);
}

/** The texts in a list. */
export function textsOf(value: unknown): readonly string[] {
  return listOf(value).filter((item) => typeof item === 'string');
}

/** `value` when it is a text, else `fallback`. */
export function textOf(value: unknown, fallback = ''): string {
  return typeof value === 'string' ? value : fallback;
}

/** A text as it is, anything else as JSON: for messages. */
export function shown(value: unknown): string {
  return typeof value === 'string' ? value : (JSON.stringify(value) ?? '');
}

/** The value under `path`, undefined where the path leaves the objects. */
export function valueAt(value: unknown, path: readonly string[]): unknown {
  let current = value;
  for (const step of path) {
    if (!isRecord(current) || !Object.hasOwn(current, step)) return undefined;
    current = current[step];
  }
  return current;
}

/** The field that the object itself has: not what every JavaScript object has under names like `constructor`. */
export function ownField(record: JsonRecord, field: string): unknown {
  return Object.hasOwn(record, field) ? record[field] : undefined;
}

/**
 * Sets a field of an object that is being made. `__proto__` is a field like any other (ConfigMaps and Secrets may have such
 * a key); a plain assignment would change the object's prototype instead.
 */
export function setField(target: Record<string, unknown>, field: string, value: unknown): void {
  if (field === '__proto__') {
    Object.defineProperty(target, field, { value, enumerable: true, configurable: true, writable: true });
  } else {
    target[field] = value;
  }
}

/** A copy of `target` with `value` under `path`; undefined removes the field. Objects on the way are made. */
export function withValueAt<T>(target: T, path: readonly string[], value: unknown): T {
  const [step, ...rest] = path;
  if (step === undefined) return value as T;
  const source = recordOf(target);
  const next = rest.length === 0 ? value : withValueAt(source[step], rest, value);
  const copy: Record<string, unknown> = { ...source };
  if (next === undefined) delete copy[step];
  else copy[step] = next;
  return copy as T;
}

/** Whether two JSON values are equal; the order of an object's fields does not matter. */
export function jsonEqual(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (Array.isArray(a) || Array.isArray(b)) {
    if (!Array.isArray(a) || !Array.isArray(b) || a.length !== b.length) return false;
    return a.every((item, index) => jsonEqual(item, b[index]));
  }
  if (!isRecord(a) || !isRecord(b)) return false;
  const keys = Object.keys(a).filter((key) => a[key] !== undefined);
  if (keys.length !== Object.keys(b).filter((key) => b[key] !== undefined).length) return false;
  return keys.every((key) => Object.hasOwn(b, key) && jsonEqual(a[key], b[key]));
}

/** The value as it is after a way over the wire, frozen all through: what is stored is never changed in place. */
export function frozenJson<T>(value: T): T {
  return freeze(JSON.parse(JSON.stringify(value))) as T;
}

function freeze(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  for (const inner of Object.values(value)) freeze(inner);
  return Object.freeze(value);
}

/** States that a frozen object is plain JSON: the store's type has no `undefined`. */
export function asJson(value: unknown): Json {
  return value as Json;
}
