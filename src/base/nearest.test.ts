import { describe, expect, it } from 'vitest';
import { didYouMean, nearest } from './nearest.ts';

describe('nearest', () => {
  const TYPES = ['secret', 'key', 'cert'] as const;
  it.each([
    ['secrt', 'secret'],
    ['secrets', 'secret'],
    ['Secret', 'secret'],
    ['kye', undefined],
    ['keys', 'key'],
    ['crt', 'cert'],
    ['certificate', 'cert'],
    ['sec', 'secret'],
    ['se', undefined],
    ['x', undefined],
    ['', undefined],
    ['x'.repeat(100_000), undefined],
  ])('finds for %.20s what was meant: %s', (word, expected) => {
    expect(nearest(word, TYPES)).toBe(expected);
  });

  it('takes the closest of several, and the first of equals', () => {
    expect(nearest('objectNam', ['objectType', 'objectName'])).toBe('objectName');
    expect(nearest('bat', ['cat', 'rat'])).toBe('cat');
    expect(nearest('cat', ['bat', 'cat'])).toBe('cat');
  });
});

it('a message goes on with what was meant, or ends', () => {
  expect(didYouMean('arry', ['array'])).toBe('; did you mean "array"?');
  expect(didYouMean('things', ['array'])).toBe('');
});
