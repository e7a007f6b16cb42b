import type { Issue } from '#base';
import { objectLabel, type ObjectSpec } from '../parameters/object-spec.ts';

/** A file of a volume and the entry that it comes from. */
export interface FileClaim {
  readonly path: string;
  readonly spec: ObjectSpec;
}

/**
 * The files that cannot both be in one volume: two of one name, and one whose name another one needs as a folder. Upstream
 * lets the last of two equal names win without a word. Two entries that are the same in everything do no harm.
 */
export function clashIssues(claims: readonly FileClaim[]): Issue[] {
  const issues: Issue[] = [];
  const byPath = new Map<string, FileClaim>();
  for (const claim of claims) {
    const { path, spec } = claim;
    const other = byPath.get(path);
    if (other === undefined) byPath.set(path, claim);
    else if (contentKey(other.spec) !== contentKey(spec)) {
      const why = `file name "${path}" is taken by ${other.spec.at} (line ${other.spec.line}): give one of them another objectAlias`;
      issues.push(issueOf(spec, why));
    }
  }
  for (const { path, spec } of byPath.values()) {
    const parts = path.split('/');
    const folder = parts.map((_, length) => parts.slice(0, length).join('/')).find((above) => byPath.has(above));
    const other = folder === undefined ? undefined : byPath.get(folder);
    if (other === undefined) continue;
    const why = `file name "${path}" needs a folder "${folder}", which is the file of ${other.spec.at} (line ${other.spec.line})`;
    issues.push(issueOf(spec, why));
  }
  return issues;
}

function issueOf(spec: ObjectSpec, why: string): Issue {
  return { path: `${spec.at}.objectAlias`, message: `${objectLabel(spec)}: ${why}`, line: spec.line };
}

function contentKey(spec: ObjectSpec): string {
  return JSON.stringify({ ...spec, at: '', line: 0, version: spec.version ?? '' });
}
