import { didYouMean, type Issue } from '#base';
import { readObjectEntries, type ObjectEntry } from './object-entries.ts';
import {
  createObjectFields,
  misspelt,
  misspeltFields,
  type MisspeltField,
  type ObjectField,
  type ObjectFields,
} from './object-fields.ts';
import { isObjectName } from './object-name.ts';
import { filePathIssue } from './object-path.ts';
import { parseJsonSelection, type JsonSelection } from './json-selection.ts';
import { parseSelection, type ObjectSelection } from './object-selection.ts';
import { parseVersion, type VersionChoice } from './version-choice.ts';
import { vaultNameIssue } from './vault-name.ts';

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
  /** The object's name; of a selection its pattern. */
  readonly name: string;
  /** The vault that it is in, in lower case; undefined: the class's own. */
  readonly vault: string | undefined;
  /** The file to write, relative to the volume; of several versions or fields the folder of their files. */
  readonly path: string;
  /** Undefined: the current version. */
  readonly version: string | undefined;
  /** Which versions count. */
  readonly versionChoice: VersionChoice;
  /** How many versions to write; 1 or less: just one. */
  readonly versionHistory: number;
  /** Whether it may be missing in the vault. */
  readonly optional: boolean;
  /** Which objects are meant; undefined: the one with the name. Then `path` is the pattern of their files. */
  readonly selection: ObjectSelection | undefined;
  /** What of a JSON value becomes files; undefined: the value is one file as it is. */
  readonly json: JsonSelection | undefined;
  readonly format: ObjectFormat;
  readonly encoding: ObjectEncoding;
  /** Whether certificate and key of a certificate's secret are also written apart; undefined: as the process is told. */
  readonly separateFiles: boolean | undefined;
  /** Permission bits; undefined: the mount's own. */
  readonly mode: number | undefined;
}

/** The entries in which slips are looked for: looking takes longer than reading, and who makes one makes it everywhere. */
const MAX_LOOKED_THROUGH = 200;

const SEPARATE_FILES = 'writeCertAndKeyInSeparateFiles';

/** The words that begin every message about one object. */
export function objectLabel(object: { type: string; name: string; version: string | undefined }): string {
  return `failed to get objectType:${object.type}, objectName:${object.name}, objectVersion:${object.version ?? ''}`;
}

/**
 * Parses the `objects` parameter (object-entries.ts). Scalars keep their text (`0644`, `1e5`, `true` stay as written). Adds all
 * that is wrong to `issues`, with paths like `spec.parameters.objects[2].objectType` and the line of the text, and to
 * `ignored` the fields that nobody reads and that look like ones that are known.
 */
export function parseObjects(text: string, issues: Issue[], ignored: MisspeltField[] = []): ObjectSpec[] {
  return readObjectEntries(text, issues).flatMap((entry, index) => {
    if (index < MAX_LOOKED_THROUGH) ignored.push(...misspeltFields(entry));
    const spec = parseObject(entry, issues);
    return spec === undefined ? [] : [spec];
  });
}

function parseObject(entry: ObjectEntry, issues: Issue[]): ObjectSpec | undefined {
  const fields: ObjectFields = createObjectFields(entry, issues, () =>
    objectLabel({ type: typeText, name: nameText, version: versionText }),
  );
  const nameText = fields.text('objectName');
  const typeText = fields.text('objectType');
  const versionText = fields.text('objectVersion');

  const selection = parseSelection(fields);
  checkName(fields, nameText, selection, entry);
  const type = parseType(fields, typeText, entry);
  const path = parsePath(fields, nameText, selection);
  const vault = parseVault(fields);
  const { version, choice } = parseVersion(versionText);
  if (version !== undefined) checkVersion(fields, version, selection);
  const versionHistory = parseHistory(fields);
  const format = parseFormat(fields, type);
  const encoding = parseEncoding(fields);
  if (encoding !== undefined && encoding !== 'utf-8') refuseUnlessSecret(fields, type, 'objectEncoding');
  const separateFiles = fields.has(SEPARATE_FILES) ? fields.flag(SEPARATE_FILES) : undefined;
  if (separateFiles === true) refuseUnlessSecret(fields, type, SEPARATE_FILES);
  const mode = parseMode(fields);
  const json = parseJsonSelection(fields);
  if (json !== undefined) refuseUnlessSecret(fields, type, json.field);
  const optional = fields.flag('optional');
  if (fields.issueCount > 0 || type === undefined || format === undefined || encoding === undefined) return undefined;
  return {
    at: entry.at,
    line: entry.line,
    type,
    name: selection === undefined ? nameText : selection.pattern,
    vault,
    path,
    version,
    versionChoice: choice,
    versionHistory,
    optional,
    selection,
    json,
    format,
    encoding,
    separateFiles,
    mode,
  };
}

function checkName(
  { refuse }: ObjectFields,
  name: string,
  selection: ObjectSelection | undefined,
  entry: ObjectEntry,
): void {
  if (selection !== undefined) {
    if (name !== '') refuse('objectName', 'objectName does not go with objectNamePattern and objectTags');
  } else if (name === '') {
    refuse('objectName', `objectName is not provided${misspelt('objectName', entry)}`);
  } else if (!isObjectName(name)) {
    refuse('objectName', `objectName "${name}" is not valid: 1 to 127 letters, digits and dashes`);
  }
}

function parseType({ refuse }: ObjectFields, text: string, entry: ObjectEntry): ObjectType | undefined {
  const type = OBJECT_TYPES.find((known) => known === text);
  if (type !== undefined) return type;
  const help =
    text === '' ? misspelt('objectType', entry) : `, not "${text.slice(0, 40)}"${didYouMean(text, OBJECT_TYPES)}`;
  refuse('objectType', `Invalid vaultObjectTypes. Should be secret, key, or cert${help}`);
  return undefined;
}

function parsePath(fields: ObjectFields, name: string, selection: ObjectSelection | undefined): string {
  const path = fields.text('objectAlias') || (selection === undefined ? name : '');
  // Of a selection it may name a folder.
  const issue = path === '' ? undefined : filePathIssue(selection === undefined ? path : path.replace(/\/$/, ''));
  if (issue !== undefined) fields.refuse('objectAlias', issue);
  return path;
}

function parseVault(fields: ObjectFields): string | undefined {
  const vault = fields.text('keyvaultName').toLowerCase();
  if (vault === '') return undefined;
  const issue = vaultNameIssue(vault);
  if (issue !== undefined) fields.refuse('keyvaultName', issue);
  return vault;
}

function checkVersion({ refuse }: ObjectFields, version: string, selection: ObjectSelection | undefined): void {
  if (!/^[0-9a-zA-Z]{1,64}$/.test(version)) {
    refuse('objectVersion', `objectVersion "${version}" is not valid: letters and digits`);
  } else if (selection !== undefined) {
    refuse(
      'objectVersion',
      'objectVersion names a version of one object, so it does not go with a selection of several',
    );
  }
}

function parseHistory(fields: ObjectFields): number {
  const text = fields.text('objectVersionHistory');
  if (!/^(-?\d{1,4})?$/.test(text)) fields.refuse('objectVersionHistory', `"${text}" is not a whole number`);
  return Number(text);
}

function parseFormat(fields: ObjectFields, type: ObjectType | undefined): ObjectFormat | undefined {
  const given = fields.text('objectFormat');
  const text = given.toLowerCase() || 'pem';
  const format = OBJECT_FORMATS.find((known) => known === text);
  if (format === undefined) fields.refuse('objectFormat', `invalid objectFormat: ${text}, should be PEM or PFX`);
  if (format !== 'pfx' || type === undefined || type === 'secret') return format;
  // Upstream refuses this one spelling; with any other a key or a certificate is what it is without the field, and there
  // are manifests that rely on it.
  if (given === 'pfx') refuseUnlessSecret(fields, type, 'objectFormat', 'PFX format');
  return 'pem';
}

function parseEncoding(fields: ObjectFields): ObjectEncoding | undefined {
  const text = fields.text('objectEncoding').toLowerCase() || 'utf-8';
  const encoding = OBJECT_ENCODINGS.find((known) => known === text);
  if (encoding === undefined) {
    fields.refuse('objectEncoding', `invalid objectEncoding: ${text}, should be hex, base64 or utf-8`);
  }
  return encoding;
}

function parseMode(fields: ObjectFields): number | undefined {
  const text = fields.text('filePermission');
  if (!/^([0-7]{1,3}|0[0-7]{1,3}|0o[0-7]{1,3})?$/.test(text)) {
    fields.refuse('filePermission', `filePermission "${text}" is not valid: octal digits from 0000 to 0777`);
  }
  return text === '' ? undefined : Number.parseInt(text.replace(/^0o/, ''), 8);
}

/** An entry whose type is wrong is not told as well that its fields belong to another one. */
function refuseUnlessSecret(
  { refuse }: ObjectFields,
  type: ObjectType | undefined,
  field: ObjectField,
  what: string = field,
): void {
  if (type !== undefined && type !== 'secret') refuse(field, `${what} only supported for objectType: secret`);
}
