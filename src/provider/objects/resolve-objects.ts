import { KeyferryError, toKeyferryError } from '#base';
import type { ListedObject, ListedVersion } from '#azure';
import { isMissing } from './missing.ts';
import type { FailedFetch } from '../mount-errors.ts';
import { selectedPath, selectionFolder, selectObjects } from './select-objects.ts';
import { filePathIssue } from '../parameters/object-path.ts';
import type { ObjectSpec, ObjectType } from '../parameters/object-spec.ts';
import { chooseVersions } from './choose-versions.ts';

/** One object to read and the file, or folder of files, that it becomes. */
export interface ResolvedObject {
  /** The entry of the class, with the name, the version and the path of this object in it. */
  readonly spec: ObjectSpec;
  /** `https://<name>.<suffix>` without a slash at its end. */
  readonly vaultUrl: string;
  /** What drivers and the pod's status know it by: `secret/one`; of a history `secret/one/0`, of another vault `other/secret/one`. */
  readonly id: string;
}

/** An optional entry that the vault has nothing for. */
export interface AbsentObject {
  readonly spec: ObjectSpec;
  readonly id: string;
  /** The file that is not there, or the folder of such files; undefined where the vault would have to say their names. */
  readonly path: string | undefined;
  /** What the vault, or the search in its list, said. */
  readonly reason: string;
}

/** What a mount is to read, and what it cannot. */
export interface ResolvedObjects {
  readonly found: readonly ResolvedObject[];
  readonly absent: readonly AbsentObject[];
  readonly failed: readonly FailedFetch[];
}

/** The lists of vaults, as the caller's identity sees them. */
export interface VaultLists {
  objects(vaultUrl: string, type: ObjectType): Promise<readonly ListedObject[]>;
  versions(vaultUrl: string, type: ObjectType, name: string): Promise<readonly ListedVersion[]>;
}

/** What {@link resolveObjects} works with. */
export interface ResolveOptions {
  readonly lists: VaultLists;
  /** The URL of the vault that a class, or an entry of it, names. */
  readonly vaultUrl: (vault: string) => string;
  /** The class's own vault, in lower case. */
  readonly keyvaultName: string;
  readonly nowMs: number;
  /** How many more versions a history holds than it asks for; upstream: 1. */
  readonly moreVersions: number;
}

/** How many objects one entry may select; each is a request at every check. */
const MAX_SELECTED = 500;

/** Finds the objects and versions that `specs` ask for. Entries that say both themselves cost nothing. */
export async function resolveObjects(specs: readonly ObjectSpec[], options: ResolveOptions): Promise<ResolvedObjects> {
  const all = await Promise.all(
    specs.map(async (spec): Promise<ResolvedObjects> => {
      const vault = spec.vault ?? options.keyvaultName;
      const target: Target = { ...options, url: options.vaultUrl(vault), id: idOf(spec, vault, options.keyvaultName) };
      try {
        return { found: await resolve(spec, target), absent: [], failed: [] };
      } catch (thrown) {
        const error = toKeyferryError(thrown);
        return spec.optional && isMissing(error)
          ? {
              found: [],
              absent: [
                {
                  spec,
                  id: target.id(spec.name),
                  path: spec.selection === undefined ? spec.path : selectionFolder(spec.path),
                  reason: error.message,
                },
              ],
              failed: [],
            }
          : { found: [], absent: [], failed: [{ object: spec, error }] };
      }
    }),
  );
  return {
    found: all.flatMap(({ found }) => found),
    absent: all.flatMap(({ absent }) => absent),
    failed: all.flatMap(({ failed }) => failed),
  };
}

interface Target extends ResolveOptions {
  readonly url: string;
  readonly id: (name: string) => string;
}

function idOf({ type }: ObjectSpec, vault: string, ownVault: string): Target['id'] {
  const prefix = vault === ownVault ? '' : `${vault}/`;
  return (name) => `${prefix}${type}/${name}`;
}

async function resolve(spec: ObjectSpec, target: Target): Promise<readonly ResolvedObject[]> {
  const { selection } = spec;
  if (selection === undefined) return resolveVersions(spec, target);
  const listed = await target.lists.objects(target.url, spec.type);
  const names = selectObjects(listed, selection, { withDisabled: spec.versionChoice !== 'current' });
  if (names.length > MAX_SELECTED) {
    const many = `${names.length} objects are selected, more than ${MAX_SELECTED}`;
    throw new KeyferryError('failed-precondition', many, { hint: 'narrow objectNamePattern or objectTags' });
  }
  const named = names.map((name): ObjectSpec => ({
    ...spec,
    name,
    selection: undefined,
    path: selectedPath(spec.path, name),
  }));
  const resolved = await Promise.all(
    named.map((each) =>
      resolveVersions(each, target).catch((error: unknown) => {
        // One without a version that is wanted is none of those that are meant.
        if (isMissing(toKeyferryError(error))) return [];
        throw error;
      }),
    ),
  );
  if (resolved.flat().length === 0) throw new KeyferryError('not-found', nothingSelected(spec, target, listed.length));
  return resolved.flat();
}

function nothingSelected({ selection }: ObjectSpec, { url }: Target, listed: number): string {
  const tags = Object.keys(selection?.tags ?? {}).length === 0 ? '' : ' and its objectTags';
  return `none of the ${listed} objects that ${url} lists is enabled and fits objectNamePattern ${selection?.pattern}${tags}`;
}

async function resolveVersions(spec: ObjectSpec, target: Target): Promise<readonly ResolvedObject[]> {
  const { type, name, version: from, versionChoice: choice, versionHistory } = spec;
  const pathIssue = filePathIssue(spec.path);
  if (pathIssue !== undefined) throw new KeyferryError('failed-precondition', pathIssue);
  const isHistory = versionHistory > 1;
  if (!isHistory && choice === 'current') return [{ spec, vaultUrl: target.url, id: target.id(name) }];
  const versions = await target.lists.versions(target.url, type, name);
  const count = isHistory ? versionHistory + target.moreVersions : 1;
  const chosen = chooseVersions(versions, { from, choice, count, nowMs: target.nowMs });
  if (chosen.length === 0) {
    const which =
      from === undefined
        ? `no ${choice === 'valid' ? 'valid' : 'enabled'} one`
        : `none that is enabled with the id ${from}`;
    throw new KeyferryError('not-found', `${target.url} lists ${versions.length} versions, ${which}`);
  }
  return chosen.map(({ version }, index) => ({
    spec: { ...spec, version, ...(isHistory ? { path: `${spec.path}/${index}` } : {}) },
    vaultUrl: target.url,
    id: isHistory ? `${target.id(name)}/${index}` : target.id(name),
  }));
}
