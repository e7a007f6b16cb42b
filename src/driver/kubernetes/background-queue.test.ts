import { describe, expect, it } from 'vitest';
import { createFakeClock, createFakeRandom, createMemoryLog } from '../../base/testing/index.ts';
import { createBackgroundQueue } from './background-queue.ts';

function setUp() {
  const clock = createFakeClock();
  const log = createMemoryLog();
  return { clock, log, queue: createBackgroundQueue({ name: 'tests', clock, random: createFakeRandom(), log }) };
}

function gate() {
  let open: () => void = () => undefined;
  const passed = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { passed, open: () => open() };
}

describe('a background queue', () => {
  it('runs what is put in', async () => {
    const { queue } = setUp();
    const done: string[] = [];
    queue.put('a', async () => void done.push('a'));
    queue.put('b', async () => void done.push('b'));
    await queue.idle();
    expect(done).toEqual(['a', 'b']);
  });

  it('tries again after a growing pause, and logs why', async () => {
    const { queue, clock, log } = setUp();
    let tries = 0;
    queue.put('a', async () => {
      tries += 1;
      if (tries < 3) throw new Error('no');
    });
    await queue.idle();
    expect(tries).toBe(1);
    await clock.advance(1000);
    expect(tries).toBe(2);
    await clock.advance(1000);
    expect(tries).toBe(2);
    await clock.advance(1000);
    expect(tries).toBe(3);
    await clock.advance(600_000);
    expect(tries).toBe(3);
    expect(log.lines).toMatchObject([{ fields: { key: 'a', failures: 1, error: 'no' } }, { fields: { failures: 2 } }]);
  });

  it('runs the newest of a key in place of one that waits or fails', async () => {
    const { queue, clock } = setUp();
    const done: string[] = [];
    queue.put('a', () => Promise.reject(new Error('old')));
    await queue.idle();
    queue.put('a', async () => void done.push('later'), { afterMs: 5000 });
    queue.put('a', async () => void done.push('newest'));
    await queue.idle();
    await clock.advance(600_000);
    expect(done).toEqual(['newest']);
  });

  it('aborts the one under way when it is dropped, and does not try it again', async () => {
    const { queue, clock, log } = setUp();
    const begun = gate();
    let tries = 0;
    queue.put('a', (signal) => {
      tries += 1;
      begun.open();
      return new Promise((_resolve, reject) => {
        signal.addEventListener('abort', () => reject(new Error('aborted')));
      });
    });
    await begun.passed;
    queue.drop('a');
    await queue.idle();
    await clock.advance(600_000);
    expect(tries).toBe(1);
    expect(log.lines).toEqual([]);
  });

  it('lets the one under way end before its successor begins, and does not try it again', async () => {
    const { queue, clock } = setUp();
    const finish = gate();
    const begun = gate();
    const done: string[] = [];
    queue.put('a', async (signal) => {
      begun.open();
      await finish.passed;
      done.push(`old ${signal.aborted}`);
      throw new Error('old');
    });
    await begun.passed;
    queue.put('a', async () => void done.push('skipped'));
    queue.put('a', async () => void done.push('newest'));
    finish.open();
    await queue.idle();
    await clock.advance(600_000);
    expect(done).toEqual(['old false', 'newest']);
  });

  it('can be given a task by one of the same key', async () => {
    const { queue, clock } = setUp();
    let rounds = 0;
    const round = async () => {
      rounds += 1;
      queue.put('a', round, { afterMs: 1000 });
    };
    queue.put('a', round);
    await queue.idle();
    await clock.advance(1000);
    await queue.idle();
    expect(rounds).toBe(2);
    queue.drop('a');
    await clock.advance(600_000);
    expect(rounds).toBe(2);
  });

  it('runs no more than four at once', async () => {
    const { queue } = setUp();
    const finish = gate();
    let running = 0;
    let most = 0;
    for (let key = 0; key < 10; key += 1) {
      queue.put(String(key), async () => {
        running += 1;
        most = Math.max(most, running);
        await finish.passed;
        running -= 1;
      });
    }
    finish.open();
    await queue.idle();
    expect(most).toBe(4);
    expect(running).toBe(0);
  });

  it('at its end lets the one under way finish and gives up what waits', async () => {
    const { queue } = setUp();
    const finish = gate();
    const begun = gate();
    const done: string[] = [];
    queue.put('running', async () => {
      begun.open();
      await finish.passed;
      done.push('running');
    });
    queue.put('waiting', async () => void done.push('waiting'), { afterMs: 1000 });
    await begun.passed;
    const ended = queue[Symbol.asyncDispose]();
    finish.open();
    await ended;
    queue.put('late', async () => void done.push('late'));
    await queue.idle();
    expect(done).toEqual(['running']);
  });
});
