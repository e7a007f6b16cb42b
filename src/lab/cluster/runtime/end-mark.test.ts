import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { createMarkFilter } from './end-mark.ts';

const MARK = Buffer.from('aab');

it('takes the mark out wherever it is cut, and nothing else', () => {
  // few letters, so that beginnings of the mark are everywhere
  const text = fc.stringMatching(/^[abc]{0,12}$/).filter((one) => !one.includes('aab'));
  fc.assert(
    fc.property(text, text, fc.array(fc.nat(30), { maxLength: 6 }), (before, after, cuts) => {
      fc.pre(
        !`${before}aab${after}`.replace('aab', '').includes('aab') && `${before}aab`.indexOf('aab') === before.length,
      );
      const all = Buffer.from(`${before}aab${after}`);
      const places = [0, ...cuts.map((cut) => Math.min(cut, all.length)), all.length].sort((a, b) => a - b);
      const filter = createMarkFilter(MARK);
      let passed = '';
      let found = 0;
      for (const [index, place] of places.slice(1).entries()) {
        const taken = filter.take(all.subarray(places[index], place));
        passed += taken.content.toString();
        if (taken.found) found += 1;
      }
      expect({ text: passed + filter.rest().toString(), found }).toEqual({ text: before + after, found: 1 });
    }),
  );
});

it('holds back only what could be the beginning of the mark', () => {
  const filter = createMarkFilter(MARK);
  expect(filter.take(Buffer.from('xaaa'))).toEqual({ content: Buffer.from('xa'), found: false });
  expect(filter.rest().toString()).toBe('aa');
  expect(filter.take(Buffer.from('c'))).toEqual({ content: Buffer.from('aac'), found: false });
});
