import { expect, it } from 'vitest';
import { canonicalQuantity, canonicalScalar, timeProblem } from './canonical.ts';

// The examples of "Canonical form" in apimachinery's Quantity and of the Kubernetes reference page of quantities.
it.each([
  ['0', '0'],
  ['0Mi', '0'],
  ['1', '1'],
  ['1.5', '1500m'],
  ['0.5', '500m'],
  ['.1', '100m'],
  ['100m', '100m'],
  ['1000m', '1'],
  ['1500m', '1500m'],
  ['1000', '1k'],
  ['2000k', '2M'],
  ['1.5Gi', '1536Mi'],
  ['1024Mi', '1Gi'],
  ['1025Mi', '1025Mi'],
  ['0.5Ki', '512'],
  ['128974848', '128974848'],
  ['129e6', '129e6'],
  ['1e0', '1'],
  ['1000e3', '1e6'],
  ['0.0000000001', '1n'],
  ['-1000m', '-1'],
  ['+5', '5'],
])('the quantity %s is written %s', (text, canonical) => {
  expect(canonicalQuantity(text)).toBe(canonical);
});

it.each([
  ['date-time', '2026-11-22T05:35:34+01:00', '2026-11-22T04:35:34Z'],
  ['date-time', '2026-11-22T04:35:34.987Z', '2026-11-22T04:35:34Z'],
  ['date-time-micro', '2026-11-22T05:35:34.123456+01:00', '2026-11-22T04:35:34.123456Z'],
  ['date-time-micro', '2026-11-22T04:35:34.000000Z', '2026-11-22T04:35:34.000000Z'],
  ['string', '2026-11-22T05:35:34+01:00', '2026-11-22T05:35:34+01:00'],
] as const)('a %s %s is written %s', (format, text, canonical) => {
  expect(canonicalScalar(format, text)).toBe(canonical);
});

it.each([
  ['date-time', '2026-11-22', 'parsing time "2026-11-22": not an RFC 3339 time'],
  ['date-time', '2026-13-22T04:35:34Z', 'parsing time "2026-13-22T04:35:34Z": not an RFC 3339 time'],
  [
    'date-time-micro',
    '2026-11-22T04:35:34Z',
    'parsing time "2026-11-22T04:35:34Z" as "2006-01-02T15:04:05.000000Z07:00": cannot parse "Z" as ".000000"',
  ],
  [
    'date-time-micro',
    '2026-11-22T04:35:34.123Z',
    'parsing time "2026-11-22T04:35:34.123Z" as "2006-01-02T15:04:05.000000Z07:00": cannot parse ".123Z" as ".000000"',
  ],
  ['date-time-micro', '2026-11-22T04:35:34.000000Z', undefined],
] as const)('of a %s %s it says %s', (format, text, problem) => {
  expect(timeProblem(format, text)).toBe(problem);
});
