import { describe, expect, it } from 'vitest';
import { parseAdvance } from './clock-command.ts';

describe('how far the clock is moved on', () => {
  it.each([
    ['90s', 90_000],
    ['10m', 600_000],
    ['24h', 86_400_000],
    ['7d', 604_800_000],
    ['1h30m', 5_400_000],
    ['1d12h', 129_600_000],
    ['500ms', 500],
  ])('%s is %i ms', (text, ms) => {
    expect(parseAdvance(text)).toBe(ms);
  });

  it.each(['', '0', '0s', '0d', '24', '-1h', '1x', 'd', '1dd', '1h1d', '1.5d', '0.0001s', '9999999d', 'tomorrow'])(
    '%j is refused with what to give instead',
    (text) => {
      expect(() => parseAdvance(text)).toThrow(
        expect.objectContaining({ code: 'invalid-input', hint: expect.stringContaining('24h') }),
      );
    },
  );
});
