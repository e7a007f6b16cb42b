import { expect, it } from 'vitest';
import { retryAfterMs } from './azure-errors.ts';

it.each([
  ['5', 5_000],
  ['0', 0],
  ['1.5', 1_500],
  ['Thu, 01 Jan 2026 00:00:10 GMT', 10_000],
  ['Wed, 31 Dec 2025 23:59:00 GMT', 0],
  ['-1', undefined],
  ['soon', undefined],
  [' ', undefined],
  [undefined, undefined],
])('Retry-After "%s" is a pause of %s ms', (header, expected) => {
  expect(retryAfterMs(header, Date.UTC(2026, 0, 1))).toBe(expected);
});
