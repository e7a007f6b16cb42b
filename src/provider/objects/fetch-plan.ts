import type { Issue } from '#base';
import { clashIssues } from './file-clashes.ts';
import { fetchKey, type ObjectRef } from '../broker/vault-object.ts';
import type { ObjectSpec } from '../parameters/object-spec.ts';
import type { ResolvedObject } from './resolve-objects.ts';

/** One object to fetch and what is made of it. */
export interface PlannedFetch {
  readonly vaultUrl: string;
  readonly object: ObjectRef;
  /** The entries that ask for it, in the order of the class. */
  readonly uses: readonly ResolvedObject[];
}

/** What a mount fetches: each object once, in the order of the class. */
export function planFetches(found: readonly ResolvedObject[]): readonly PlannedFetch[] {
  const fetches = new Map<string, { vaultUrl: string; object: ObjectRef; uses: ResolvedObject[] }>();
  for (const use of found) {
    const { type, name, version } = use.spec;
    const object: ObjectRef = { type, name, version };
    const key = fetchKey(use.vaultUrl, object);
    const planned = fetches.get(key);
    if (planned === undefined) fetches.set(key, { vaultUrl: use.vaultUrl, object, uses: [use] });
    else planned.uses.push(use);
  }
  return [...fetches.values()];
}

/** The entries that would write over one another's files, as far as that is known before anything is asked for. */
export function plannedClashes(specs: readonly ObjectSpec[]): readonly Issue[] {
  return clashIssues(specs.filter(isOneFile).map((spec) => ({ path: spec.path, spec })));
}

function isOneFile({ selection, versionHistory, json }: ObjectSpec): boolean {
  return selection === undefined && versionHistory <= 1 && json?.field !== 'jsonFiles';
}
