import { describe, expect, it } from 'vitest';
import { planFetches } from './fetch-plan.ts';
import type { ObjectSpec } from './object-spec.ts';

function spec(changes: Partial<ObjectSpec> = {}): ObjectSpec {
  return {
    at: 'spec.parameters.objects[0]',
    line: 2,
    type: 'secret',
    name: 'one',
    path: changes.name ?? 'one',
    version: undefined,
    versionHistory: 0,
    format: 'pem',
    encoding: 'utf-8',
    mode: undefined,
    ...changes,
  };
}

function issuesOf(specs: ObjectSpec[]): string[] {
  const planned = planFetches(specs);
  return planned.ok ? [] : planned.issues.map(({ path, message }) => `${path}: ${message}`);
}

describe('a fetch plan', () => {
  it('fetches an object once, however many files it becomes', () => {
    const planned = planFetches([
      spec(),
      spec({ name: 'two' }),
      spec({ path: 'alias', encoding: 'hex' }),
      spec({ name: 'ONE', path: 'upper' }),
      spec({ path: 'old', version: 'v1' }),
    ]);
    if (!planned.ok) throw new Error('refused');
    expect(
      planned.plan.fetches.map(({ object, specs }) => [object.name, object.version, specs.map(({ path }) => path)]),
    ).toEqual([
      ['one', undefined, ['one', 'alias', 'upper']],
      ['two', undefined, ['two']],
      ['one', 'v1', ['old']],
    ]);
  });

  it('takes entries that are the same in everything', () => {
    expect(issuesOf([spec(), spec({ at: 'spec.parameters.objects[1]' })])).toEqual([]);
  });

  it.each([
    ['another object', { name: 'two', path: 'one' }],
    ['another version', { version: 'v1' }],
    ['another encoding', { encoding: 'hex' as const }],
    ['another mode', { mode: 0o600 }],
  ])('refuses %s under the same file name', (_name, changes) => {
    const issues = issuesOf([spec(), spec({ at: 'spec.parameters.objects[1]', ...changes })]);
    expect(issues).toHaveLength(1);
    expect(issues[0]).toContain('spec.parameters.objects[1].objectAlias');
    expect(issues[0]).toContain('file name "one" is taken by spec.parameters.objects[0]');
  });

  it('refuses a file that would be a folder too, in any order', () => {
    const file = spec({ path: 'a/b' });
    const below = spec({ at: 'spec.parameters.objects[1]', name: 'two', path: 'a/b/c' });
    expect(issuesOf([file, below]).join()).toContain('file name "a/b/c" needs a folder "a/b"');
    expect(issuesOf([below, file]).join()).toContain('file name "a/b/c" needs a folder "a/b"');
    expect(issuesOf([file, spec({ name: 'two', path: 'a/bc' })])).toEqual([]);
  });

  it('says that a history cannot be had yet', () => {
    expect(issuesOf([spec({ versionHistory: 2 })]).join()).toContain('objectVersionHistory');
    expect(issuesOf([spec({ versionHistory: 1 })])).toEqual([]);
  });
});
