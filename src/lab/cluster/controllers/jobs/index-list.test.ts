import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseIndexes, renderIndexes } from './index-list.ts';

test.each([
  [[], ''],
  [[3], '3'],
  [[1, 2], '1,2'],
  [[5, 1, 3, 4], '1,3-5'],
  [[0, 1, 2, 3, 7], '0-3,7'],
])('%j is written as %j', (indexes, text) => {
  expect(renderIndexes(indexes)).toBe(text);
});

test.each([
  [undefined, []],
  ['', []],
  ['1,3-5', [1, 3, 4, 5]],
  ['8-12', [8, 9]],
  ['x,2', [2]],
])('%j means %j of ten', (text, indexes) => {
  expect([...parseIndexes(text, 10)]).toEqual(indexes);
});

test('any set of indexes survives being written and read', () => {
  fc.assert(
    fc.property(fc.uniqueArray(fc.nat(60)), (indexes) => {
      expect(parseIndexes(renderIndexes(indexes), 61)).toEqual(new Set(indexes.sort((a, b) => a - b)));
    }),
  );
});
