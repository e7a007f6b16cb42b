import type { Issue } from '#base';
import { objectLabel, type ObjectSpec, type ObjectType } from './object-spec.ts';

/** One object of a vault. */
export interface ObjectRef {
  readonly type: ObjectType;
  readonly name: string;
  /** Undefined: the current version. */
  readonly version: string | undefined;
}

/** One object to fetch and what is made of it. */
export interface PlannedFetch {
  readonly object: ObjectRef;
  /** The entries that ask for it, in the order of the class. */
  readonly specs: readonly ObjectSpec[];
}

/** What a mount fetches: each object once, in the order of the class. */
export interface FetchPlan {
  readonly fetches: readonly PlannedFetch[];
}

/** The plan, or why there is none. */
export type PlannedFetches =
  { readonly ok: true; readonly plan: FetchPlan } | { readonly ok: false; readonly issues: readonly Issue[] };

/** Decides what to fetch for `specs`. Refuses entries that would write over one another's files. */
export function planFetches(specs: readonly ObjectSpec[]): PlannedFetches {
  const issues = [...specs.flatMap(unsupportedIssues), ...clashIssues(specs)];
  if (issues.length > 0) return { ok: false, issues };
  const fetches = new Map<string, { object: ObjectRef; specs: ObjectSpec[] }>();
  for (const spec of specs) {
    const object: ObjectRef = { type: spec.type, name: spec.name, version: spec.version };
    const key = objectKey(object);
    const planned = fetches.get(key);
    if (planned === undefined) fetches.set(key, { object, specs: [spec] });
    else planned.specs.push(spec);
  }
  return { ok: true, plan: { fetches: [...fetches.values()] } };
}

/** A text that is equal for equal objects (of one vault). The vault's names ignore case. */
export function objectKey(object: ObjectRef): string {
  return `${object.type}/${object.name.toLowerCase()}/${object.version ?? ''}`;
}

function unsupportedIssues(spec: ObjectSpec): Issue[] {
  if (spec.versionHistory > 1) {
    return [issueOf(spec, 'objectVersionHistory', 'objectVersionHistory is not supported by this provider yet')];
  }
  return [];
}

// Upstream lets the last of two equal names win without a word. Two entries that are the same in everything do no harm.
function clashIssues(specs: readonly ObjectSpec[]): Issue[] {
  const issues: Issue[] = [];
  const byPath = new Map<string, ObjectSpec>();
  for (const spec of specs) {
    const other = byPath.get(spec.path);
    if (other === undefined) byPath.set(spec.path, spec);
    else if (contentKey(other) !== contentKey(spec)) {
      const why = `file name "${spec.path}" is taken by ${other.at} (line ${other.line}): give one of them another objectAlias`;
      issues.push(issueOf(spec, 'objectAlias', why));
    }
  }
  for (const spec of byPath.values()) {
    const parts = spec.path.split('/');
    const folder = parts.map((_, length) => parts.slice(0, length).join('/')).find((path) => byPath.has(path));
    const other = folder === undefined ? undefined : byPath.get(folder);
    if (other === undefined) continue;
    const why = `file name "${spec.path}" needs a folder "${folder}", which is the file of ${other.at} (line ${other.line})`;
    issues.push(issueOf(spec, 'objectAlias', why));
  }
  return issues;
}

function issueOf(spec: ObjectSpec, field: string, why: string): Issue {
  return { path: `${spec.at}.${field}`, message: `${objectLabel(spec)}: ${why}`, line: spec.line };
}

function contentKey(spec: ObjectSpec): string {
  return JSON.stringify({ ...spec, at: '', line: 0, version: spec.version ?? '' });
}
