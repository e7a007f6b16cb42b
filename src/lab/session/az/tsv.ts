import { isObject, type Json } from './json.ts';

/**
 * Tab-separated rows without a header, as knack's `_TsvOutput` writes them: a list of rows, else one row. Inside a
 * row an object is empty, a list its length, null `None` and a boolean `True` or `False`; a row that is a boolean
 * itself is `true` or `false`.
 */
export function renderTsv(value: Json, keepsOrder: (object: object) => boolean): string {
  const rows = Array.isArray(value) ? value : [value];
  return rows.map((row: Json) => `${renderRow(row, keepsOrder)}\n`).join('');
}

function renderRow(row: Json, keepsOrder: (object: object) => boolean): string {
  if (Array.isArray(row)) return row.map((cell: Json) => renderCell(cell)).join('\t');
  if (isObject(row)) {
    const keys = Object.keys(row);
    const ordered = keepsOrder(row) ? keys : keys.sort((a, b) => (a < b ? -1 : 1));
    return ordered.map((key) => renderCell(row[key])).join('\t');
  }
  return typeof row === 'boolean' ? String(row) : renderCell(row);
}

function renderCell(cell: Json | undefined): string {
  if (Array.isArray(cell)) return String(cell.length);
  if (isObject(cell)) return '';
  return renderScalar(cell as string | number | boolean | null | undefined) ?? 'None';
}

/** A scalar as Python's str() writes it; undefined for null. */
export function renderScalar(value: string | number | boolean | null | undefined): string | undefined {
  if (value === null || value === undefined) return undefined;
  if (typeof value === 'boolean') return value ? 'True' : 'False';
  return String(value);
}
