/** One step into a JSON value: a name of an object, or a place of a list (negative: from its end). */
export type JsonStep = string | number;

/** The steps of a path, or why there are none. */
export type ParsedJsonPath =
  { readonly ok: true; readonly steps: readonly JsonStep[] } | { readonly ok: false; readonly problem: string };

const MAX_LENGTH = 1000;
const NAME = /\.([\p{L}\p{N}_][\p{L}\p{N}_-]*)/uy;
const INDEX = /\[ *(0|-?[1-9]\d{0,8}) *\]/y;
const QUOTED = /\[ *(?:"((?:[^"\\]|\\.)*)"|'((?:[^'\\]|\\.)*)') *\]/y;

/**
 * Parses a singular query of RFC 9535 (2.3.5.1): `$`, then `.name`, `['any name']` or `[0]`. It names at most one value,
 * so it needs no filters, wildcards or scripts, and there are none. Beyond the RFC a name after a dot may have dashes and
 * begin with a digit, as the names of settings do.
 */
export function parseJsonPath(text: string): ParsedJsonPath {
  if (text.length > MAX_LENGTH) return refuse(`is longer than ${MAX_LENGTH} characters`);
  if (!text.startsWith('$')) return refuse(`begins with $, for example $.${/^[\w-]+$/.test(text) ? text : 'password'}`);
  const steps: JsonStep[] = [];
  let at = 1;
  while (at < text.length) {
    const step = readStep(text, at);
    if (step === undefined) {
      return refuse(`cannot be read at "${text.slice(at, at + 20)}": use .name, ['any name'] or [0]`);
    }
    steps.push(step.value);
    at = step.end;
  }
  return { ok: true, steps };
}

function refuse(problem: string): ParsedJsonPath {
  return { ok: false, problem };
}

function readStep(text: string, at: number): { readonly value: JsonStep; readonly end: number } | undefined {
  const match = (pattern: RegExp) => {
    pattern.lastIndex = at;
    return pattern.exec(text);
  };
  const name = match(NAME);
  if (name?.[1] !== undefined) return { value: name[1], end: at + name[0].length };
  const index = match(INDEX);
  if (index !== null) return { value: Number(index[1]), end: at + index[0].length };
  const quoted = match(QUOTED);
  const value = quoted === null ? undefined : unquote(quoted[1] ?? quoted[2] ?? '');
  return quoted === null || value === undefined ? undefined : { value, end: at + quoted[0].length };
}

/** The text of a quoted name: JSON's escapes, and \' as well. */
function unquote(inner: string): string | undefined {
  const json = inner.replace(/\\[^]|"/g, (found) => (found === "\\'" ? "'" : found === '"' ? '\\"' : found));
  try {
    return JSON.parse(`"${json}"`) as string;
  } catch {
    return undefined;
  }
}
