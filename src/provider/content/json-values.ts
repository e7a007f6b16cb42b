import { isDeeperThan } from '#base';
import type { JsonStep } from '../parameters/json-path.ts';

/**
 * A value inside a JSON text, as it stands there: numbers keep their digits, which a number of JavaScript would not (ids of
 * more than 16 digits, 1.10).
 */
export interface JsonValue {
  /** A text without its quotes and escapes, everything else as it is written. */
  readonly text: string;
  readonly isText: boolean;
  /** The fields of an object, in their order, of which the last one of a name counts; undefined for everything else. */
  fields(): ReadonlyMap<string, JsonValue> | undefined;
  /** The value that `steps` lead to; undefined where there is none. */
  at(steps: readonly JsonStep[]): JsonValue | undefined;
}

/** No secret is nested so deeply; what follows walks into a value by calling itself. */
const MAX_DEPTH = 100;

/** The value of a JSON text; undefined for what is no JSON, or is nested more than a hundred times. */
export function readJson(text: string): JsonValue | undefined {
  try {
    if (isDeeperThan(JSON.parse(text), MAX_DEPTH)) return undefined;
  } catch {
    return undefined;
  }
  return valueOf(text.trim());
}

// From here on the text is known to be JSON, so reading it needs to tell its parts from each other and no more.

/** What is found in a value is kept with it: a class may ask for a hundred fields, and each look would read it all again. */
function valueOf(source: string): JsonValue {
  const isText = source.startsWith('"');
  const fields = once(() => (source.startsWith('{') ? fieldsOf(source) : undefined));
  const items = once(() => (source.startsWith('[') ? partsOf(source).map(valueOf) : undefined));
  const value: JsonValue = {
    text: isText ? (JSON.parse(source) as string) : source,
    isText,
    fields,
    at: ([first, ...rest]) => {
      if (first === undefined) return value;
      return (typeof first === 'string' ? fields()?.get(first) : items()?.at(first))?.at(rest);
    },
  };
  return value;
}

function once<T>(find: () => T): () => T {
  let found: { readonly value: T } | undefined;
  return () => (found ??= { value: find() }).value;
}

function fieldsOf(source: string): ReadonlyMap<string, JsonValue> {
  const fields = new Map<string, JsonValue>();
  for (const part of partsOf(source)) {
    const name = textEnd(part, 0);
    fields.set(JSON.parse(part.slice(0, name)) as string, valueOf(part.slice(part.indexOf(':', name) + 1).trim()));
  }
  return fields;
}

/** What stands between the commas of an object or a list. */
function partsOf(source: string): string[] {
  const parts: string[] = [];
  let depth = 0;
  let start = 1;
  for (let at = 1; at < source.length - 1; at += 1) {
    const character = source[at];
    if (character === '"') at = textEnd(source, at) - 1;
    else if (character === '{' || character === '[') depth += 1;
    else if (character === '}' || character === ']') depth -= 1;
    else if (character === ',' && depth === 0) {
      parts.push(source.slice(start, at).trim());
      start = at + 1;
    }
  }
  const last = source.slice(start, -1).trim();
  return last === '' ? parts : [...parts, last];
}

/** Where the text that begins at `start` with a quote ends, after its quote. */
function textEnd(source: string, start: number): number {
  let at = start + 1;
  while (source[at] !== '"') at += source[at] === '\\' ? 2 : 1;
  return at + 1;
}
