import type { KubeObject } from '#kube';
import { isRecord, listOf, recordOf, recordsOf, valueAt } from '../json.ts';

/** What a cell shows for nothing. */
export const NONE = '<none>';

/** The text under a path; '' for none. */
export function text(object: KubeObject, ...path: readonly string[]): string {
  const value = valueAt(object, path);
  if (typeof value === 'string') return value;
  return value === undefined || value === null ? '' : JSON.stringify(value);
}

/** The number under a path; 0 for none. */
export function count(object: KubeObject, ...path: readonly string[]): number {
  const value = valueAt(object, path);
  return typeof value === 'number' ? value : 0;
}

/** How many fields an object has. */
export function size(value: unknown): number {
  return isRecord(value) ? Object.keys(value).length : 0;
}

/** A structured selector in one line, as FormatLabelSelector of apimachinery prints it. */
export function selectorText(selector: unknown): string {
  const { matchLabels, matchExpressions } = recordOf(selector);
  const expressions = recordsOf(matchExpressions).map(({ key, operator, values }) => {
    const list = `(${listOf(values).join(',')})`;
    switch (operator) {
      case 'In':
        return `${String(key)} in ${list}`;
      case 'NotIn':
        return `${String(key)} notin ${list}`;
      case 'DoesNotExist':
        return `!${String(key)}`;
      default:
        return String(key);
    }
  });
  return [...labelTexts(matchLabels), ...expressions].join(',') || NONE;
}

/** Names or images of a template's containers, joined. */
export function containersOf(
  object: KubeObject,
  field: 'name' | 'image',
  path: readonly string[] = ['spec', 'template', 'spec', 'containers'],
): string {
  return recordsOf(valueAt(object, path))
    .map((container) => String(container[field]))
    .join(',');
}

/** Labels in one line, by key; `<none>` for none. */
export function labelsText(labels: unknown): string {
  return labelTexts(labels).join(',') || NONE;
}

function labelTexts(labels: unknown): string[] {
  return Object.entries(recordOf(labels))
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, value]) => `${key}=${String(value)}`);
}

/** The first `most` of a list, and how many more there are; `''` and `<unset>`-like texts are the caller's. */
export function shortList(items: readonly string[], most: number): string {
  const shown = items.slice(0, most).join(',');
  return items.length > most ? `${shown} + ${items.length - most} more...` : shown;
}
