import { expect, test } from 'vitest';
import { createFakeClock, createFakeRandom, createMemoryLog } from '../../../../base/testing/index.ts';
import { startReconcileLoop, type Reconcile } from './loop.ts';

function start(reconcile: Reconcile, workers = 4) {
  const clock = createFakeClock();
  const log = createMemoryLog();
  const loop = startReconcileLoop({ name: 'test', reconcile, clock, random: createFakeRandom(), log, workers });
  return { clock, log, loop };
}

/** A call that ends when the test says so. */
function gate() {
  let open: () => void = () => undefined;
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { opened, open };
}

test('a key that waits already is worked on once', async () => {
  const first = gate();
  const seen: string[] = [];
  const { loop } = start(async (key) => {
    seen.push(key);
    if (key === 'blocker') await first.opened;
    return undefined;
  }, 1);
  for (const key of ['blocker', 'a', 'a', 'a']) loop.enqueue(key);
  first.open();
  await expect.poll(() => seen).toEqual(['blocker', 'a']);
  await loop[Symbol.asyncDispose]();
  expect(seen).toEqual(['blocker', 'a']);
});

test('a key that is named while it is worked on runs once more, and never twice at once', async () => {
  const gates = [gate(), gate()];
  let active = 0;
  let most = 0;
  let runs = 0;
  const { loop } = start(async () => {
    active += 1;
    most = Math.max(most, active);
    await gates[runs++]?.opened;
    active -= 1;
    return undefined;
  });
  loop.enqueue('a');
  loop.enqueue('a');
  loop.enqueue('a');
  gates[0]?.open();
  await expect.poll(() => runs).toBe(2);
  gates[1]?.open();
  await loop[Symbol.asyncDispose]();
  expect({ runs, most }).toEqual({ runs: 2, most: 1 });
});

test('a failure is retried after pauses that grow, and a success forgets them', async () => {
  let runs = 0;
  const { loop, clock, log } = start(() => {
    runs += 1;
    return runs <= 3 ? Promise.reject(new Error(`failure ${runs}`)) : Promise.resolve(undefined);
  });
  loop.enqueue('a');
  for (const [pauseMs, expected] of [
    [5, 2],
    [10, 3],
    [20, 4],
  ] as const) {
    await clock.sleepers();
    await clock.advance(pauseMs);
    await expect.poll(() => runs).toBe(expected);
  }
  expect(log.lines.map(({ fields }) => fields['failures'])).toEqual([1, 2, 3]);
  await loop[Symbol.asyncDispose]();
});

test('of several delays for a key the earliest counts', async () => {
  let runs = 0;
  const { loop, clock } = start(() => {
    runs += 1;
    return Promise.resolve(undefined);
  });
  loop.enqueueAfter('a', 1000);
  loop.enqueueAfter('a', 100);
  loop.enqueueAfter('a', 5000);
  await clock.advance(100);
  expect(runs).toBe(1);
  await clock.advance(10_000);
  expect(runs).toBe(1);
  await loop[Symbol.asyncDispose]();
});

test('a result may ask for another look', async () => {
  const asked = [50, undefined];
  let runs = 0;
  const { loop, clock } = start(() => Promise.resolve({ againAfterMs: asked[runs++] }));
  loop.enqueue('a');
  await clock.sleepers();
  await clock.advance(49);
  expect(runs).toBe(1);
  await clock.advance(1);
  expect(runs).toBe(2);
  await loop[Symbol.asyncDispose]();
});

test('disposing aborts what runs, waits for it, and starts nothing more', async () => {
  let aborted = false;
  const { loop } = start(
    (_key, signal) =>
      new Promise((_resolve, reject) => {
        signal.addEventListener('abort', () => {
          aborted = true;
          reject(new Error('stopped'));
        });
      }),
    1,
  );
  loop.enqueue('a');
  loop.enqueue('b');
  loop.enqueueAfter('c', 1);
  await loop[Symbol.asyncDispose]();
  expect(aborted).toBe(true);
  loop.enqueue('d');
});
