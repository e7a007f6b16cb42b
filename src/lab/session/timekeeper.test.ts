import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { silentLog } from '#base';
import { beginWork } from '#lab/clock';
import { createMemoryStore } from '#lab/store';
import { createFakeClock } from '../../base/testing/index.ts';
import { openTimekeeper, renderClock } from './timekeeper.ts';

const DAY_MS = 86_400_000;
const folder = mkdtempSync(join(tmpdir(), 'keyferry-time-'));
afterAll(() => rmSync(folder, { recursive: true }));

function scene(store = createMemoryStore()) {
  const machine = createFakeClock(Date.UTC(2026, 0, 1));
  const told: number[] = [];
  const afterAdvance = (nowMs: number) => Promise.resolve(void told.push(nowMs));
  return { machine, store, told, time: openTimekeeper({ store, machine, log: silentLog, afterAdvance }) };
}

describe('the timekeeper', () => {
  it('tells the time before and after an advance', async () => {
    const { time, told } = scene();
    const { before, after } = await time.advance(DAY_MS);
    expect(before).toEqual({
      labTime: '2026-01-01T00:00:00.000Z',
      machineTime: '2026-01-01T00:00:00.000Z',
      offsetMs: 0,
    });
    expect(after).toEqual({ ...before, labTime: '2026-01-02T00:00:00.000Z', offsetMs: DAY_MS });
    expect(time.report()).toEqual(after);
    expect(told).toEqual([Date.UTC(2026, 0, 2)]);
  });

  it('keeps the time for the next lab', async () => {
    const { store, time } = scene();
    await time.advance(DAY_MS);
    await time.advance(1000);
    expect(scene(store).time.report().offsetMs).toBe(DAY_MS + 1000);
  });

  it.each([-1, 0.5, NaN, Infinity, 36_501 * DAY_MS])('refuses to move by %s ms, and stays where it is', async (ms) => {
    const { time, store } = scene();
    await expect(time.advance(ms)).rejects.toMatchObject({ code: 'invalid-input' });
    expect(time.report().offsetMs).toBe(0);
    expect(store.list('')).toEqual([]);
  });

  it('refuses to come more than a century ahead by several advances', async () => {
    const { time } = scene();
    await Promise.all([
      expect(time.advance(30_000 * DAY_MS)).resolves.toBeDefined(),
      expect(time.advance(30_000 * DAY_MS)).rejects.toMatchObject({ code: 'invalid-input' }),
    ]);
  });

  it('lets a call end that is under way, for a second', async () => {
    const { time, machine } = scene();
    const work = beginWork(time.clock);
    const first = time.advance(DAY_MS);
    await machine.sleepers();
    expect(time.report().offsetMs).toBe(0);
    work[Symbol.dispose]();
    await first;
    beginWork(time.clock);
    const second = time.advance(DAY_MS);
    await machine.sleepers();
    await machine.advance(1000);
    expect((await second).after.offsetMs).toBe(2 * DAY_MS);
  });

  it('moves the processes first: what the lab asks of them at the new time meets them there', async () => {
    const { time, machine } = scene();
    const path = join(folder, 'first');
    using process = time.timeFor(path);
    process.begin();
    const advance = time.advance(DAY_MS);
    await machine.sleepers();
    expect(readFileSync(path, 'utf8')).toContain(String(DAY_MS));
    expect(time.report().offsetMs).toBe(0);
    for (let ms = 0; ms < 4000; ms += 5) await machine.advance(5);
    expect((await advance).after.offsetMs).toBe(DAY_MS);
  });

  it('goes on without a process that does not follow, until it lives in the lab no more', async () => {
    const { time, machine } = scene();
    const process = time.timeFor(join(folder, 'clock'));
    process.begin();
    const advance = time.advance(DAY_MS);
    for (let ms = 0; ms < 4000; ms += 5) await machine.advance(5);
    expect((await advance).after.offsetMs).toBe(DAY_MS);
    process[Symbol.dispose]();
    await time.advance(DAY_MS);
  });
});

describe('the time for a person', () => {
  it.each([
    [0, "2026-01-02T00:00:00.000Z, this machine's time"],
    [DAY_MS, '2026-01-02T00:00:00.000Z, 24h ahead of this machine'],
  ])('with an offset of %s ms', (offsetMs, text) => {
    expect(renderClock({ labTime: '2026-01-02T00:00:00.000Z', machineTime: '', offsetMs })).toBe(text);
  });
});
