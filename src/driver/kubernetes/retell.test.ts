import { describe, expect, it } from 'vitest';
import { isAnyTold, NOTHING_TOLD, planTelling, RETELL_AFTER_MS } from './retell.ts';

describe('failures that are tried again', () => {
  it('are told once, each by itself', () => {
    const first = planTelling(NOTHING_TOLD, ['no vault', 'no key', 'no key'], 0);
    expect(first.tell).toEqual(['no vault', 'no key']);
    const second = planTelling(first.told, ['no key', 'no file', 'no vault'], 1000);
    expect(second.tell).toEqual(['no file']);
  });

  it('are told again when they were away in between', () => {
    const first = planTelling(NOTHING_TOLD, ['no vault', 'no key'], 0);
    const second = planTelling(first.told, ['no key'], 1000);
    expect(planTelling(second.told, ['no vault', 'no key'], 2000).tell).toEqual(['no vault']);
  });

  it('are told again before the API server forgets the event, counted from when they were told', () => {
    const first = planTelling(NOTHING_TOLD, ['no vault'], 0);
    const before = planTelling(first.told, ['no vault'], RETELL_AFTER_MS - 1);
    expect(before.tell).toEqual([]);
    const after = planTelling(before.told, ['no vault'], RETELL_AFTER_MS);
    expect(after.tell).toEqual(['no vault']);
    expect(planTelling(after.told, ['no vault'], RETELL_AFTER_MS + 1).tell).toEqual([]);
  });

  it.each([
    ['a time', 'expired at 2026-01-02T03:04:05Z', 'expired at 2026-01-02T03:05:07.25Z'],
    ['a pause', 'no vault, again in 2.5 s', 'no vault, again in 900 ms'],
  ])('are the same with another %s', (_what, text, later) => {
    const { told } = planTelling(NOTHING_TOLD, [text], 0);
    expect(planTelling(told, [later], 1).tell).toEqual([]);
  });

  it('are others with another number', () => {
    const { told } = planTelling(NOTHING_TOLD, ['file-1 is missing'], 0);
    expect(planTelling(told, ['file-2 is missing'], 1).tell).toEqual(['file-2 is missing']);
  });

  it('that may be over at the next try are told when that meets them too', () => {
    const doubtful = new Set(['forbidden']);
    const first = planTelling(NOTHING_TOLD, ['forbidden', 'no key'], 0, doubtful);
    expect(first.tell).toEqual(['no key']);
    const second = planTelling(first.told, ['forbidden', 'no key'], 1000, doubtful);
    expect(second.tell).toEqual(['forbidden']);
    expect(planTelling(second.told, ['forbidden'], 2000, doubtful).tell).toEqual([]);
    const away = planTelling(first.told, [], 1000, doubtful);
    expect(planTelling(away.told, ['forbidden'], 2000, doubtful).tell).toEqual([]);
  });

  it('are no longer told of once they are over, and were not if they were only doubtful', () => {
    const failed = planTelling(NOTHING_TOLD, ['no key'], 0);
    expect(isAnyTold(failed.told)).toBe(true);
    expect(isAnyTold(planTelling(failed.told, [], 1).told)).toBe(false);
    expect(isAnyTold(planTelling(NOTHING_TOLD, ['forbidden'], 0, new Set(['forbidden'])).told)).toBe(false);
  });
});
