import { expect, it } from 'vitest';
import { fillFields } from './fields.ts';

const TABLE = { '': 'name pools map', 'pools[]': 'count size', 'pools[].inner': 'a', 'map[]': 'on' };

it('adds null for fields that are absent, at the top, in lists and in maps', () => {
  expect(fillFields({ pools: [{ count: 1, inner: {} }, {}], map: { x: {}, y: { on: true } } }, TABLE)).toEqual({
    name: null,
    pools: [
      { count: 1, size: null, inner: { a: null } },
      { count: null, size: null },
    ],
    map: { x: { on: null }, y: { on: true } },
  });
});

it('makes no objects that are not there, and leaves what it does not know', () => {
  expect(fillFields({ pools: null, other: { deep: 1 } }, TABLE)).toEqual({
    name: null,
    pools: null,
    map: null,
    other: { deep: 1 },
  });
});
