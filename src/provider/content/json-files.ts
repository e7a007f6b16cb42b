import { KeyferryError, Secret } from '#base';
import { parseJsonPath, type JsonStep } from './json-path.ts';
import { readJson, type JsonValue } from './json-values.ts';
import type { ObjectFields } from '../parameters/object-fields.ts';
import { filePathIssue } from '../parameters/object-path.ts';

/** What of a JSON value becomes files. */
export type JsonSelection =
  | {
      /** One field becomes the entry's file. */
      readonly field: 'jsonPath';
      readonly path: string;
      readonly steps: readonly JsonStep[];
    }
  | {
      /** Fields become files in the entry's folder: those that are named, or each field of the object. */
      readonly field: 'jsonFiles';
      readonly files:
        readonly { readonly name: string; readonly path: string; readonly steps: readonly JsonStep[] }[] | 'all';
    };

/** A file that a JSON value becomes. `name` is to be put below the entry's own path; empty: the path itself. */
export interface JsonFile {
  readonly name: string;
  /** Undefined: the value has no such field. */
  readonly text: Secret<string> | undefined;
  /** What was looked for, for messages; the fields of a value are told by their place, as their names are of the secret. */
  readonly what: string;
}

const MAX_FILES = 500;

/** Parses `jsonPath` and `jsonFiles`; undefined where the entry has neither, or they are wrong. */
export function parseJsonSelection(fields: ObjectFields): JsonSelection | undefined {
  if (fields.has('jsonPath') && fields.has('jsonFiles')) {
    fields.refuse('jsonFiles', 'jsonFiles does not go with jsonPath: use one of them');
    return undefined;
  }
  if (fields.has('jsonPath')) {
    const path = fields.text('jsonPath');
    const parsed = parseJsonPath(path);
    if (parsed.ok) return { field: 'jsonPath', path, steps: parsed.steps };
    fields.refuse('jsonPath', `jsonPath is not valid: it ${parsed.problem}`);
    return undefined;
  }
  if (!fields.has('jsonFiles')) return undefined;
  return fields.isText('jsonFiles')
    ? fields.flag('jsonFiles')
      ? { field: 'jsonFiles', files: 'all' }
      : undefined
    : parseNamedFiles(fields);
}

function parseNamedFiles(fields: ObjectFields): JsonSelection | undefined {
  const paths = fields.texts('jsonFiles');
  if (paths === undefined) return undefined;
  const files = Object.entries(paths).flatMap(([name, path]) => {
    const nameIssue = filePathIssue(name);
    if (nameIssue !== undefined) fields.refuse('jsonFiles', `jsonFiles "${name.slice(0, 60)}": ${nameIssue}`);
    const parsed = parseJsonPath(path);
    if (!parsed.ok) {
      fields.refuse('jsonFiles', `jsonFiles "${name.slice(0, 60)}": the path ${parsed.problem}`);
      return [];
    }
    return [{ name, path, steps: parsed.steps }];
  });
  return { field: 'jsonFiles', files };
}

/**
 * The files that `selection` makes of a secret's value. Texts lose their quotes, everything else stays as it is written.
 * Throws `failed-precondition` for a value that is no JSON or has fields that cannot be files; nothing of the value is told.
 */
export function selectJson(value: Secret<string>, selection: JsonSelection): readonly JsonFile[] {
  const root = readJson(value.expose());
  if (root === undefined) throw notUsable(`the value is no JSON, as ${selection.field} needs it`);
  if (selection.field === 'jsonPath') return [{ name: '', what: selection.path, text: textAt(root, selection.steps) }];
  if (selection.files !== 'all') {
    return selection.files.map(({ name, path, steps }) => ({ name, what: path, text: textAt(root, steps) }));
  }
  const fields = root.fields();
  if (fields === undefined) throw notUsable('the value is no JSON object with fields, as jsonFiles needs it');
  if (fields.size === 0 || fields.size > MAX_FILES) {
    throw notUsable(`the value has ${fields.size} fields, and jsonFiles takes 1 to ${MAX_FILES}`);
  }
  return [...fields].map(([name, field], index) => {
    const what = `field ${index + 1} of the value`;
    const problem = name.includes('/') ? 'file name must not contain "/"' : filePathIssue(name);
    if (problem !== undefined) throw notUsable(`${what}: ${problem}; name the files and their fields in jsonFiles`);
    return { name, what, text: new Secret(field.text) };
  });
}

function textAt(root: JsonValue, steps: readonly JsonStep[]): Secret<string> | undefined {
  const found = root.at(steps);
  return found === undefined ? undefined : new Secret(found.text);
}

function notUsable(message: string): KeyferryError {
  return new KeyferryError('failed-precondition', message);
}
