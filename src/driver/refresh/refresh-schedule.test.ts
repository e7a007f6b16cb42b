import { describe, expect, it } from 'vitest';
import { createFakeClock, createFakeRandom, type FakeClock } from '../../base/testing/index.ts';
import { createRefreshSchedule, type RefreshSchedule } from './refresh-schedule.ts';

const INTERVAL_MS = 100_000;

function setUp(seed = 'one', intervalMs = INTERVAL_MS) {
  const clock = createFakeClock();
  const schedule = createRefreshSchedule({ enabled: true, intervalMs, clock, random: createFakeRandom(seed) });
  const check = (target: string) => schedule.checked(target, { startedAtMs: clock.monotonic() });
  const inMs = (target: string) => (schedule.dueAtMs(target) ?? NaN) - clock.monotonic();
  return { clock, schedule, check, inMs };
}

/** Moves on to the moment when a volume comes due. */
const toDue = async (clock: FakeClock, schedule: RefreshSchedule, target: string) => {
  await clock.advance((schedule.dueAtMs(target) ?? NaN) - clock.monotonic());
};

describe('ticks', () => {
  it('come first after half an interval to a whole one, another time on each node', () => {
    const firsts = Array.from({ length: 50 }, (_, node) => {
      const { check, inMs } = setUp(`node ${node}`);
      check('a');
      return inMs('a');
    });
    expect(Math.min(...firsts)).toBeGreaterThanOrEqual(INTERVAL_MS / 2);
    expect(Math.max(...firsts)).toBeLessThanOrEqual(INTERVAL_MS);
    expect(Math.max(...firsts) - Math.min(...firsts)).toBeGreaterThan(INTERVAL_MS / 4);
  });

  it('are never more than an interval apart, nor much less', async () => {
    const { clock, schedule, check, inMs } = setUp();
    check('a');
    for (let tick = 0; tick < 50; tick += 1) {
      await toDue(clock, schedule, 'a');
      check('a');
      expect(inMs('a')).toBeLessThanOrEqual(INTERVAL_MS);
      expect(inMs('a')).toBeGreaterThanOrEqual(0.95 * INTERVAL_MS);
    }
  });

  it('are one for all volumes of an interval, whenever they were mounted and however long their checks take', async () => {
    const { clock, schedule, check } = setUp();
    check('a');
    await clock.advance(20_000);
    check('b');
    expect(schedule.dueAtMs('b')).toBe(schedule.dueAtMs('a'));
    await toDue(clock, schedule, 'a');
    const { freshSinceMs } = schedule.due('a') ?? {};
    expect(schedule.due('b')).toEqual({ freshSinceMs });
    check('a');
    await clock.advance(5000);
    check('b');
    expect(schedule.dueAtMs('b')).toBe(schedule.dueAtMs('a'));
  });

  it('of another interval are others', () => {
    const { clock, schedule, check } = setUp();
    check('a');
    schedule.checked('b', { startedAtMs: clock.monotonic(), intervalMs: 10 * INTERVAL_MS });
    expect(schedule.dueAtMs('b')).toBeGreaterThanOrEqual(clock.monotonic() + 5 * INTERVAL_MS);
  });

  it('go on after a long sleep of the machine, without one for each that was slept through', async () => {
    const { clock, schedule, check, inMs } = setUp();
    check('a');
    await clock.advance(50 * INTERVAL_MS);
    expect(schedule.due('a')).toBeDefined();
    check('a');
    expect(inMs('a')).toBeGreaterThanOrEqual(INTERVAL_MS / 2);
  });

  it('are a second apart at least', () => {
    const { check, inMs } = setUp('one', 0);
    check('a');
    expect(inMs('a')).toBeGreaterThanOrEqual(500);
  });
});

it('an interval of 0 makes a volume due whenever somebody looks, but not hurry when its check failed', () => {
  const { schedule, check } = setUp('one', 0);
  check('a');
  expect(schedule.due('a')).toBeDefined();
  schedule.failed('a');
  expect(schedule.due('a')).toBeUndefined();
});

describe('a check that failed', () => {
  it('is repeated after growing pauses, and still looks for what it was due for', async () => {
    const { clock, schedule, check, inMs } = setUp('one', 100 * INTERVAL_MS);
    check('a');
    await toDue(clock, schedule, 'a');
    const due = schedule.due('a');
    const pauses: number[] = [];
    for (let failure = 0; failure < 7; failure += 1) {
      schedule.failed('a');
      expect(schedule.due('a')).toBeUndefined();
      pauses.push(inMs('a'));
      await toDue(clock, schedule, 'a');
      expect(schedule.due('a')).toEqual(due);
    }
    for (const [index, pauseMs] of pauses.entries()) {
      const fullMs = Math.min(600_000, 30_000 * 2 ** index);
      expect(pauseMs).toBeLessThanOrEqual(fullMs);
      expect(pauseMs).toBeGreaterThanOrEqual(0.8 * fullMs);
    }
  });

  it('is repeated an interval later at the latest', () => {
    const { schedule, check, inMs } = setUp('one', 10_000);
    check('a');
    schedule.failed('a');
    expect(inMs('a')).toBeLessThanOrEqual(10_000);
  });
});

describe('a volume that is wanted', () => {
  it('is due then, for answers of from then on', async () => {
    const { clock, schedule, check } = setUp();
    check('a');
    await clock.advance(1000);
    const wantedAtMs = clock.monotonic();
    schedule.want('a', 500);
    expect(schedule.due('a')).toBeUndefined();
    await clock.advance(500);
    expect(schedule.due('a')).toEqual({ freshSinceMs: wantedAtMs });
  });

  it('during its check is due again after it', async () => {
    const { clock, schedule, check } = setUp();
    check('a');
    const startedAtMs = clock.monotonic();
    await clock.advance(1000);
    schedule.want('a');
    await clock.advance(1000);
    schedule.checked('a', { startedAtMs });
    expect(schedule.due('a')).toEqual({ freshSinceMs: startedAtMs + 1000 });
  });

  it('is tried at once although it has failed', async () => {
    const { clock, schedule, check } = setUp();
    check('a');
    await clock.advance(1000);
    schedule.failed('a');
    schedule.want('a');
    expect(schedule.due('a')).toBeDefined();
  });
});

describe('a volume of before this process', () => {
  it('waits for what is left of its interval, and the others of it with it', () => {
    const { schedule, inMs } = setUp();
    schedule.enter('a', { ageMs: 60_000 });
    expect(inMs('a')).toBe(40_000);
    schedule.enter('b', { ageMs: 60_500 });
    expect(inMs('b')).toBe(40_000);
    schedule.enter('c', { ageMs: 59_500 });
    expect(inMs('c')).toBe(40_000);
    schedule.enter('long ago', { ageMs: 80_000 });
    expect(inMs('long ago')).toBe(20_000);
  });

  it.each([
    ['never checked', undefined],
    ['checked too long ago', INTERVAL_MS],
    ['checked in the future, by a clock that was set back', -1],
  ])('is due at once when it was %s', async (_name, ageMs) => {
    const { clock, schedule } = setUp();
    const startMs = clock.monotonic();
    await clock.advance(70_000);
    schedule.enter('a', { ageMs });
    expect(schedule.due('a')).toEqual({ freshSinceMs: startMs });
  });

  it('is entered once', async () => {
    const { clock, schedule, check } = setUp();
    check('a');
    const dueAtMs = schedule.dueAtMs('a');
    await clock.advance(1000);
    schedule.enter('a', { ageMs: undefined });
    expect(schedule.dueAtMs('a')).toBe(dueAtMs);
  });
});

describe('another interval', () => {
  it('counts from the next tick of it on', () => {
    const { schedule, check, inMs } = setUp('one', 100 * INTERVAL_MS);
    check('a');
    schedule.changeInterval('a', INTERVAL_MS);
    expect(inMs('a')).toBeLessThanOrEqual(INTERVAL_MS);
    schedule.changeInterval('a', undefined);
    expect(inMs('a')).toBeGreaterThan(INTERVAL_MS);
  });
});

it('a volume that is forgotten is not due any more, nor known', () => {
  const { schedule, check } = setUp();
  check('a');
  schedule.forget('a');
  expect(schedule.dueAtMs('a')).toBeUndefined();
});
