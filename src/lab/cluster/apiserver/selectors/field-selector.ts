import type { KubeObject } from '#kube';
import { valueAt } from '../json.ts';
import type { FieldReaders } from '../kinds/kind.ts';
import { badRequest } from '../status-errors.ts';

/** One condition of a field selector; all of them must hold. */
export interface FieldRequirement {
  readonly field: string;
  readonly equal: boolean;
  readonly value: string;
}

/** Fields that every resource can be selected by. */
export const COMMON_SELECTABLE_FIELDS = ['metadata.name', 'metadata.namespace'] as const;

/** Parses `a=b`, `a==b`, `a!=b` joined by commas. Throws 400 for anything else and for a field that `selectable` does not name. */
export function parseFieldSelector(text: string, selectable: readonly string[]): FieldRequirement[] {
  return text
    .split(',')
    .filter((part) => part.trim() !== '')
    .map((part) => {
      const match = /^\s*([^=!\s]+)\s*(==|=|!=)\s*(.*?)\s*$/.exec(part);
      if (match === null) throw badRequest(`invalid selector: '${text}'; can't understand '${part}'`);
      const [, field = '', operator, value = ''] = match;
      if (![...COMMON_SELECTABLE_FIELDS, ...selectable].includes(field)) {
        throw badRequest(
          selectable.length > 0
            ? `field label not supported: ${field}`
            : `${JSON.stringify(field)} is not a known field selector: only "metadata.name", "metadata.namespace"`,
        );
      }
      return { field, equal: operator !== '!=', value };
    });
}

/** Whether the object meets every requirement. A field that is missing counts as the empty text. */
export function matchesFields(
  requirements: readonly FieldRequirement[],
  object: KubeObject,
  readers: FieldReaders = {},
): boolean {
  return requirements.every(({ field, equal, value }) => {
    const found = readers[field]?.(object) ?? valueAt(object, field.split('.'));
    return (fieldText(found) === value) === equal;
  });
}

function fieldText(value: unknown): string {
  if (value === undefined || value === null) return '';
  return typeof value === 'string' ? value : JSON.stringify(value);
}
