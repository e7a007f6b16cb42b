import { describe, expect, it } from 'vitest';
import { systemClock } from '#base';
import { createFakeClock } from '../../base/testing/index.ts';
import { beginWork, createLabClock, machineTime } from './lab-clock.ts';

const HOUR_MS = 3_600_000;

function scene(offsetMs = 0) {
  const machine = createFakeClock(Date.UTC(2026, 0, 1));
  const clock = createLabClock({ machine, offsetMs });
  const woken: string[] = [];
  const sleeper = (name: string, ms: number, signal?: AbortSignal) =>
    clock.sleep(ms, { signal }).then(
      () => woken.push(name),
      (error: unknown) => woken.push(`${name}: ${String(error)}`),
    );
  return { machine, clock, woken, sleeper };
}

const settled = () => new Promise((resolve) => setImmediate(resolve));

describe("the lab's clock", () => {
  it("is the machine's until it is moved on, and as far ahead from then on", async () => {
    const { machine, clock } = scene();
    expect(clock.now()).toBe(machine.now());
    const before = clock.monotonic();
    clock.advance(HOUR_MS);
    expect(clock.now()).toBe(machine.now() + HOUR_MS);
    expect(clock.monotonic() - before).toBe(HOUR_MS);
    await machine.advance(5);
    expect(clock.now()).toBe(machine.now() + HOUR_MS);
    expect(clock.offsetMs).toBe(HOUR_MS);
  });

  it('begins where an earlier one was', () => {
    const { machine, clock } = scene(HOUR_MS);
    expect(clock.now()).toBe(machine.now() + HOUR_MS);
  });

  it('wakes at once who is due, in the order of the deadlines, and nobody else', async () => {
    const { clock, woken, sleeper } = scene();
    void sleeper('third', 3000);
    void sleeper('first', 1000);
    void sleeper('second', 2000);
    void sleeper('later', 2 * HOUR_MS);
    clock.advance(HOUR_MS);
    await settled();
    expect(woken).toEqual(['first', 'second', 'third']);
  });

  it('lets sleepers wait for what is left after an advance', async () => {
    const { machine, clock, woken, sleeper } = scene();
    void sleeper('hour', HOUR_MS);
    clock.advance(HOUR_MS - 100);
    await machine.advance(99);
    expect(woken).toEqual([]);
    await machine.advance(1);
    expect(woken).toEqual(['hour']);
  });

  it('wakes by the machine alone, too', async () => {
    const { machine, woken, sleeper } = scene(HOUR_MS);
    void sleeper('soon', 50);
    await machine.advance(50);
    expect(woken).toEqual(['soon']);
  });

  it('rejects a sleeper whose signal aborts, before or during its wait, and never wakes it', async () => {
    const { machine, clock, woken, sleeper } = scene();
    const stop = new AbortController();
    void sleeper('waits', 1000, stop.signal);
    stop.abort(new Error('stopped'));
    void sleeper('begins', 1000, stop.signal);
    await settled();
    clock.advance(HOUR_MS);
    await machine.advance(HOUR_MS);
    expect(woken).toEqual(['waits: Error: stopped', 'begins: Error: stopped']);
  });

  it('leaves no wait on the machine behind', async () => {
    const { machine } = scene();
    let waits = 0;
    const counting = createLabClock({
      machine: {
        ...machine,
        sleep: async (ms, options) => {
          waits += 1;
          await machine.sleep(ms, options).finally(() => (waits -= 1));
        },
      },
      offsetMs: 0,
    });
    const stop = new AbortController();
    void counting.sleep(10).catch(() => undefined);
    void counting.sleep(HOUR_MS, { signal: stop.signal }).catch(() => undefined);
    counting.advance(1000);
    await settled();
    expect(waits).toBe(1);
    stop.abort();
    await settled();
    expect(waits).toBe(0);
  });

  it.each([-1, NaN])('does not move by %s', (ms) => {
    expect(() => scene().clock.advance(ms)).toThrow(RangeError);
  });
});

describe("the machine's time", () => {
  it('stays where it is when the lab moves on', () => {
    const { machine, clock } = scene();
    clock.advance(HOUR_MS);
    expect(machineTime(clock).now()).toBe(machine.now());
  });

  it('is its own for any other clock', () => {
    expect(machineTime(systemClock)).toBe(systemClock);
  });
});

describe('work under way', () => {
  it('is waited for', async () => {
    const { clock } = scene();
    const works = [beginWork(clock), beginWork(clock)];
    let idle = false;
    const waiting = clock.idle(1000).then(() => (idle = true));
    works[0]?.[Symbol.dispose]();
    works[0]?.[Symbol.dispose]();
    await settled();
    expect(idle).toBe(false);
    works[1]?.[Symbol.dispose]();
    await waiting;
    await clock.idle(1000);
  });

  it("is not waited for longer than asked, by the machine's time", async () => {
    const { machine, clock } = scene();
    beginWork(clock);
    let over = false;
    const waiting = clock.idle(1000).then(() => (over = true));
    await machine.advance(999);
    expect(over).toBe(false);
    await machine.advance(1);
    await waiting;
  });

  it('means nothing to another clock', () => {
    expect(() => beginWork(systemClock)[Symbol.dispose]()).not.toThrow();
  });
});
