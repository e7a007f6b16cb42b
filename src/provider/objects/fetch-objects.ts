import { KeyferryError, toKeyferryError } from '#base';
import type { ProviderFile } from '#providerapi';
import type { Admission } from '../broker/broker.ts';
import type { FetchCall } from '../broker/session.ts';
import { fetchKey } from '../broker/vault-object.ts';
import { planFetches, type PlannedFetch } from './fetch-plan.ts';
import { clashIssues, type FileClaim } from './file-clashes.ts';
import { selectJson } from '../content/json-files.ts';
import { isMissing } from './missing.ts';
import { fetchError, mountInputError, type FailedFetch } from '../mount-errors.ts';
import type { MountReport, ObjectOutcome } from '../mount-report.ts';
import type { FetchedObject } from '../broker/vault-object.ts';
import type { ObjectSpec } from '../parameters/object-spec.ts';
import { resolveObjects, type AbsentObject, type ResolvedObject, type ResolveOptions } from './resolve-objects.ts';

/** What {@link fetchObjects} works with. */
export interface FetchOptions extends Omit<ResolveOptions, 'lists'> {
  readonly admission: Pick<Admission, 'fetch' | 'ask'>;
  readonly call: FetchCall & { readonly report: MountReport };
  readonly render: Render;
}

type Render = (object: FetchedObject, spec: ObjectSpec) => Promise<readonly ProviderFile[]>;

/** What came of the objects of a class. */
export interface FetchedObjects {
  /** One a request, for the log. */
  readonly outcomes: readonly ObjectOutcome[];
  readonly files: readonly { readonly file: ProviderFile; readonly spec: ObjectSpec }[];
  readonly versions: readonly { readonly id: string; readonly version: string }[];
  readonly absent: readonly AbsentObject[];
  readonly failed: readonly FailedFetch[];
}

/** Finds, reads and turns into files what `specs` ask for; failures are among the answer. Lists come before objects. */
export async function fetchObjects(specs: readonly ObjectSpec[], options: FetchOptions): Promise<FetchedObjects> {
  const listed = new Map<string, ObjectOutcome>();
  const { found, absent, failed } = await resolveObjects(specs, { ...options, lists: vaultLists(options, listed) });
  // What is looked for in vain fails the mount: nothing else is read for it.
  const fetches = failed.length > 0 ? [] : planFetches(found);
  const results = await Promise.all(fetches.map((fetch) => fetchOne(fetch, options)));
  return {
    outcomes: [...listed.values(), ...results.map(({ outcome }) => outcome)],
    files: results.flatMap(({ files }) => files),
    versions: results.flatMap(({ versions }) => versions),
    absent: [...absent, ...results.flatMap((result) => result.absent)],
    failed: [...failed, ...results.flatMap((result) => result.failed)],
  };
}

/** The files of a mount, in the order of the class. Throws for what failed, and for files that cannot be in one volume. */
export function collectFiles(
  { files, failed }: FetchedObjects,
  specs: readonly ObjectSpec[],
  attributes: Readonly<Record<string, string>>,
): readonly ProviderFile[] {
  if (failed.length > 0) throw fetchError(failed);
  const order = new Map(specs.map(({ at }, index) => [at, index]));
  const sorted = files.toSorted((a, b) => (order.get(a.spec.at) ?? 0) - (order.get(b.spec.at) ?? 0));
  const claims = sorted.map(({ file, spec }): FileClaim => ({ path: file.path, spec }));
  const clashes = clashIssues(claims);
  if (clashes.length > 0) throw mountInputError(clashes, attributes);
  return [...new Map(sorted.map(({ file }) => [file.path, file])).values()];
}

function vaultLists(options: FetchOptions, listed: Map<string, ObjectOutcome>): ResolveOptions['lists'] {
  const { admission, call } = options;
  const note = (vaultUrl: string, key: string, id: string) => {
    listed.set(`${vaultUrl} ${key}`, { key: `${vaultUrl} ${key}`, id });
    return key;
  };
  return {
    objects: (vaultUrl, type) =>
      admission.ask(vaultUrl, note(vaultUrl, `list ${type}`, `${type}s`), ofVault(call, vaultUrl), (reader, how) =>
        reader.listObjects(type, how),
      ),
    versions(vaultUrl, type, name) {
      const key = note(vaultUrl, `list ${type}/${name.toLowerCase()}`, `${type}/${name}/versions`);
      return admission.ask(vaultUrl, key, ofVault(call, vaultUrl), (reader, how) =>
        reader.listVersions(type, name, how),
      );
    },
  };
}

/** The call with a report that tells the objects of several vaults apart. */
function ofVault(call: FetchOptions['call'], vaultUrl: string): FetchCall {
  const { report } = call;
  return {
    ...call,
    report: { ...report, object: (key, how, request) => report.object(`${vaultUrl} ${key}`, how, request) },
  };
}

interface FetchResult extends Omit<FetchedObjects, 'outcomes'> {
  readonly outcome: ObjectOutcome;
}

async function fetchOne({ vaultUrl, object, uses }: PlannedFetch, options: FetchOptions): Promise<FetchResult> {
  const outcome: ObjectOutcome = { key: fetchKey(vaultUrl, object), id: uses[0]?.id ?? '' };
  const nothing = { files: [], versions: [], absent: [], failed: [] };
  try {
    const fetched = await options.admission.fetch(vaultUrl, object, ofVault(options.call, vaultUrl));
    const rendered = await Promise.all(uses.map((use) => renderUse(fetched, use, options.render)));
    return {
      ...nothing,
      outcome: { ...outcome, version: fetched.version },
      files: rendered.flatMap(({ files }) => files),
      versions: uses.map(({ id }) => ({ id, version: fetched.version })),
      absent: rendered.flatMap(({ absent }) => absent),
    };
  } catch (thrown) {
    const error = toKeyferryError(thrown);
    const ended = { ...outcome, failed: error.upstreamCode ?? error.code };
    return isMissing(error) && uses.every(({ spec }) => spec.optional)
      ? {
          ...nothing,
          outcome: ended,
          absent: uses.map(({ spec, id }) => ({ spec, id, path: spec.path, reason: error.message })),
        }
      : { ...nothing, outcome: { ...ended, hint: error.hint }, failed: [{ object, error }] };
  }
}

async function renderUse(
  fetched: FetchedObject,
  { spec, id }: ResolvedObject,
  render: Render,
): Promise<{ readonly files: FetchedObjects['files']; readonly absent: readonly AbsentObject[] }> {
  const { json } = spec;
  if (json === undefined || fetched.type !== 'secret') {
    const files = await render(fetched, spec);
    return { files: files.map((file) => ({ file, spec })), absent: [] };
  }
  if (fetched.keyId !== undefined) {
    throw new KeyferryError('failed-precondition', `the secret is a certificate's, which ${json.field} cannot read`);
  }
  const selected = selectJson(fetched.value, json);
  const pathOf = (name: string) => (name === '' ? spec.path : `${spec.path}/${name}`);
  const missing = selected.filter(({ text }) => text === undefined);
  if (missing.length > 0 && !spec.optional) {
    const fields = missing.map(({ what }) => what).join(', ');
    throw new KeyferryError('failed-precondition', `the value has no ${fields}, as ${json.field} asks for`);
  }
  const files = await Promise.all(
    selected.map(async ({ name, text }) => {
      if (text === undefined) return [];
      const rendered = await render({ ...fetched, value: text }, { ...spec, path: pathOf(name) });
      return rendered.map((file) => ({ file, spec }));
    }),
  );
  const absent = missing.map(({ name, what }) => ({
    spec,
    id,
    path: pathOf(name),
    reason: `the value has no ${what}`,
  }));
  return { files: files.flat(), absent };
}
