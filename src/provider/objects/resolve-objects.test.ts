import { describe, expect, it } from 'vitest';
import { KeyferryError } from '#base';
import type { ListedObject, ListedVersion } from '#azure';
import type { ObjectSpec } from '../parameters/object-spec.ts';
import { resolveObjects, type ResolveOptions } from './resolve-objects.ts';
import { objectSpec as spec } from '../testing/index.ts';

const ALL = { pattern: '*', tags: {}, includeCertificates: false };

function object(name: string, changes: Partial<ListedObject> = {}): ListedObject {
  return { name, enabled: true, tags: {}, managed: false, ...changes };
}

/** Versions from the newest to the oldest. */
function versions(...ids: string[]): ListedVersion[] {
  return ids.map((version, index) => ({
    version,
    enabled: !version.startsWith('off'),
    createdAtMs: 1000 - index,
    notBeforeMs: undefined,
    expiresAtMs: undefined,
  }));
}

interface Vault {
  readonly objects?: readonly ListedObject[];
  readonly versions?: Readonly<Record<string, readonly ListedVersion[]>>;
  readonly failure?: KeyferryError;
}

async function resolve(specs: readonly ObjectSpec[], vault: Vault = {}, changes: Partial<ResolveOptions> = {}) {
  const asked: string[] = [];
  const answer = <T>(question: string, value: T): Promise<T> => {
    asked.push(question);
    return vault.failure === undefined ? Promise.resolve(value) : Promise.reject(vault.failure);
  };
  const resolved = await resolveObjects(specs, {
    lists: {
      objects: (vaultUrl, type) => answer(`${vaultUrl} ${type}`, vault.objects ?? []),
      versions: (vaultUrl, type, name) => answer(`${vaultUrl} ${type}/${name}`, vault.versions?.[name] ?? []),
    },
    vaultUrl: (name) => `https://${name}.test`,
    keyvaultName: 'kv',
    nowMs: 0,
    moreVersions: 0,
    ...changes,
  });
  return {
    ...resolved,
    asked,
    files: resolved.found.map((each) => `${each.id} ${each.spec.version ?? 'current'} ${each.spec.path}`),
    problems: resolved.failed.map(({ error }) => error.message),
  };
}

describe('entries that say which object and version', () => {
  it('are found without a question', async () => {
    const { files, asked } = await resolve([spec(), spec({ type: 'key', name: 'two', version: 'v1' })]);
    expect(files).toEqual(['secret/one current one', 'key/two v1 two']);
    expect(asked).toEqual([]);
  });

  it.each([0, 1])('have no history when it is %s long', async (versionHistory) => {
    expect((await resolve([spec({ versionHistory })])).files).toEqual(['secret/one current one']);
  });

  it('have the name of their vault in the id, unless it is the class’s own', async () => {
    const { found } = await resolve([spec({ vault: 'other' }), spec({ vault: 'kv' })]);
    expect(found.map(({ id, vaultUrl }) => [id, vaultUrl])).toEqual([
      ['other/secret/one', 'https://other.test'],
      ['secret/one', 'https://kv.test'],
    ]);
  });
});

describe('a history', () => {
  const four = { versions: { one: versions('d', 'off', 'b', 'a', 'z') } };

  it.each([
    ['as many files as it asks for', { versionHistory: 2 }, 0, ['d', 'b']],
    ['one more where upstream’s number is wanted', { versionHistory: 2 }, 1, ['d', 'b', 'a']],
    ['fewer when there are fewer', { versionHistory: 9 }, 0, ['d', 'b', 'a', 'z']],
    ['those from a version on', { versionHistory: 2, version: 'b' }, 0, ['b', 'a']],
  ])('has %s', async (_what, changes, moreVersions, expected) => {
    const { files } = await resolve([spec({ path: 'alias', ...changes })], four, { moreVersions });
    expect(files).toEqual(expected.map((version, index) => `secret/one/${index} ${version} alias/${index}`));
  });

  it.each([
    ['an unknown version', { version: 'x' }, 'https://kv.test lists 5 versions, none that is enabled with the id x'],
    ['a disabled version', { version: 'off' }, 'none that is enabled with the id off'],
  ])('cannot begin at %s', async (_what, changes, problem) => {
    const { problems } = await resolve([spec({ versionHistory: 2, ...changes })], four);
    expect(problems).toEqual([expect.stringContaining(problem)]);
  });

  it('of an object that nobody knows is none', async () => {
    expect((await resolve([spec({ versionHistory: 2 })])).problems).toEqual([
      'https://kv.test lists 0 versions, no enabled one',
    ]);
  });
});

describe('the newest version that is enabled', () => {
  it('is one file under the entry’s own path', async () => {
    const vault = { versions: { one: versions('off', 'b', 'a') } };
    expect((await resolve([spec({ versionChoice: 'enabled' })], vault)).files).toEqual(['secret/one b one']);
  });
});

describe('a selection', () => {
  const vault = {
    objects: [object('web-b'), object('web-a'), object('db'), object('web-off', { enabled: false })],
    versions: { 'web-a': versions('a2', 'a1'), 'web-b': versions('b1'), 'web-off': versions('off', 'o1'), db: [] },
  };
  const web = { ...ALL, pattern: 'web-*' };

  it('is each object with its own name', async () => {
    const { files, asked } = await resolve([spec({ selection: web, path: 'web/' })], vault);
    expect(files).toEqual(['secret/web-a current web/web-a', 'secret/web-b current web/web-b']);
    expect(asked).toEqual(['https://kv.test secret']);
  });

  it('has a history for each object', async () => {
    const { files } = await resolve([spec({ selection: web, path: '', versionHistory: 2 })], vault);
    expect(files).toEqual(['secret/web-a/0 a2 web-a/0', 'secret/web-a/1 a1 web-a/1', 'secret/web-b/0 b1 web-b/0']);
  });

  it('takes an object whose current version is disabled, where an older one will do', async () => {
    const { files } = await resolve([spec({ selection: ALL, path: '', versionChoice: 'enabled' })], vault);
    expect(files).toEqual(['secret/web-a a2 web-a', 'secret/web-b b1 web-b', 'secret/web-off o1 web-off']);
  });

  it('fails when it finds nothing, and says what it looked through', async () => {
    const selection = { ...ALL, pattern: 'x*', tags: { a: 'b' } };
    expect((await resolve([spec({ selection, path: '' })], vault)).problems).toEqual([
      'none of the 4 objects that https://kv.test lists is enabled and fits objectNamePattern x* and its objectTags',
    ]);
  });

  it('of more than 500 objects fails', async () => {
    const objects = Array.from({ length: 501 }, (_, index) => object(`s${index}`));
    expect((await resolve([spec({ selection: ALL, path: '' })], { objects })).problems).toEqual([
      '501 objects are selected, more than 500',
    ]);
  });

  it('fails for a path that no file may have', async () => {
    const { problems } = await resolve([spec({ selection: web, path: '$(name)/'.repeat(700) })], vault);
    expect(problems).toEqual([expect.stringContaining('file name')]);
  });
});

describe('an optional entry', () => {
  const notFound = new KeyferryError('not-found', 'SecretNotFound: no', { upstreamCode: 'SecretNotFound' });

  it.each([
    ['the vault has no such object', spec({ versionHistory: 2 }), { failure: notFound }, 'SecretNotFound: no'],
    ['no version is enabled', spec({ versionChoice: 'enabled' }), {}, 'lists 0 versions'],
    ['nothing is selected', spec({ selection: ALL, path: '' }), {}, 'none of the 0 objects'],
  ])('is absent when %s', async (_what, entry, vault, reason) => {
    const { found, absent, failed } = await resolve([{ ...entry, optional: true }], vault);
    expect([found, failed]).toEqual([[], []]);
    expect(absent).toEqual([
      {
        spec: { ...entry, optional: true },
        id: 'secret/one',
        path: entry.path || undefined,
        reason: expect.stringContaining(reason),
      },
    ]);
  });

  it.each([
    ['refuses', new KeyferryError('permission-denied', 'no', { upstreamCode: 'Forbidden/ForbiddenByPolicy' })],
    ['is too busy', new KeyferryError('resource-exhausted', 'no', { upstreamCode: 'Throttled' })],
    ['is not there', new KeyferryError('unavailable', 'no', { upstreamCode: 'ENOTFOUND' })],
    ['is behind a gateway that knows no such page', new KeyferryError('not-found', 'no', { upstreamCode: 'NotFound' })],
  ])('fails all the same when the vault %s', async (_what, failure) => {
    const { absent, problems } = await resolve([spec({ versionHistory: 2, optional: true })], { failure });
    expect(absent).toEqual([]);
    expect(problems).toEqual(['no']);
  });
});
