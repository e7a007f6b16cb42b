import { describe, expect, test } from 'vitest';
import { parseCronSchedule } from './cron-schedule.ts';

const next = (text: string, after: string, timeZone?: string): string | undefined => {
  const parsed = parseCronSchedule(text, timeZone);
  if (!parsed.ok) throw new Error(parsed.problem);
  const ms = parsed.schedule.next(Date.parse(after));
  return ms === undefined ? undefined : new Date(ms).toISOString().replace(':00.000Z', 'Z');
};

describe('the next start', () => {
  // 2026-03-01 is a Sunday.
  test.each([
    ['* * * * *', '2026-03-01T12:00:30Z', '2026-03-01T12:01Z'],
    ['* * * * *', '2026-03-01T12:00:00Z', '2026-03-01T12:01Z'],
    ['*/15 * * * *', '2026-03-01T12:46:00Z', '2026-03-01T13:00Z'],
    ['5/20 * * * *', '2026-03-01T12:30:00Z', '2026-03-01T12:45Z'],
    ['0 9-17/4 * * *', '2026-03-01T13:30:00Z', '2026-03-01T17:00Z'],
    ['10,40 3 * * *', '2026-03-01T03:15:00Z', '2026-03-01T03:40Z'],
    ['0 0 * * *', '2026-12-31T23:59:00Z', '2027-01-01T00:00Z'],
    ['30 8 * * MON-FRI', '2026-03-06T09:00:00Z', '2026-03-09T08:30Z'],
    ['0 0 1 jan,Jul ?', '2026-02-01T00:00:00Z', '2026-07-01T00:00Z'],
    ['0 0 29 2 *', '2026-03-01T00:00:00Z', '2028-02-29T00:00Z'],
    ['@hourly', '2026-03-01T12:20:00Z', '2026-03-01T13:00Z'],
    ['@weekly', '2026-03-02T12:20:00Z', '2026-03-08T00:00Z'],
    ['@monthly', '2026-03-02T12:20:00Z', '2026-04-01T00:00Z'],
    ['@yearly', '2026-03-02T12:20:00Z', '2027-01-01T00:00Z'],
  ])('of %j after %s is %s', (text, after, expected) => {
    expect(next(text, after)).toBe(expected);
  });

  test('with both days restricted comes on either', () => {
    expect(next('0 0 13 * 5', '2026-03-01T00:00:00Z')).toBe('2026-03-06T00:00Z');
    expect(next('0 0 13 * 5', '2026-03-06T00:00:00Z')).toBe('2026-03-13T00:00Z');
  });

  test('of a day that never comes is none', () => {
    expect(next('0 0 30 2 *', '2026-03-01T00:00:00Z')).toBeUndefined();
  });

  test('with @every counts from the last one', () => {
    expect(next('@every 1h30m', '2026-03-01T12:10:00Z')).toBe('2026-03-01T13:40Z');
  });

  test.each([
    ['0 9 * * *', 'Europe/Berlin', '2026-01-15T00:00:00Z', '2026-01-15T08:00Z'],
    ['0 9 * * *', 'Europe/Berlin', '2026-07-15T00:00:00Z', '2026-07-15T07:00Z'],
    ['0 0 * * *', 'Asia/Kolkata', '2026-03-01T00:00:00Z', '2026-03-01T18:30Z'],
    ['0 0 1 * *', 'Pacific/Kiritimati', '2026-03-05T00:00:00Z', '2026-03-31T10:00Z'],
    // Clocks go forward from 2:00 to 3:00 on 2026-03-29, and back from 3:00 to 2:00 on 2026-10-25.
    ['30 2 * * *', 'Europe/Berlin', '2026-03-28T12:00:00Z', '2026-03-30T00:30Z'],
    ['30 2 * * *', 'Europe/Berlin', '2026-10-24T12:00:00Z', '2026-10-25T00:30Z'],
    ['30 2 * * *', 'Europe/Berlin', '2026-10-25T00:30:00Z', '2026-10-25T01:30Z'],
    // Midnight of 2026-09-06 does not exist there.
    ['0 * * * *', 'America/Santiago', '2026-09-06T03:30:00Z', '2026-09-06T04:00Z'],
    ['15 1 6 9 *', 'America/Santiago', '2026-09-05T12:00:00Z', '2026-09-06T04:15Z'],
  ])('of %j in %s after %s is %s', (text, zone, after, expected) => {
    expect(next(text, after, zone)).toBe(expected);
  });
});

describe('what is refused', () => {
  test.each([
    ['', 'empty spec string'],
    ['* * * *', 'expected exactly 5 fields, found 4: [* * * *]'],
    ['* * * * * *', 'expected exactly 5 fields, found 6: [* * * * * *]'],
    ['60 * * * *', 'end of range (60) above maximum (59): 60'],
    ['* * 0 * *', 'beginning of range (0) below minimum (1): 0'],
    ['* * * * 7', 'end of range (7) above maximum (6): 7'],
    ['5-1 * * * *', 'beginning of range (5) beyond end of range (1): 5-1'],
    ['*/0 * * * *', 'step of range should be a positive number: */0'],
    ['1-2-3 * * * *', 'too many hyphens: 1-2-3'],
    ['1/2/3 * * * *', 'too many slashes: 1/2/3'],
    ['x * * * *', 'failed to parse int from x: strconv.Atoi: parsing "x": invalid syntax'],
    ['@never', 'unrecognized descriptor: @never'],
    ['@every soon', 'failed to parse duration @every soon: time: invalid duration "soon"'],
  ])('%j: %s', (text, problem) => {
    expect(parseCronSchedule(text)).toEqual({ ok: false, problem });
  });

  test('a time zone that nobody knows', () => {
    expect(parseCronSchedule('* * * * *', 'Mars/Olympus')).toEqual({
      ok: false,
      problem: 'unknown time zone Mars/Olympus',
    });
  });
});
