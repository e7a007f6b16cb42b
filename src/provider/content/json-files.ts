import { KeyferryError, Secret } from '#base';
import { readJson, type JsonValue } from './json-values.ts';
import type { JsonStep } from '../parameters/json-path.ts';
import type { JsonSelection } from '../parameters/json-selection.ts';
import { filePathIssue } from '../parameters/object-path.ts';

/** A file that a JSON value becomes. `name` is to be put below the entry's own path; empty: the path itself. */
export interface JsonFile {
  readonly name: string;
  /** Undefined: the value has no such field. */
  readonly text: Secret<string> | undefined;
  /** What was looked for, for messages; the fields of a value are told by their place, as their names are of the secret. */
  readonly what: string;
}

const MAX_FILES = 500;

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
