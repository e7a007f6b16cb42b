import { nearest, type Issue } from '#base';
import type { ObjectEntry } from './object-entries.ts';

/** The fields that an entry of `objects` may have: upstream's, then ours. */
export const OBJECT_FIELDS = [
  'objectName',
  'objectType',
  'objectAlias',
  'objectVersion',
  'objectVersionHistory',
  'objectFormat',
  'objectEncoding',
  'filePermission',
  'keyvaultName',
  'optional',
  'objectNamePattern',
  'objectTags',
  'includeCertificates',
  'writeCertAndKeyInSeparateFiles',
  'jsonPath',
  'jsonFiles',
] as const;
/** One of {@link OBJECT_FIELDS}. */
export type ObjectField = (typeof OBJECT_FIELDS)[number];

/** The fields of one entry. What is wrong with them goes to the issues of the class, each with its path and line. */
export interface ObjectFields {
  /** The field's text without the blanks around it; empty where it is missing or no text. */
  text(field: ObjectField): string;
  /** A boolean as Go's ParseBool reads it, which upstream uses for the parameters; false where it is missing. */
  flag(field: ObjectField): boolean;
  /** The field as a map of texts; undefined where it is missing or wrong. */
  texts(field: ObjectField): Readonly<Record<string, string>> | undefined;
  has(field: ObjectField): boolean;
  isText(field: ObjectField): boolean;
  refuse(field: ObjectField, message: string): void;
  /** How many issues this entry has so far. */
  readonly issueCount: number;
}

const TRUE = ['1', 't', 'T', 'TRUE', 'true', 'True'];
const FALSE = ['0', 'f', 'F', 'FALSE', 'false', 'False', ''];
const MAX_KEYS = 100;

/** Reads the fields of `entry`. `label` begins the first of all issues, as upstream's single message begins. */
export function createObjectFields(entry: ObjectEntry, issues: Issue[], label: () => string): ObjectFields {
  const { at, fields } = entry;
  const before = issues.length;
  const add = (field: ObjectField, message: string) =>
    void issues.push({ path: `${at}.${field}`, message, line: entry.lineOf(field) });
  const text = (field: ObjectField): string => {
    const value = fields[field];
    if (value === undefined) return '';
    if (typeof value !== 'string') {
      add(field, 'expected a text');
      return '';
    }
    const invisible = firstInvisible(value);
    if (invisible === undefined) return value.trim();
    add(field, `field ${field} contains ${invisible}: delete it, or type the value anew`);
    return value.replace(INVISIBLE, '').trim();
  };
  // Upstream begins with the label and stops there. Here every issue is told: the label once, the place each time.
  const refuse = (field: ObjectField, message: string) =>
    add(field, issues.length === 0 ? `${label()}: ${message}` : message);
  return {
    text,
    flag(field) {
      const value = text(field);
      if (!TRUE.includes(value) && !FALSE.includes(value)) {
        refuse(field, `failed to parse ${field} flag: "${value.slice(0, 40)}" is neither true nor false`);
      }
      return TRUE.includes(value);
    },
    texts(field) {
      const value = fields[field];
      if (value === undefined || value === '') return undefined;
      const entries = typeof value === 'object' && value !== null && !Array.isArray(value) ? Object.entries(value) : [];
      if (entries.length === 0 || entries.length > MAX_KEYS || entries.some(([, each]) => typeof each !== 'string')) {
        refuse(field, `${field} is not valid: expected 1 to ${MAX_KEYS} lines like "name: value" below it`);
        return undefined;
      }
      return Object.fromEntries(entries.map(([key, each]: [string, string]) => [key, each.trim()]));
    },
    isText: (field) => typeof fields[field] === 'string',
    has: (field) => fields[field] !== undefined && fields[field] !== '',
    refuse,
    get issueCount() {
      return issues.length - before;
    },
  };
}

/** Characters of Unicode's format category, which nobody sees, but for the soft hyphen; pasting from a web page brings them. */
const INVISIBLE = /(?!\u00ad)\p{Cf}/gu;
/** What upstream calls the frequent ones. */
const INVISIBLE_NAMES: Readonly<Record<string, string>> = {
  '\u200b': 'Zero Width Space',
  '\u200c': 'Zero Width Non-Joiner',
  '\u200d': 'Zero Width Joiner',
  '\u2060': 'Word Joiner',
  '\ufeff': 'Zero Width No-Break Space/BOM',
};

/** The first invisible character of a text, in upstream's words; undefined where there is none. */
function firstInvisible(text: string): string | undefined {
  const at = text.search(INVISIBLE);
  if (at < 0) return undefined;
  const point = text.codePointAt(at) ?? 0;
  const name = INVISIBLE_NAMES[String.fromCodePoint(point)];
  const code = point.toString(16).toUpperCase().padStart(4, '0');
  const what = name === undefined ? 'format character' : `character ${name}`;
  return `invisible ${what} (U+${code}) at position ${Buffer.byteLength(text.slice(0, at))}`;
}

/** What helps where `field` is missing: an entry's field that looks like it. */
export function misspelt(field: ObjectField, { fields }: ObjectEntry): string {
  const meant = nearest(field, unknownFields(fields));
  return meant === undefined ? '' : `; the entry has "${meant}": did you mean ${field}?`;
}

/** A field that is ignored, as upstream ignores it, although its author most likely meant a known one. */
export interface MisspeltField {
  readonly at: string;
  readonly line: number;
  readonly field: string;
  readonly meant: ObjectField;
}

/** The fields of an entry that look like ones that it does not have. */
export function misspeltFields(entry: ObjectEntry): MisspeltField[] {
  const missing = OBJECT_FIELDS.filter((field) => entry.fields[field] === undefined);
  return unknownFields(entry.fields).flatMap((field) => {
    const meant = nearest(field, missing);
    return meant === undefined ? [] : [{ at: entry.at, line: entry.lineOf(field), field, meant }];
  });
}

/** A person's entry has hardly one; what a program wrote is not worth the time of the node's other mounts. */
const MAX_UNKNOWN = 20;

function unknownFields(fields: Readonly<Record<string, unknown>>): string[] {
  const known: readonly string[] = OBJECT_FIELDS;
  return Object.keys(fields)
    .filter((name) => !known.includes(name))
    .slice(0, MAX_UNKNOWN);
}
