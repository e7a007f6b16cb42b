import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createFakeClock, type FakeClock } from '../../base/testing/index.ts';
import { awaitFault } from './await-fault.ts';
import type { FaultEffect, FaultTarget } from './fault.ts';
import { createFaultTable, type FaultTable } from './fault-table.ts';

const target: FaultTarget = { host: 'kv.vault.azure.net', path: '/secrets/db', method: 'GET' };
const host = '*.vault.azure.net';
const hang: FaultEffect = { kind: 'hang' };
const reset: FaultEffect = { kind: 'reset' };

let clock: FakeClock;
let table: FaultTable;

beforeEach(() => {
  clock = createFakeClock();
  table = createFaultTable({ clock });
});

afterEach(async () => {
  await table[Symbol.asyncDispose]();
});

describe('the table of faults', () => {
  it('meets nothing while it is empty', () => {
    expect(table.meet(target)).toBeUndefined();
  });

  it('lets the newest of several faults count, and only that one', () => {
    table.add({ host, effect: hang });
    table.add({ host, effect: reset });
    expect(table.meet(target)?.id).toBe('f2');
    expect(table.list().map(({ id, hits }) => [id, hits])).toEqual([
      ['f1', 0],
      ['f2', 1],
    ]);
  });

  it('goes back to the older fault when the newer one is used up, and lists both', () => {
    table.add({ host, effect: hang });
    table.add({ host, effect: reset, times: 2 });
    expect([1, 2, 3].map(() => table.meet(target)?.id)).toEqual(['f2', 'f2', 'f1']);
    expect(table.list().map(({ id, state }) => [id, state])).toEqual([
      ['f1', 'active'],
      ['f2', 'over'],
    ]);
  });

  it('ends a fault when its time is over', async () => {
    const { addedAt, endsAt } = table.add({ host, effect: reset, forMs: 600_000 });
    expect(Date.parse(endsAt ?? '') - Date.parse(addedAt)).toBe(600_000);
    await clock.advance(599_999);
    expect(table.meet(target)?.id).toBe('f1');
    await clock.advance(1);
    expect(table.meet(target)).toBeUndefined();
    expect(table.list()[0]?.state).toBe('over');
  });

  it('clears one fault or all of them, and gives no id twice', () => {
    for (const effect of [hang, reset, hang]) table.add({ host, effect });
    expect(table.clear(['f2']).map(({ id }) => id)).toEqual(['f2']);
    expect(table.clear().map(({ id }) => id)).toEqual(['f1', 'f3']);
    expect(table.list()).toEqual([]);
    expect(table.add({ host, effect: hang }).id).toBe('f4');
  });

  it('clears none when it does not know one of them', () => {
    table.add({ host, effect: hang });
    expect(() => table.clear(['f1', 'f7'])).toThrow('there is no fault f7');
    expect(table.list()).toHaveLength(1);
  });

  it('refuses more faults than anybody needs', () => {
    for (let count = 0; count < 200; count += 1) table.add({ host, effect: hang });
    expect(() => table.add({ host, effect: hang })).toThrow('there are 200 faults already');
  });

  it('tells of faults that begin, but for those of the next so many requests', () => {
    const told: [string, boolean][] = [];
    const stop = table.onBegin(({ id, isAbout }) => told.push([id, isAbout(target)]));
    table.add({ host, effect: hang, times: 1 });
    table.add({ host: 'graph.microsoft.com', effect: hang });
    table.add({ host, effect: hang });
    stop();
    table.add({ host, effect: hang });
    expect(told).toEqual([
      ['f2', false],
      ['f3', true],
    ]);
  });
});

describe('a request that meets a fault', () => {
  /** Begins to suffer `effect`; tells how it ended, `waiting` while it has not. */
  function suffer(effect: FaultEffect, forMs?: number) {
    table.add({ host, effect, forMs });
    const gone = new AbortController();
    const met = table.meet(target);
    if (met === undefined) throw new Error('it met none');
    let state = 'waiting';
    const ended = awaitFault(met, { clock, gone: gone.signal }).then((outcome) => {
      state = outcome.kind;
      return outcome;
    });
    return { ended, gone, state: () => state };
  }

  it('is refused at once by a status, with its pause', async () => {
    const { ended } = suffer({ kind: 'status', status: 429, retryAfterSeconds: 5 });
    expect(await ended).toEqual({ kind: 'refuse', status: 429, retryAfterSeconds: 5 });
  });

  it('is cut at once by a reset', async () => {
    expect(await suffer(reset).ended).toEqual({ kind: 'cut' });
  });

  it('is answered later by latency', async () => {
    const { ended, state } = suffer({ kind: 'latency', delayMs: 2000 });
    await clock.advance(1999);
    expect(state()).toBe('waiting');
    await clock.advance(1);
    expect(await ended).toEqual({ kind: 'answer' });
  });

  it.each([hang, { kind: 'latency', delayMs: 3_600_000 } as const])(
    'is answered when the fault is cleared: $kind',
    async (effect) => {
      const { ended, state } = suffer(effect);
      await clock.advance(60_000);
      expect(state()).toBe('waiting');
      table.clear();
      expect(await ended).toEqual({ kind: 'answer' });
    },
  );

  it('hangs until the fault’s time is over', async () => {
    const { ended } = suffer(hang, 10_000);
    await clock.advance(10_000);
    expect(await ended).toEqual({ kind: 'answer' });
  });

  it('hangs no longer than its client waits', async () => {
    const { ended, gone } = suffer(hang);
    gone.abort();
    expect(await ended).toEqual({ kind: 'gone' });
  });

  it('hangs no longer than there are faults', async () => {
    const { ended } = suffer(hang);
    await table[Symbol.asyncDispose]();
    expect(await ended).toEqual({ kind: 'answer' });
  });
});
