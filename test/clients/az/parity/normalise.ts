/** The values of one lab that the other lab has under the same name: its tenant, its folder, what a step kept. */
export type KnownValues = Readonly<Record<string, string>>;

type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

/** Seconds since the epoch from 2001 on: no count or size that az prints is that large. */
const EPOCH_SECONDS = 1_000_000_000;

/**
 * What differs between equal labs, in the order in which it is looked for. Each keeps the form of what it stands for:
 * a time keeps its punctuation and offset, so that `Z` and `+00:00` stay different.
 */
const VARYING: readonly (readonly [pattern: RegExp, replace: string | ((text: string) => string)])[] = [
  [/eyJ[\w-]+\.[\w-]+\.[\w-]+/g, '<jwt>'],
  [/\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:\.\d+)?/g, (time) => time.replaceAll(/\d/g, '0').replace(/\.0+$/, '')],
  [/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/gi, '<guid>'],
  [/\b[0-9a-f]{32}\b/g, '<version>'],
  // A cluster's host name: prefix, start of the subscription's id, a random part.
  [/\b([a-z0-9]+-[a-z0-9]+)-[0-9a-f]{6}(-[0-9a-f]{8})?\b/g, '$1-<host>'],
  // A client secret: Entra ID marks them by 8Q~ in the fifth place.
  [/[\w.~-]{4}8Q~[\w.~-]{34}/g, '<client secret>'],
  [/ssh-rsa [\w+/=]+/g, '<ssh key>'],
  [/\b(?=[\w+/-]*\d)[\w+/-]{64,}={0,2}/g, '<base64>'],
  [/127\.0\.0\.1:\d+/g, '127.0.0.1:<port>'],
];

/** A text of one lab with everything replaced that an equal lab has otherwise. */
export function normaliseText(text: string, known: KnownValues): string {
  const named = Object.entries(known)
    .filter(([, value]) => value !== '')
    .sort(([, a], [, b]) => b.length - a.length)
    .reduce((rest, [name, value]) => rest.replaceAll(value, `<${name}>`), text);
  return VARYING.reduce((rest, [pattern, replace]) => rest.replaceAll(pattern, replace as string), named);
}

/** The same for what `az` printed: parsed where it is JSON, so that a difference names its place. */
export function normaliseOutput(text: string, known: KnownValues): Json {
  let parsed: Json;
  try {
    parsed = JSON.parse(text) as Json;
  } catch {
    return normaliseText(text, known);
  }
  return normaliseJson(parsed, known);
}

function normaliseJson(value: Json, known: KnownValues): Json {
  if (typeof value === 'string') return normaliseText(value, known);
  if (typeof value === 'number') return value > EPOCH_SECONDS ? '<epoch>' : value;
  if (Array.isArray(value)) return value.map((item: Json) => normaliseJson(item, known));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [
      normaliseText(key, known),
      normaliseJson(PERMISSION_LISTS.includes(key) && Array.isArray(inner) ? sortedTexts(inner) : inner, known),
    ]),
  );
}

/** Permissions are a set to the real az: their order differs from run to run. */
const PERMISSION_LISTS = ['certificates', 'keys', 'secrets', 'storage'];

function sortedTexts(list: readonly Json[]): readonly Json[] {
  return list.filter((item) => typeof item === 'string').sort();
}

/** The first line of an error, without what az prints before it (warnings) and after it. */
export function firstErrorLine(stderr: string, known: KnownValues): string | undefined {
  const line = stderr.split('\n').find((candidate) => candidate.startsWith('ERROR: '));
  return line === undefined ? undefined : normaliseText(line, known);
}
