import { expect, test } from 'vitest';
import { createSlots } from './slots.ts';

test('so many go on at once, the others follow in their order, also after one that fails', async () => {
  const slots = createSlots(2);
  const begun: number[] = [];
  const ends: (() => void)[] = [];
  const works = Array.from({ length: 5 }, (_, index) =>
    slots.run(async () => {
      begun.push(index);
      await new Promise<void>((resolve) => ends.push(resolve));
      if (index === 0) throw new Error('no');
      return index;
    }),
  );
  const outcome = Promise.allSettled(works);
  expect(begun).toEqual([0, 1]);
  ends[0]?.();
  await expect(works[0]).rejects.toThrow('no');
  expect(begun).toEqual([0, 1, 2]);
  for (let index = 1; index < 5; index += 1) {
    ends[index]?.();
    await works[index];
  }
  expect((await outcome).map(({ status }) => status)).toEqual([
    'rejected',
    'fulfilled',
    'fulfilled',
    'fulfilled',
    'fulfilled',
  ]);
  expect(begun).toEqual([0, 1, 2, 3, 4]);
});
