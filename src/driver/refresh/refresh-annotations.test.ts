import { describe, expect, it } from 'vitest';
import { parseIntervalAnnotation, REFRESH_ANNOTATIONS, refreshMark } from './refresh-annotations.ts';

const interval = (text: string) => parseIntervalAnnotation({ [REFRESH_ANNOTATIONS.interval]: text });

describe('the interval of a class', () => {
  it.each([
    ['10s', 10_000],
    [' 1h30m ', 5_400_000],
    ['8784h', 366 * 86_400_000],
  ])('%s is taken', (text, intervalMs) => {
    expect(interval(text)).toEqual({ intervalMs, problem: undefined });
  });

  it.each([
    ['9s', 'shorter than 10s'],
    ['0', 'shorter than 10s'],
    ['8785h', 'longer than 8784h'],
    ['', 'no duration'],
    ['120', 'no duration'],
    ['-1h', 'no duration'],
    ['1 hour', 'no duration'],
  ])('"%s" is refused, and says why and what counts', (text, why) => {
    const { intervalMs, problem } = interval(text);
    expect(intervalMs).toBeUndefined();
    expect(problem).toContain(why);
    expect(problem).toContain('--rotation-poll-interval');
  });

  it('may be missing', () => {
    expect(parseIntervalAnnotation({})).toEqual({ intervalMs: undefined, problem: undefined });
  });
});

describe('the mark of a refresh annotation', () => {
  it('tells values apart, and tells none of them', () => {
    const mark = (value: string) => refreshMark({ [REFRESH_ANNOTATIONS.refresh]: value });
    expect(mark('now')).toBe(mark('now'));
    expect(mark('now')).not.toBe(mark('again'));
    expect(mark('now')).not.toContain('now');
    expect(mark('')).toBe('');
    expect(refreshMark(undefined)).toBe('');
  });
});
