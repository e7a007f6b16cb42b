import { parseJsonPath, type JsonStep } from './json-path.ts';
import type { ObjectFields } from './object-fields.ts';
import { filePathIssue } from './object-path.ts';

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
