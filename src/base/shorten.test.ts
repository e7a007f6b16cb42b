import { assert, integer, property, string } from 'fast-check';
import { expect, it } from 'vitest';
import { shortenMiddle } from './shorten.ts';

it('leaves a text alone that is short enough', () => {
  expect(shortenMiddle('ten chars.', 10)).toBe('ten chars.');
});

it('keeps more of the beginning than of the end', () => {
  expect(shortenMiddle('beginning-and-much-more-and-end', 13)).toBe('beginn … -end');
});

it('is exactly as long as it may be, down to nothing', () => {
  assert(
    property(string({ minLength: 41, maxLength: 60 }), integer({ min: 0, max: 40 }), (text, length) => {
      expect(shortenMiddle(text, length)).toHaveLength(length);
    }),
  );
});
