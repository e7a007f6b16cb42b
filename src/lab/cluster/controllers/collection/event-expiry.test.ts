import { describe, expect, test } from 'vitest';
import type { Event } from '#kube';
import { isExpired } from './event-expiry.ts';

describe('events expire an hour after they were last seen', () => {
  const now = Date.parse('2026-01-01T02:00:00Z');
  test.each([
    { event: { lastTimestamp: '2026-01-01T00:59:59Z' }, expired: true },
    { event: { lastTimestamp: '2026-01-01T01:00:01Z' }, expired: false },
    { event: { firstTimestamp: '2026-01-01T00:00:00Z', lastTimestamp: '2026-01-01T01:30:00Z' }, expired: false },
    { event: { eventTime: '2026-01-01T00:30:00.123456Z' }, expired: true },
    {
      event: { series: { count: 2, lastObservedTime: '2026-01-01T01:59:00Z' }, eventTime: '2026-01-01T00:00:00Z' },
      expired: false,
    },
    { event: {}, expired: false },
  ])('$event: $expired', ({ event, expired }) => {
    expect(isExpired({ metadata: {}, involvedObject: {}, ...event } as unknown as Event, now)).toBe(expired);
  });
});
