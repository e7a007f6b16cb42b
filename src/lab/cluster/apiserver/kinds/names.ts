import type { FieldIssue } from '../status-errors.ts';

const LABEL = '[a-z0-9]([-a-z0-9]*[a-z0-9])?';
const SUBDOMAIN = `${LABEL}(\\.${LABEL})*`;

const SUBDOMAIN_TEXT = `a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '${SUBDOMAIN}')`;
const LABEL_TEXT = `a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '${LABEL}')`;

const LETTER_LABEL = '[a-z]([-a-z0-9]*[a-z0-9])?';
const LETTER_LABEL_TEXT = `a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is '${LETTER_LABEL}')`;

/** What is wrong with `value` as a label of RFC 1123. */
export function labelNameIssue(field: string, value: string): FieldIssue | undefined {
  if (value.length > 63)
    return { field, reason: 'FieldValueInvalid', value, detail: 'must be no more than 63 characters' };
  return new RegExp(`^${LABEL}$`).test(value)
    ? undefined
    : { field, reason: 'FieldValueInvalid', value, detail: LABEL_TEXT };
}

/** What is wrong with `value` as a label of RFC 1035, which begins with a letter. */
export function letterLabelIssue(field: string, value: string): FieldIssue | undefined {
  if (value.length > 63) {
    return { field, reason: 'FieldValueInvalid', value, detail: 'must be no more than 63 characters' };
  }
  return new RegExp(`^${LETTER_LABEL}$`).test(value)
    ? undefined
    : { field, reason: 'FieldValueInvalid', value, detail: LETTER_LABEL_TEXT };
}

/** What is wrong with `value` as a subdomain of RFC 1123. */
export function subdomainIssue(field: string, value: string): FieldIssue | undefined {
  if (value.length > 253) {
    return { field, reason: 'FieldValueInvalid', value, detail: 'must be no more than 253 characters' };
  }
  return new RegExp(`^${SUBDOMAIN}$`).test(value)
    ? undefined
    : { field, reason: 'FieldValueInvalid', value, detail: SUBDOMAIN_TEXT };
}

/** What is wrong with a port's name (IsValidPortName of apimachinery). */
export function portNameProblems(name: string): string[] {
  return [
    ...(name.length > 15 ? ['must be no more than 15 characters'] : []),
    ...(/^[-a-z0-9]+$/.test(name) ? [] : ['must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)']),
    ...(/[a-z]/.test(name) ? [] : ['must contain at least one letter (a-z)']),
    ...(name.includes('--') ? ['must not contain consecutive hyphens'] : []),
    ...(/^-|-$/.test(name) ? ['must not begin or end with a hyphen'] : []),
  ];
}

const LABEL_VALUE = /^(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?$/;
const LABEL_VALUE_TEXT = `a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')`;

/** What is wrong with a label's value (IsValidLabelValue of apimachinery). */
export function labelValueProblem(value: string): string | undefined {
  if (value.length > 63) return 'must be no more than 63 characters';
  return LABEL_VALUE.test(value) ? undefined : LABEL_VALUE_TEXT;
}
