import { expect, it } from 'vitest';
import { parseQuantity, quantityValue } from './quantity.ts';

it.each([
  ['1', 1],
  ['500m', 0.5],
  ['1.5', 1.5],
  ['.5', 0.5],
  ['2k', 2000],
  ['1Gi', 1_073_741_824],
  ['128974848', 128_974_848],
  ['129e6', 129_000_000],
  ['129M', 129_000_000],
  ['-1', -1],
  [3, 3],
  ['1.5G', 1.5e9],
  ['much', 0],
  ['1 Gi', 0],
  [undefined, 0],
])('the quantity %s is %d', (quantity, value) => {
  expect(quantityValue(quantity)).toBe(value);
});

it.each(['', 'much', '1Gb', '1e', 'Ki'])('the text "%s" is no quantity', (text) => {
  expect(parseQuantity(text)).toBeUndefined();
});
