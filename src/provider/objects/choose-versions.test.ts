import { array, assert, boolean, constantFrom, integer, option, property, record } from 'fast-check';
import { describe, expect, it } from 'vitest';
import { chooseVersions, type DatedVersion } from './choose-versions.ts';

const HOUR = 3_600_000;
const NOW = 100 * HOUR;

function version(id: string, createdHours: number, changes: Partial<DatedVersion> = {}): DatedVersion {
  return {
    version: id,
    enabled: true,
    createdAtMs: createdHours * HOUR,
    notBeforeMs: undefined,
    expiresAtMs: undefined,
    ...changes,
  };
}

function chosen(versions: readonly DatedVersion[], wanted: Partial<Parameters<typeof chooseVersions>[1]>): string {
  const all = { from: undefined, choice: 'enabled' as const, count: 5, nowMs: NOW, ...wanted };
  return chooseVersions(versions, all)
    .map(({ version: id }) => id)
    .join('');
}

// The cases of upstream's TestGetLatestNKeyVaultObjects, and those that it does not reach.
describe('the versions of a history', () => {
  const FIVE = [version('a', 10), version('b', 9), version('c', 8), version('d', 7), version('e', 6)];
  const MIXED = [version('c', 8), version('e', 6), version('b', 9), version('a', 10), version('d', 7)];

  it.each([
    ['all when there are as many as asked for', FIVE, {}, 'abcde'],
    ['newest first, whatever the order of the list', MIXED, {}, 'abcde'],
    ['fewer when there are fewer', FIVE.slice(0, 3), {}, 'abc'],
    ['as many as asked for when there are more', FIVE, { count: 2 }, 'ab'],
    ['from the named version on', FIVE, { from: 'c' }, 'cde'],
    ['as many as asked for from the named version on', FIVE, { from: 'b', count: 2 }, 'bc'],
    ['the named version alone when it is the oldest', FIVE, { from: 'e' }, 'e'],
    ['none when the named version is not there', FIVE, { from: 'x' }, ''],
    ['none of none', [], {}, ''],
    ['no disabled ones', [version('a', 10, { enabled: false }), version('b', 9), version('c', 8)], { count: 2 }, 'bc'],
    ['none when the named version is disabled', [version('a', 10, { enabled: false })], { from: 'a' }, ''],
    ['expired ones too', [version('a', 10, { expiresAtMs: NOW - 1 }), version('b', 9)], {}, 'ab'],
    ['ones too whose time has not come', [version('a', 10, { notBeforeMs: NOW + 1 }), version('b', 9)], {}, 'ab'],
  ])('are %s', (_name, versions, wanted, expected) => {
    expect(chosen(versions, wanted)).toBe(expected);
  });

  it.each([
    ['not yet valid', { notBeforeMs: NOW + 1 }, 'b'],
    ['valid from now', { notBeforeMs: NOW }, 'ab'],
    ['expired now', { expiresAtMs: NOW }, 'b'],
    ['valid until a moment later', { expiresAtMs: NOW + 1 }, 'ab'],
    ['disabled within its times', { enabled: false, notBeforeMs: NOW, expiresAtMs: NOW + 1 }, 'b'],
  ])('are the valid ones when those are asked for: %s', (_name, changes, expected) => {
    expect(chosen([version('a', 10, changes), version('b', 9)], { choice: 'valid' })).toBe(expected);
  });
});

describe('whatever a vault lists', () => {
  const time = option(integer({ min: NOW - 3, max: NOW + 3 }), { nil: undefined });
  const lists = array(
    record({ createdAtMs: integer({ min: 0, max: 5 }), enabled: boolean(), notBeforeMs: time, expiresAtMs: time }),
    { maxLength: 12 },
  ).map((dated) => dated.map((each, index): DatedVersion => ({ ...each, version: String(index) })));
  const wishes = record({
    choice: constantFrom('current' as const, 'enabled' as const, 'valid' as const),
    count: integer({ min: 1, max: 5 }),
    from: option(integer({ min: 0, max: 12 }).map(String), { nil: undefined }),
  });
  const mayBeRead = ({ enabled, notBeforeMs = -Infinity, expiresAtMs = Infinity }: DatedVersion, choice: string) =>
    enabled && (choice !== 'valid' || (notBeforeMs <= NOW && NOW < expiresAtMs));

  it('the newest that may be read come first, from the wanted one on, and none is passed over', () => {
    assert(
      property(lists, wishes, (versions, { choice, count, from }) => {
        const found = chooseVersions(versions, { choice, count, from, nowMs: NOW });
        const usable = versions.filter((each) => mayBeRead(each, choice));
        const first = from === undefined ? undefined : usable.find((each) => each.version === from);
        const isMissing = from !== undefined && first === undefined;
        expect(found.length === 0).toBe(isMissing || usable.length === 0);
        if (isMissing) return;
        expect(usable).toEqual(expect.arrayContaining([...found]));
        expect(new Set(found).size).toBe(found.length);
        const ages = found.map(({ createdAtMs }) => createdAtMs);
        expect(ages).toEqual(ages.toSorted((a, b) => b - a));
        expect(first ?? found[0]).toBe(found[0]);
        // All that are older than the first belong to it, and of those the newest fit into `count`.
        const limit = first?.createdAtMs ?? Infinity;
        const left = usable.filter((each) => each.createdAtMs < limit && !found.includes(each));
        const oldest = found.length < count ? -Infinity : (ages.at(-1) ?? -Infinity);
        expect(left.filter(({ createdAtMs }) => createdAtMs > oldest)).toEqual([]);
        expect(found.length).toBeLessThanOrEqual(count);
      }),
      { numRuns: 300 },
    );
  });
});
