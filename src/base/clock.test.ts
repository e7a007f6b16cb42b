import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { systemClock } from './clock.ts';

const DAY_MS = 86_400_000;

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => {
  vi.useRealTimers();
});

it.each([1, 24, 40, 400])('sleeps %d days, and not less', async (days) => {
  let isAwake = false;
  const sleep = systemClock.sleep(days * DAY_MS).then(() => {
    isAwake = true;
  });
  await vi.advanceTimersByTimeAsync(days * DAY_MS - 1);
  expect(isAwake).toBe(false);
  await vi.advanceTimersByTimeAsync(1);
  expect(isAwake).toBe(true);
  await sleep;
});

it('wakes with the reason of an abort, however long it was to sleep', async () => {
  const stop = new AbortController();
  const sleep = systemClock.sleep(100 * DAY_MS, { signal: stop.signal });
  const outcome = expect(sleep).rejects.toThrow('enough');
  await vi.advanceTimersByTimeAsync(60 * DAY_MS);
  stop.abort(new Error('enough'));
  await outcome;
  expect(vi.getTimerCount()).toBe(0);
});
