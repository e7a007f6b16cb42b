import { AzureError } from '../rest/azure-error.ts';
import type { GraphObject } from './graph-objects.ts';

// A word that joins clauses, outside quotes: an even number of them follows.
const JOINT = /\s+(or|and)\s+(?=(?:[^']*'[^']*')*[^']*$)/i;
const TEXT = String.raw`'((?:[^']|'')*)'`;
const EQUALS = new RegExp(String.raw`^(\w+)\s+eq\s+${TEXT}$`);
const ANY_EQUALS = new RegExp(String.raw`^(\w+)/any\(\s*(\w+)\s*:\s*(\w+)\s+eq\s+${TEXT}\s*\)$`);
const STARTS_WITH = new RegExp(String.raw`^startswith\(\s*(\w+)\s*,\s*${TEXT}\s*\)$`, 'i');

/**
 * Reads the filters that az and Terraform use: `field eq 'x'`, `field/any(c:c eq 'x')`, `startswith(field,'x')`, joined
 * by `or` or by `and`. Letters' case is ignored, as Graph does. Throws 400 Request_UnsupportedQuery for anything else.
 */
export function parseGraphFilter(filter: string): (object: GraphObject) => boolean {
  const parts = filter.trim().split(JOINT);
  const tests = parts.filter((_part, index) => index % 2 === 0).map((part) => parseTest(part.trim()));
  const words = new Set(parts.filter((_part, index) => index % 2 === 1).map((word) => word.toLowerCase()));
  if (words.size > 1) throw unsupported();
  return words.has('and')
    ? (object) => tests.every((test) => test(object))
    : (object) => tests.some((test) => test(object));
}

function parseTest(text: string): (object: GraphObject) => boolean {
  const equals = EQUALS.exec(text);
  if (equals !== null) {
    const [, field = '', value = ''] = equals;
    return (object) => fold(object[field]) === unquote(value);
  }
  const any = ANY_EQUALS.exec(text);
  if (any !== null && any[2] === any[3]) {
    const [, field = '', , , value = ''] = any;
    return (object) => {
      const values = object[field];
      return Array.isArray(values) && values.some((each) => fold(each) === unquote(value));
    };
  }
  const startsWith = STARTS_WITH.exec(text);
  if (startsWith !== null) {
    const [, field = '', value = ''] = startsWith;
    return (object) => fold(object[field])?.startsWith(unquote(value)) === true;
  }
  throw unsupported();
}

function fold(value: unknown): string | undefined {
  return typeof value === 'string' ? value.toLowerCase() : undefined;
}

function unquote(value: string): string {
  return value.replaceAll("''", "'").toLowerCase();
}

function unsupported(): AzureError {
  return new AzureError(400, 'Request_UnsupportedQuery', 'Unsupported or invalid query filter clause specified.');
}
