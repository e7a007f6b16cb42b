import { isScalar, LineCounter, parseDocument, visit, type Document, type YAMLParseError } from 'yaml';

/** YAML that could be read, with where its parts stand; or the first thing that is wrong with it. */
export type ReadYaml =
  | { readonly ok: true; readonly value: unknown; readonly document: Document; lineAt(offset: number): number }
  | { readonly ok: false; readonly problem: YamlProblem };

/** Why a text is no YAML. */
export interface YamlProblem {
  /** What is wrong, and what of the line may be told (see {@link shownOf}). */
  readonly message: string;
  /** From 1. */
  readonly line: number;
}

/** In words for a person, by the library's code; others keep the library's words. */
const WORDS: Readonly<Record<string, string>> = {
  TAB_AS_INDENT: 'a tab cannot indent, use spaces',
  DUPLICATE_KEY: 'the field is given twice',
  MULTIPLE_DOCS: 'the text ends at a line "---"',
  MULTILINE_IMPLICIT_KEY: 'a colon and a value are missing after the name',
  BLOCK_AS_IMPLICIT_KEY: 'a value with a colon and a space in it has to stand in quotes',
};
const INDENTED_MORE = 'it is indented more than the field before it';
const MAX_QUOTED = 60;

/**
 * Reads YAML by the fail-safe schema, which knows maps, lists and texts only: what a person wrote as 0644 stays "0644",
 * as it does for upstream's Go decoder. A text that is wrong in several places is told by its first: what follows is
 * mostly a consequence.
 */
export function readYaml(text: string): ReadYaml {
  const lines = new LineCounter();
  const lineAt = (offset: number) => lines.linePos(offset).line;
  try {
    const document = parseDocument(text, {
      schema: 'failsafe',
      lineCounter: lines,
      prettyErrors: false,
      logLevel: 'error',
    });
    const [error, second] = document.errors;
    if (error !== undefined) return { ok: false, problem: explain(error, second, document, text, lineAt) };
    return { ok: true, value: document.toJS({ maxAliasCount: 100 }), document, lineAt };
  } catch (error) {
    // Aliases without an anchor or too many of them, and nesting that no stack holds.
    const message = error instanceof ReferenceError ? libraryWords(error) : 'it is nested too deeply';
    return { ok: false, problem: { message, line: 1 } };
  }
}

function explain(
  error: YAMLParseError,
  second: YAMLParseError | undefined,
  document: Document,
  text: string,
  lineAt: (offset: number) => number,
): YamlProblem {
  // A field that is indented too far becomes a part of the value before it; the library then points at that value.
  const runsOn = error.code === 'BLOCK_AS_IMPLICIT_KEY' && second?.code === 'MULTILINE_IMPLICIT_KEY';
  const line = lineAt(runsOn ? second.pos[1] : (openQuote(error, document) ?? error.pos[0]));
  const content = text.split('\n', line).at(-1) ?? '';
  const code = /^ *\t/.test(content) ? 'TAB_AS_INDENT' : error.code;
  const reason = runsOn && code === error.code ? INDENTED_MORE : (WORDS[code] ?? libraryWords(error));
  return { message: `${reason}: ${quote(shownOf(content.trim()))}`, line };
}

/** Where the quotes begin whose end is missing: the library points at the end of the text. */
function openQuote(error: YAMLParseError, document: Document): number | undefined {
  if (error.code !== 'MISSING_CHAR' || !error.message.startsWith('Missing closing')) return undefined;
  let start: number | undefined;
  visit(document, {
    Scalar: (_key, node) => {
      if (node.type?.startsWith('QUOTE') === true && isScalar(node)) start = node.range?.[0];
    },
  });
  return start;
}

/** What a line of `objects` begins with that is for no secret. */
const KNOWN_FIELD = /^(?:- *)?["']?(?:array|object[A-Za-z]*|filePermission)\b/i;
const ANY_FIELD = /^(?:- *)?["']?[\w.-]{1,40}["']?:(?= |$)/;

/**
 * What of a line goes into an event and a log, which more people read than the class: all of it where it begins with a
 * field of an object; of others the name alone, since a person may have put a secret where none belongs.
 */
function shownOf(line: string): string {
  if (KNOWN_FIELD.test(line) || line.length <= 3) return line;
  return `${ANY_FIELD.exec(line)?.[0] ?? ''} …`.trimStart();
}

/** The library's words without the piece of the text that some of them end with. */
function libraryWords({ message }: Error): string {
  return lowerFirst(message.replace(/(?<=[\w)]): [^]*$/, ''));
}

function quote(content: string): string {
  return JSON.stringify(content.length > MAX_QUOTED ? `${content.slice(0, MAX_QUOTED)}…` : content);
}

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}
