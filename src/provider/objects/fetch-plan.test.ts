import { describe, expect, it } from 'vitest';
import { planFetches, plannedClashes } from './fetch-plan.ts';
import type { ObjectSpec } from '../parameters/object-spec.ts';
import type { ResolvedObject } from './resolve-objects.ts';
import { objectSpec as spec } from '../testing/index.ts';

const found = (changes: Partial<ObjectSpec> = {}, vaultUrl = 'https://kv.vault.azure.net'): ResolvedObject => ({
  spec: spec(changes),
  vaultUrl,
  id: `secret/${changes.name ?? 'one'}`,
});

function clashesOf(specs: ObjectSpec[]): string[] {
  return plannedClashes(specs).map(({ path, message }) => `${path}: ${message}`);
}

describe('a fetch plan', () => {
  it('fetches an object once, however many files it becomes', () => {
    const planned = planFetches([
      found(),
      found({ name: 'two' }),
      found({ path: 'alias', encoding: 'hex' }),
      found({ name: 'ONE', path: 'upper' }),
      found({ path: 'old', version: 'v1' }),
      found({ path: 'key', type: 'key' }),
      found({ path: 'other' }, 'https://other.vault.azure.net'),
    ]);
    expect(planned.map(({ object, uses }) => [object.name, object.version, uses.map((use) => use.spec.path)])).toEqual([
      ['one', undefined, ['one', 'alias', 'upper']],
      ['two', undefined, ['two']],
      ['one', 'v1', ['old']],
      ['one', undefined, ['key']],
      ['one', undefined, ['other']],
    ]);
  });
});

describe('entries that can be judged before anything is asked for', () => {
  it('may be the same in everything', () => {
    expect(clashesOf([spec(), spec({ at: 'spec.parameters.objects[1]' })])).toEqual([]);
  });

  it.each([
    ['another object', { name: 'two', path: 'one' }],
    ['another version', { version: 'v1' }],
    ['another vault', { vault: 'other' }],
    ['another encoding', { encoding: 'hex' as const }],
    ['another mode', { mode: 0o600 }],
  ])('are refused for %s under the same file name', (_name, changes) => {
    const issues = clashesOf([spec(), spec({ at: 'spec.parameters.objects[1]', ...changes })]);
    expect(issues).toHaveLength(1);
    expect(issues[0]).toContain('spec.parameters.objects[1].objectAlias');
    expect(issues[0]).toContain('file name "one" is taken by spec.parameters.objects[0]');
  });

  it('are refused for a file that would be a folder too, in any order', () => {
    const file = spec({ path: 'a/b' });
    const below = spec({ at: 'spec.parameters.objects[1]', name: 'two', path: 'a/b/c' });
    expect(clashesOf([file, below]).join()).toContain('file name "a/b/c" needs a folder "a/b"');
    expect(clashesOf([below, file]).join()).toContain('file name "a/b/c" needs a folder "a/b"');
    expect(clashesOf([file, spec({ name: 'two', path: 'a/bc' })])).toEqual([]);
  });

  it('are not those whose files are only known later', () => {
    const history = spec({ versionHistory: 2 });
    const selection = spec({ selection: { pattern: '*', tags: {}, includeCertificates: false }, path: '' });
    const fields = spec({ json: { field: 'jsonFiles', files: 'all' } });
    expect(clashesOf([history, selection, fields, spec({ name: 'two', path: 'one/more' })])).toEqual([]);
  });
});
