import { jsonEqual } from '../json.ts';
import type { FieldIssue } from '../status-errors.ts';

/** A field that must be there (field.Required of apimachinery). */
export function requiredIssue(field: string, detail?: string): FieldIssue {
  return { field, reason: 'FieldValueRequired', ...(detail === undefined ? {} : { detail }) };
}

/** A value that is not allowed there (field.Invalid). */
export function invalidIssue(field: string, value: unknown, detail: string): FieldIssue {
  return { field, reason: 'FieldValueInvalid', value, detail };
}

/** A field that may not be there, or not with the others (field.Forbidden). */
export function forbiddenIssue(field: string, detail: string): FieldIssue {
  return { field, reason: 'FieldValueForbidden', detail };
}

/** A value that is there twice (field.Duplicate). */
export function duplicateIssue(field: string, value: unknown): FieldIssue {
  return { field, reason: 'FieldValueDuplicate', value };
}

/** No issue where the value is one of `allowed` or missing, else field.NotSupported, which lists them. */
export function choiceIssues(field: string, value: unknown, allowed: readonly string[]): FieldIssue[] {
  if (value === undefined || allowed.some((known) => known === value)) return [];
  const list = allowed.map((text) => JSON.stringify(text)).join(', ');
  return [{ field, reason: 'FieldValueNotSupported', value, detail: `supported values: ${list}` }];
}

/** A number below zero (ValidateNonnegativeField); a missing one is none. */
export function negativeIssues(field: string, value: unknown): FieldIssue[] {
  return typeof value === 'number' && value < 0
    ? [invalidIssue(field, value, 'must be greater than or equal to 0')]
    : [];
}

/** A value that was changed though it is fixed at creation (ValidateImmutableField). */
export function changedIssues(field: string, value: unknown, before: unknown): FieldIssue[] {
  return jsonEqual(value, before) ? [] : [invalidIssue(field, value, 'field is immutable')];
}

/** A number or percentage below zero or above a hundred percent (ValidatePositiveIntOrPercent, IsNotMoreThan100Percent). */
export function countOrPercentIssues(field: string, value: unknown): FieldIssue[] {
  if (typeof value === 'number') return negativeIssues(field, value);
  if (typeof value !== 'string') return [];
  const percent = /^([0-9]+)%$/.exec(value);
  if (percent === null) {
    return [
      invalidIssue(
        field,
        value,
        "a valid percent string must be a numeric string followed by an ending '%' (e.g. '1%',  or '93%', regex used for validation is '[0-9]+%')",
      ),
    ];
  }
  return Number(percent[1]) > 100 ? [invalidIssue(field, value, 'must not be greater than 100%')] : [];
}

/** What is wrong with a number as a port. */
export function portIssues(field: string, value: unknown): FieldIssue[] {
  return typeof value === 'number' && value >= 1 && value <= 65_535
    ? []
    : [invalidIssue(field, value, 'must be between 1 and 65535, inclusive')];
}
