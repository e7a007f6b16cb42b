import { expect, it } from 'vitest';
import { createFakeClock, createFakeRandom } from '../../base/testing/index.ts';
import { createEventNames } from './event-names.ts';

it('names events so that a list by name shows them in the order in which they happened', async () => {
  const clock = createFakeClock();
  const nameOf = createEventNames({ clock, random: createFakeRandom() });
  const names: string[] = [];
  for (let index = 0; index < 600; index += 1) {
    names.push(nameOf('pod'));
    if (index % 200 === 199) await clock.advance(1);
  }
  expect(names.toSorted()).toEqual(names);
  expect(new Set(names).size).toBe(names.length);
});
