import { describe, expect, it } from 'vitest';
import { parseDuration, renderDuration } from './duration.ts';

describe('durations', () => {
  it.each([
    ['0', 0],
    ['500ms', 500],
    ['2s', 2000],
    ['1.5s', 1500],
    ['10m', 600_000],
    ['1h30m', 5_400_000],
    ['24h', 86_400_000],
  ])('%s is %d ms, and back', (text, ms) => {
    expect(parseDuration(text)).toBe(ms);
    expect(parseDuration(renderDuration(ms))).toBe(ms);
  });

  it.each([
    [0, '0'],
    [500, '500ms'],
    [2500, '2.5s'],
    [5_400_000, '1h30m'],
    [86_400_000, '24h'],
  ])('%d ms are written %s', (ms, text) => {
    expect(renderDuration(ms)).toBe(text);
  });

  it.each(['', '5', '-2s', '2 s', '2x', 's', '1d', '2s3', '9'.repeat(40) + 's'])('%j is none', (text) => {
    expect(parseDuration(text)).toBeUndefined();
  });
});
