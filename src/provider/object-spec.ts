import { parse } from 'yaml';
import type { Issue } from '#base';

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
  /** Where it stands, for messages about it: `objects.array[2]`. */
  readonly at: string;
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

const MAX_OBJECTS = 1000;
const MAX_PATH_LENGTH = 4096;
const MAX_NAME_LENGTH = 255;

/** The words that begin every message about one object. */
export function objectLabel(object: { type: string; name: string; version: string | undefined }): string {
  return `failed to get objectType:${object.type}, objectName:${object.name}, objectVersion:${object.version ?? ''}`;
}

/**
 * Parses the `objects` parameter: YAML with an `array` of entries, each a YAML text (as upstream asks) or a map. Scalars keep
 * their text (`0644`, `1e5`, `true` stay as written). Adds all that is wrong to `issues`, with paths like `objects.array[2].objectType`.
 */
export function parseObjects(text: string, issues: Issue[]): ObjectSpec[] {
  const root = parseYaml(text);
  if (!isMap(root)) {
    issues.push({ path: 'objects', message: 'failed to yaml unmarshal objects: expected a map with the key array' });
    return [];
  }
  const entries = root['array'];
  if (!Array.isArray(entries) || entries.length === 0) {
    // An empty list would be an empty volume, which the driver refuses in words that help nobody.
    issues.push({ path: 'objects.array', message: 'failed to yaml unmarshal objects: expected at least one entry' });
    return [];
  }
  if (entries.length > MAX_OBJECTS) {
    issues.push({ path: 'objects.array', message: `has ${entries.length} entries, more than ${MAX_OBJECTS}` });
    return [];
  }
  return entries.flatMap((entry: unknown, index) => {
    const at = `objects.array[${index}]`;
    const fields = typeof entry === 'string' ? parseYaml(entry) : entry;
    if (!isMap(fields)) {
      const message = `unmarshal failed for keyVaultObjects at index ${index}: expected a map of fields`;
      issues.push({ path: at, message });
      return [];
    }
    const spec = parseObject(at, fields, issues);
    return spec === undefined ? [] : [spec];
  });
}

function parseObject(at: string, fields: Readonly<Record<string, unknown>>, issues: Issue[]): ObjectSpec | undefined {
  const before = issues.length;
  const field = (name: string): string => {
    const value = fields[name];
    if (value === undefined) return '';
    if (typeof value === 'string') return value.trim();
    issues.push({ path: `${at}.${name}`, message: 'expected a text' });
    return '';
  };
  const name = field('objectName');
  const typeText = field('objectType');
  const versionText = field('objectVersion');
  const label = objectLabel({ type: typeText, name, version: versionText });
  const refuse = (fieldName: string, message: string) => {
    issues.push({ path: `${at}.${fieldName}`, message: `${label}: ${message}` });
  };

  if (name === '') refuse('objectName', 'objectName is not provided');
  else if (!/^[0-9a-zA-Z-]{1,127}$/.test(name)) {
    refuse('objectName', `objectName "${name}" is not valid: 1 to 127 letters, digits and dashes`);
  }
  const type = OBJECT_TYPES.find((known) => known === typeText);
  if (type === undefined) refuse('objectType', 'Invalid vaultObjectTypes. Should be secret, key, or cert');

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

// The fail-safe schema knows maps, lists and texts only: what a person wrote as 0644 stays "0644".
function parseYaml(text: string): unknown {
  try {
    return parse(text, { schema: 'failsafe', maxAliasCount: 100, logLevel: 'error' });
  } catch {
    return undefined;
  }
}

function isMap(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
