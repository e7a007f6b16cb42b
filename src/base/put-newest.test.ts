import { expect, it } from 'vitest';
import { putNewest } from './put-newest.ts';

it.each([
  ['adds while there is room', [], 'c', 3, 'abc'],
  ['lets the oldest go', [], 'c', 2, 'bc'],
  ['lets all go that are too many', [], 'c', 1, 'c'],
  ['moves a known key to the end, where it stays longest', [], 'a', 2, 'ba'],
  ['counts what was put again as new', ['a'], 'c', 2, 'ac'],
  ['keeps nothing where nothing may be kept', [], 'c', 0, ''],
])('%s', (_name, before, key, max, expected) => {
  const map = new Map(['a', 'b'].map((each) => [each, 'old']));
  for (const each of before) putNewest(map, each, 'old', 9);
  putNewest(map, key, 'new', max);
  expect([...map.keys()].join('')).toBe(expected);
  expect(map.get(key)).toBe(max === 0 ? undefined : 'new');
});
