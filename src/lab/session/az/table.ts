import type { TableColumn } from './command.ts';
import { at, isObject, type Json, type JsonObject } from './json.ts';
import { renderScalar } from './tsv.ts';

/** Keys that a table leaves out (knack's `SKIP_KEYS`). */
const LEFT_OUT = ['id', 'type', 'etag', 'revision'];

type Row = ReadonlyMap<string, string | undefined>;

/** What a table is made from. */
export interface TableSource {
  readonly value: Json;
  readonly columns?: readonly TableColumn[] | undefined;
  readonly queried: boolean;
}

/**
 * The table of an answer: knack's choice of columns, laid out as tabulate's `simple` format. An empty
 * list, and what has nothing that a table could show, is an empty line, as az prints it.
 */
export function renderTable({ value, columns, queried }: TableSource): string {
  const items = Array.isArray(value) ? (value as readonly Json[]) : [value];
  const rows = items.map((item) =>
    columns !== undefined && !queried && isObject(item) ? columnRow(item, columns) : automaticRow(item, !queried),
  );
  const headers = [...new Set(rows.flatMap((row) => [...row.keys()]))];
  return headers.length === 0 ? '\n' : layOut(headers, rows);
}

function columnRow(item: JsonObject, columns: readonly TableColumn[]): Row {
  return new Map(
    columns.flatMap(([header, path, empty]) => {
      const found = at(item, path);
      if (empty === 'blank' && (found === undefined || found === null || found === false))
        return [[header, ''] as const];
      return isScalar(found) && found !== null ? [[header, renderScalar(found)] as const] : [];
    }),
  );
}

function automaticRow(item: Json, sorted: boolean): Row {
  if (Array.isArray(item)) {
    return new Map(
      item.map((cell: Json, index) => [`Column${index + 1}`, isScalar(cell) ? renderScalar(cell) : pythonText(cell)]),
    );
  }
  if (!isObject(item)) return new Map([['Result', renderScalar(item as string | number | boolean | null)]]);
  const keys = Object.keys(item);
  if (sorted) keys.sort((a, b) => (a < b ? -1 : 1));
  return new Map(
    keys.flatMap((key) => {
      const cell = item[key];
      if (LEFT_OUT.includes(key) || !isScalar(cell) || cell === null) return [];
      return [[key.charAt(0).toUpperCase() + key.slice(1), renderScalar(cell)] as const];
    }),
  );
}

function isScalar(value: Json | undefined): value is string | number | boolean | null {
  return value !== undefined && (value === null || typeof value !== 'object');
}

function pythonText(value: Json | undefined): string {
  if (typeof value === 'string') return `'${value}'`;
  if (Array.isArray(value)) return `[${value.map((item: Json) => pythonText(item)).join(', ')}]`;
  if (isObject(value)) {
    return `{${Object.entries(value)
      .map(([key, inner]) => `'${key}': ${pythonText(inner)}`)
      .join(', ')}}`;
  }
  return renderScalar(value as number | boolean | null | undefined) ?? 'None';
}

function layOut(headers: readonly string[], rows: readonly Row[]): string {
  // tabulate pads every header by two (MIN_PADDING) before it looks at the cells.
  const widths = headers.map((header) =>
    Math.max(header.length + 2, ...rows.map((row) => textWidth(row.get(header) ?? ''))),
  );
  const line = (cells: readonly string[]) =>
    cells
      .map((cell, index) => cell + ' '.repeat(Math.max(0, (widths[index] ?? 0) - textWidth(cell))))
      .join('  ')
      .trimEnd();
  return [
    line(headers),
    widths.map((width) => '-'.repeat(width)).join('  '),
    ...rows.map((row) => line(headers.map((header) => row.get(header) ?? ''))),
    '',
  ].join('\n');
}

/** Letters, not UTF-16 units. */
function textWidth(text: string): number {
  return Array.from(text).length;
}
