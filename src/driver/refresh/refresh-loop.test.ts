import { describe, expect, it } from 'vitest';
import { createFakeClock, createMemoryLog } from '../../base/testing/index.ts';
import { startRefreshLoop } from './refresh-loop.ts';

/** A loop over volumes with the times at which they come due; a check waits until it is ended, and is not due again after it. */
function setUp(dueAfterMs: Readonly<Record<string, number>>, maxConcurrent = 2) {
  const clock = createFakeClock();
  const log = createMemoryLog();
  const startMs = clock.monotonic();
  const dues = new Map(Object.entries(dueAfterMs).map(([path, ms]) => [path, startMs + ms]));
  const begun: string[] = [];
  const running = new Map<string, { end: () => void; fail: (error: Error) => void }>();
  let tell: (dueAtMs: number) => void = () => undefined;
  const loop = startRefreshLoop({
    refresher: {
      refreshable: () => [...dues].map(([targetPath, dueAtMs]) => ({ targetPath, dueAtMs })),
      onChange: (listener) => {
        tell = listener;
      },
    },
    refresh: (path, signal) => {
      begun.push(path);
      return new Promise<void>((resolve, reject) => {
        const over = (done: () => void) => {
          dues.delete(path);
          running.delete(path);
          done();
        };
        signal.addEventListener('abort', () => over(resolve), { once: true });
        running.set(path, { end: () => over(resolve), fail: (error) => over(() => reject(error)) });
      });
    },
    clock,
    log,
    maxConcurrent,
  });
  return { clock, log, loop, dues, begun, running, tell: (dueAtMs: number) => tell(dueAtMs) };
}

describe('the loop', () => {
  it('checks volumes when they come due, and no sooner', async () => {
    const { clock, loop, begun } = setUp({ a: 100, b: 50 });
    await clock.advance(49);
    expect(begun).toEqual([]);
    await clock.advance(1);
    expect(begun).toEqual(['b']);
    await clock.advance(50);
    expect(begun).toEqual(['b', 'a']);
    await loop[Symbol.asyncDispose]();
  });

  it('has only so many checks under way, and begins with those that wait longest', async () => {
    const { clock, loop, begun, running } = setUp({ late: 30, first: 10, second: 20, last: 40 });
    await clock.advance(9);
    await clock.advance(100);
    expect(begun).toEqual(['first', 'second']);
    running.get('second')?.end();
    await clock.advance(0);
    expect(begun).toEqual(['first', 'second', 'late']);
    running.get('first')?.end();
    running.get('late')?.end();
    await clock.advance(0);
    expect(begun).toEqual(['first', 'second', 'late', 'last']);
    await loop[Symbol.asyncDispose]();
  });

  it('hears of a volume that came due sooner', async () => {
    const { clock, loop, dues, begun, tell } = setUp({ a: 1_000_000 });
    await clock.advance(10);
    dues.set('a', clock.monotonic());
    tell(clock.monotonic());
    await clock.advance(0);
    expect(begun).toEqual(['a']);
    await loop[Symbol.asyncDispose]();
  });

  it('goes on after a check that threw, and says so', async () => {
    const { clock, log, loop, begun, running } = setUp({ a: 0, b: 10 });
    await clock.advance(0);
    running.get('a')?.fail(new Error('no such disk'));
    await clock.advance(10);
    expect(begun).toEqual(['a', 'b']);
    expect(JSON.stringify(log.lines)).toContain('no such disk');
    await loop[Symbol.asyncDispose]();
  });

  it('ends one check when its volume goes, and all when it stops', async () => {
    const { clock, loop, running, log } = setUp({ a: 0, b: 0 });
    await clock.advance(0);
    loop.cancel('a');
    loop.cancel('none');
    await clock.advance(0);
    expect([...running.keys()]).toEqual(['b']);
    await loop[Symbol.asyncDispose]();
    expect(running.size).toBe(0);
    expect(log.lines).toEqual([]);
  });

  it('leaves no wait behind when it stops', async () => {
    const { clock, loop } = setUp({ a: 1000 });
    await clock.sleepers(1);
    await loop[Symbol.asyncDispose]();
    const waits = await Promise.race([clock.sleepers(1).then(() => 'waits'), Promise.resolve().then(() => 'none')]);
    expect(waits).toBe('none');
  });
});
