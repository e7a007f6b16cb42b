import { array, assert, asyncProperty, constantFrom, integer, oneof, record } from 'fast-check';
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

function must(holds: boolean, what: string): void {
  if (!holds) throw new Error(`broken: ${what}`);
}

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

  it('after it has failed is not put off by being wanted again and again', async () => {
    const { clock, schedule, check, inMs } = setUp();
    check('a');
    schedule.failed('a');
    const pauseMs = inMs('a');
    schedule.want('a', pauseMs + 1000);
    expect(inMs('a')).toBe(pauseMs);
    await clock.advance(pauseMs);
    schedule.want('a', 5000);
    expect(schedule.due('a')).toEqual({ freshSinceMs: clock.monotonic() });
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

describe('whatever happens to volumes', () => {
  const target = constantFrom('a', 'b', 'c');
  const everyMs = constantFrom(undefined, 5_000, 30_000, 600_000);
  const steps = oneof(
    { weight: 3, arbitrary: record({ step: constantFrom('pass' as const), ms: integer({ min: 1, max: 400_000 }) }) },
    { weight: 4, arbitrary: record({ step: constantFrom('checked' as const), target, everyMs }) },
    record({ step: constantFrom('failed' as const), target }),
    record({ step: constantFrom('want' as const), target, ms: integer({ min: 0, max: 10_000 }) }),
    record({ step: constantFrom('interval' as const), target, everyMs }),
    record({ step: constantFrom('enter' as const), target, ageMs: integer({ min: -10, max: 700_000 }), everyMs }),
    record({ step: constantFrom('forget' as const), target }),
  );

  it('none waits longer than its interval, none is checked in a hurry, and what is due stays due until it is checked', async () => {
    const life = asyncProperty(array(steps, { maxLength: 40 }), integer(), async (all, seed) => {
      const { clock, schedule, inMs } = setUp(String(seed));
      // The longest and the shortest interval that may be a volume's now: a change counts from its next check on.
      const intervals = new Map<string, number>();
      const shortest = new Map<string, number>();
      for (const step of all) {
        const nowMs = clock.monotonic();
        if (step.step === 'pass') {
          const due = ['a', 'b', 'c'].filter((each) => schedule.due(each) !== undefined);
          await clock.advance(step.ms);
          for (const each of due) must(schedule.due(each) !== undefined, 'what is due stays due');
          continue;
        }
        const { target: on } = step;
        const isKnown = schedule.dueAtMs(on) !== undefined;
        const wasDue = isKnown && schedule.due(on) !== undefined;
        if (step.step === 'checked') {
          schedule.checked(on, { startedAtMs: nowMs, intervalMs: step.everyMs });
          intervals.set(on, step.everyMs ?? INTERVAL_MS);
          shortest.set(on, step.everyMs ?? INTERVAL_MS);
          must(schedule.due(on) === undefined, 'what was checked is not due');
        } else if (step.step === 'failed') {
          if (!isKnown) for (const each of [intervals, shortest]) each.set(on, INTERVAL_MS);
          schedule.failed(on);
          // The first pause of all is 24 s at least, and never beyond the interval.
          must(inMs(on) >= Math.min(24_000, shortest.get(on) ?? NaN), 'a failure brings no hurry');
          must(inMs(on) <= Math.min(600_000, intervals.get(on) ?? NaN), 'a failure is not left alone for long');
        } else if (step.step === 'want') {
          schedule.want(on, step.ms);
          must(!isKnown || inMs(on) <= step.ms, 'what is wanted is due then');
        } else if (step.step === 'interval') {
          schedule.changeInterval(on, step.everyMs);
          if (isKnown) intervals.set(on, Math.max(step.everyMs ?? INTERVAL_MS, intervals.get(on) ?? 0));
          if (isKnown) shortest.set(on, Math.min(step.everyMs ?? INTERVAL_MS, shortest.get(on) ?? NaN));
          must(!wasDue || schedule.due(on) !== undefined, 'another interval puts off nothing');
        } else if (step.step === 'enter') {
          schedule.enter(on, {
            ageMs: step.ageMs,
            ...(step.everyMs === undefined ? {} : { intervalMs: step.everyMs }),
          });
          if (!isKnown) for (const each of [intervals, shortest]) each.set(on, step.everyMs ?? INTERVAL_MS);
        } else {
          schedule.forget(on);
          must(schedule.dueAtMs(on) === undefined, 'what is forgotten is not known');
        }
        if (schedule.dueAtMs(on) === undefined) continue;
        must(inMs(on) <= (intervals.get(on) ?? NaN), 'none waits longer than its interval');
        const due = schedule.due(on);
        // Nothing has to be newer than now: such a check could never succeed.
        must((due?.freshSinceMs ?? 0) <= clock.monotonic(), 'no answer of the future');
        must((due !== undefined) === inMs(on) <= 0, 'due is when it says');
      }
    });
    await expect(assert(life, { numRuns: 200 })).resolves.toBeUndefined();
  });
});
