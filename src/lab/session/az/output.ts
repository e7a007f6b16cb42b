import { isObject, type Json } from './json.ts';
import type { TableColumn } from './command.ts';
import type { OutputFormat } from './options.ts';
import { renderTable } from './table.ts';
import { renderTsv } from './tsv.ts';

/** What is printed, and what the formats need to know of it. */
export interface Rendering {
  readonly value: Json;
  readonly format: OutputFormat;
  /** The command's own table columns; they do not apply to a query's answer. */
  readonly columns?: readonly TableColumn[] | undefined;
  /** Whether `value` is a query's answer: then the order of its keys counts. */
  readonly queried: boolean;
  /** Whether an object was made by the query (its keys keep their order) rather than taken from the answer. */
  readonly madeByQuery: (object: object) => boolean;
  readonly colour: boolean;
}

/** The text of an answer in one of az's formats (knack's output.py), with its line end; empty for none. */
export async function renderOutput(rendering: Rendering): Promise<string> {
  const { value, format } = rendering;
  switch (format) {
    case 'none':
      return '';
    case 'json':
      return `${renderJson(value)}\n`;
    case 'jsonc':
      return `${rendering.colour ? colourJson(renderJson(value)) : renderJson(value)}\n`;
    case 'yaml':
    case 'yamlc': {
      const { renderYaml } = await import('./yaml-text.ts');
      return renderYaml(sortKeys(value));
    }
    case 'tsv':
      return renderTsv(value, rendering.madeByQuery);
    case 'table':
    default:
      return renderTable(rendering);
  }
}

/** JSON as az prints it: keys sorted, two spaces, letters of every language as they are. */
export function renderJson(value: Json): string {
  return JSON.stringify(sortKeys(value), null, 2);
}

/** The same value with the keys of every object in code point order, as Python sorts them. */
export function sortKeys(value: Json | undefined): Json {
  if (Array.isArray(value)) return value.map((item) => sortKeys(item as Json));
  if (!isObject(value)) return (value ?? null) as Json;
  const keys = Object.keys(value).sort((a, b) => (a < b ? -1 : 1));
  return Object.fromEntries(keys.map((key) => [key, sortKeys(value[key])]));
}

const KEY = '\u001B[34m';
const TEXT = '\u001B[33m';
const PLAIN = '\u001B[39m';

function colourJson(json: string): string {
  return json.replace(/"(?:[^"\\]|\\.)*"(:?)/g, (word, colon: string) =>
    colon === ':' ? `${KEY}${word.slice(0, -1)}${PLAIN}:` : `${TEXT}${word}${PLAIN}`,
  );
}
