import { didYouMean, nearest, type Issue } from '#base';
import { readObjectEntries, type ObjectEntry } from './object-entries.ts';

/** The kinds of vault objects, as `objectType` names them (matched exactly, as upstream does). */
export const OBJECT_TYPES = ['secret', 'key', 'cert'] as const;
/** One of {@link OBJECT_TYPES}. */
export type ObjectType = (typeof OBJECT_TYPES)[number];

/** How the text of a secret becomes bytes. */
export const OBJECT_ENCODINGS = ['utf-8', 'hex', 'base64'] as const;
/** One of {@link OBJECT_ENCODINGS}. */
export type ObjectEncoding = (typeof OBJECT_ENCODINGS)[number];

/** The form of the private side of a certificate. */
export const OBJECT_FORMATS = ['pem', 'pfx'] as const;
/** One of {@link OBJECT_FORMATS}. */
export type ObjectFormat = (typeof OBJECT_FORMATS)[number];

/** One entry of `objects`, all fields decided. */
export interface ObjectSpec {
  /** Where it stands, for messages about it: `spec.parameters.objects[2]`. */
  readonly at: string;
  /** The line of the `objects` text where it begins. */
  readonly line: number;
  readonly type: ObjectType;
  readonly name: string;
  /** The file to write, relative to the volume. */
  readonly path: string;
  /** Undefined: the current version. */
  readonly version: string | undefined;
  /** How many versions to write; 0 or 1: just one. */
  readonly versionHistory: number;
  readonly format: ObjectFormat;
  readonly encoding: ObjectEncoding;
  /** Permission bits; undefined: the mount's own. */
  readonly mode: number | undefined;
}

const MAX_PATH_LENGTH = 4096;
const MAX_NAME_LENGTH = 255;

/** The words that begin every message about one object. */
export function objectLabel(object: { type: string; name: string; version: string | undefined }): string {
  return `failed to get objectType:${object.type}, objectName:${object.name}, objectVersion:${object.version ?? ''}`;
}

/** The fields that an entry may have; others are ignored, as upstream does. */
const FIELDS = [
  'objectName',
  'objectType',
  'objectAlias',
  'objectVersion',
  'objectVersionHistory',
  'objectFormat',
  'objectEncoding',
  'filePermission',
] as const;
type Field = (typeof FIELDS)[number];

/**
 * Parses the `objects` parameter (object-entries.ts). Scalars keep their text (`0644`, `1e5`, `true` stay as written). Adds all
 * that is wrong to `issues`, with paths like `spec.parameters.objects[2].objectType` and the line of the text.
 */
export function parseObjects(text: string, issues: Issue[]): ObjectSpec[] {
  return readObjectEntries(text, issues).flatMap((entry) => {
    const spec = parseObject(entry, issues);
    return spec === undefined ? [] : [spec];
  });
}

function parseObject(entry: ObjectEntry, issues: Issue[]): ObjectSpec | undefined {
  const { at, line, fields } = entry;
  const before = issues.length;
  const field = (name: Field): string => {
    const value = fields[name];
    if (value === undefined) return '';
    if (typeof value === 'string') return value.trim();
    issues.push({ path: `${at}.${name}`, message: 'expected a text', line: entry.lineOf(name) });
    return '';
  };
  const name = field('objectName');
  const typeText = field('objectType');
  const versionText = field('objectVersion');
  const label = objectLabel({ type: typeText, name, version: versionText });
  const refuse = (fieldName: Field, message: string) => {
    // Upstream begins with the label and stops there. Here every issue is told: the label once, the place each time.
    const labelled = issues.length === 0 ? `${label}: ${message}` : message;
    issues.push({ path: `${at}.${fieldName}`, message: labelled, line: entry.lineOf(fieldName) });
  };

  if (name === '') refuse('objectName', `objectName is not provided${misspelt('objectName', fields)}`);
  else if (!/^[0-9a-zA-Z-]{1,127}$/.test(name)) {
    refuse('objectName', `objectName "${name}" is not valid: 1 to 127 letters, digits and dashes`);
  }
  const type = OBJECT_TYPES.find((known) => known === typeText);
  if (type === undefined) {
    const help =
      typeText === ''
        ? misspelt('objectType', fields)
        : `, not "${typeText.slice(0, 40)}"${didYouMean(typeText, OBJECT_TYPES)}`;
    refuse('objectType', `Invalid vaultObjectTypes. Should be secret, key, or cert${help}`);
  }

  const alias = field('objectAlias');
  const pathIssue = filePathIssue(alias === '' ? name : alias);
  if (pathIssue !== undefined && (alias !== '' || name !== '')) refuse('objectAlias', pathIssue);

  const version = versionText === '' || versionText === 'latest' ? undefined : versionText;
  if (version !== undefined && !/^[0-9a-zA-Z]{1,64}$/.test(version)) {
    refuse('objectVersion', `objectVersion "${version}" is not valid: letters and digits`);
  }
  const historyText = field('objectVersionHistory');
  if (!/^\d{0,4}$/.test(historyText)) refuse('objectVersionHistory', `"${historyText}" is not a whole number`);

  const formatText = field('objectFormat').toLowerCase() || 'pem';
  const format = OBJECT_FORMATS.find((known) => known === formatText);
  if (format === undefined) refuse('objectFormat', `invalid objectFormat: ${formatText}, should be PEM or PFX`);
  if (format === 'pfx' && type !== undefined && type !== 'secret') {
    refuse('objectFormat', 'PFX format only supported for objectType: secret');
  }

  const encodingText = field('objectEncoding').toLowerCase() || 'utf-8';
  const encoding = OBJECT_ENCODINGS.find((known) => known === encodingText);
  if (encoding === undefined) {
    refuse('objectEncoding', `invalid objectEncoding: ${encodingText}, should be hex, base64 or utf-8`);
  }
  if (encoding !== 'utf-8' && encoding !== undefined && type !== undefined && type !== 'secret') {
    refuse('objectEncoding', 'objectEncoding only supported for objectType: secret');
  }

  const modeText = field('filePermission');
  if (!/^([0-7]{1,3}|0[0-7]{1,3}|0o[0-7]{1,3})?$/.test(modeText)) {
    refuse('filePermission', `filePermission "${modeText}" is not valid: octal digits from 0000 to 0777`);
  }
  if (issues.length > before || type === undefined || format === undefined || encoding === undefined) return undefined;
  return {
    at,
    line,
    type,
    name,
    path: alias === '' ? name : alias,
    version,
    versionHistory: Number(historyText),
    format,
    encoding,
    mode: modeText === '' ? undefined : Number.parseInt(modeText.replace(/^0o/, ''), 8),
  };
}

/** Why `path` cannot be a file of a volume; undefined when it can. The driver looks again before it writes. */
export function filePathIssue(path: string): string | undefined {
  if (path.startsWith('/')) return 'file name must be a relative path';
  if (path.includes('..')) return "file name must not contain '..'";
  if (path.includes('\0') || path.includes('\\')) return 'file name must not contain a backslash or a zero byte';
  const parts = path.split('/');
  if (parts.some((part) => part === '' || part === '.')) return 'file name must not contain empty parts or "."';
  if (path.length > MAX_PATH_LENGTH || parts.some((part) => Buffer.byteLength(part) > MAX_NAME_LENGTH)) {
    return `file name is too long: at most ${MAX_NAME_LENGTH} bytes a part, ${MAX_PATH_LENGTH} in all`;
  }
  return undefined;
}

/** What helps where `field` is missing: an entry's field that looks like it. */
function misspelt(field: Field, fields: Readonly<Record<string, unknown>>): string {
  const known: readonly string[] = FIELDS;
  const unknown = Object.keys(fields).filter((name) => !known.includes(name));
  const meant = nearest(field, unknown);
  return meant === undefined ? '' : `; the entry has "${meant}": did you mean ${field}?`;
}
