import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { buildSync } from 'esbuild';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { systemClock } from '#base';
import { createProcessClock } from './process-clock.ts';

const HOUR_MS = 3_600_000;
const folder = mkdtempSync(join(tmpdir(), 'keyferry-clock-'));
const preload = join(folder, 'lab-clock.mjs');

beforeAll(() => {
  buildSync({
    entryPoints: ['src/cmd/lab-clock.ts'],
    outfile: preload,
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
  });
});
afterAll(() => rmSync(folder, { recursive: true }));

let count = 0;

/**
 * Runs a module in a process that follows a clock. Each time that it prints `advance`, the clock is moved on by the next
 * of `steps`. Answers the other lines that it printed, and its exit code last. `first` is run before all else.
 */
async function follow(
  source: string,
  steps: readonly number[],
  { beginMs = 0, first = '' }: { readonly beginMs?: number; readonly first?: string } = {},
): Promise<string[]> {
  count += 1;
  const program = join(folder, `program-${count}.mjs`);
  writeFileSync(program, `const say = (...words) => console.log(words.join(' '));\n${source}`);
  const clock = createProcessClock({ path: join(folder, `clock-${count}`), preload, machine: systemClock });
  clock.begin(beginMs);
  const NODE_OPTIONS = `--import=data:text/javascript,${encodeURIComponent(first)} ${clock.env['NODE_OPTIONS']}`;
  const env = { ...clock.env, NODE_OPTIONS };
  const child = spawn(process.execPath, [program], { env, stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = new Promise<number | null>((resolve) => child.once('exit', resolve));
  const lines: string[] = [];
  const left = [...steps];
  let offsetMs = beginMs;
  for await (const line of createInterface({ input: child.stdout })) {
    if (line !== 'advance') {
      lines.push(line);
      continue;
    }
    offsetMs += left.shift() ?? 0;
    expect(await clock.follow(offsetMs, 5000)).toBe(true);
  }
  return [...lines, `exit ${await ended}`];
}

describe('a process that follows the clock', () => {
  it('sees every clock move on by as much', async () => {
    const lines = await follow(
      `
      const read = () => [Date.now(), new Date().getTime(), Date.parse(Date()), performance.now(), process.uptime() * 1000,
        Number(process.hrtime.bigint() / 1000000n)];
      const before = read();
      const start = process.hrtime();
      say('advance');
      const look = setInterval(() => {
        const moved = [...read().map((now, index) => now - before[index]), process.hrtime(start)[0] * 1000];
        if (moved[0] < ${HOUR_MS}) return;
        clearInterval(look);
        say(moved.map((ms) => Math.abs(ms - ${HOUR_MS}) < 5000).join());
        say(Math.abs(performance.timeOrigin + performance.now() - Date.now()) < 100);
        say(Math.abs(performance.toJSON().timeOrigin - performance.timeOrigin) < 1);
      }, 5);`,
      [HOUR_MS],
    );
    expect(lines).toEqual([Array.from({ length: 7 }, () => true).join(), 'true', 'true', 'exit 0']);
  });

  it('begins at the time that the clock has come to, with clocks of its own that begin near zero', async () => {
    const lines = await follow(
      `
      say(Date.now() - ${Date.now()} >= ${HOUR_MS});
      say(performance.now() < 60000, process.uptime() < 60);
      say(Math.abs(performance.timeOrigin + performance.now() - Date.now()) < 100);`,
      [],
      { beginMs: HOUR_MS },
    );
    expect(lines).toEqual(['true', 'true true', 'true', 'exit 0']);
  });

  it('has its dates as they were, but for what is now', async () => {
    const lines = await follow(
      `
      import { statSync } from 'node:fs';
      class Own extends Date {}
      say(new Date(0).toISOString(), new Date(2020, 1, 2, 3).getFullYear(), Date.UTC(1970, 0, 1), Date.length);
      say(new Date() instanceof Date, new Own() instanceof Date, statSync('/').mtime instanceof Date);
      say(new Date().constructor === Date, typeof Date(), Date.name, new Own(5).getTime());
      say(Math.abs(new Own().getTime() - Date.now()) < 1000);`,
      [],
      { beginMs: HOUR_MS },
    );
    expect(lines).toEqual([
      '1970-01-01T00:00:00.000Z 2020 0 7',
      'true true true',
      'true string Date 5',
      'true',
      'exit 0',
    ]);
  });

  it('has its timers fire when they are due, in the order of their deadlines, however they were set', async () => {
    const lines = await follow(
      `
      import { setTimeout as byName } from 'node:timers';
      import timers, { setTimeout as promised, scheduler } from 'node:timers/promises';
      import { promisify } from 'node:util';
      const hours = (count) => count * ${HOUR_MS};
      setTimeout((word) => say(word), hours(7), 'seventh');
      byName(() => say('second'), hours(2));
      void promised(hours(3), 'third').then(say);
      void promisify(setTimeout)(hours(4), 'fourth').then(say);
      void scheduler.wait(hours(5)).then(() => say('fifth'));
      void timers.setTimeout(hours(6)).then(() => say('sixth'));
      setTimeout(() => say('first'), hours(1));
      clearTimeout(setTimeout(() => say('cleared'), hours(1)));
      clearTimeout(Number(setTimeout(() => say('cleared by its number'), hours(1))));
      setTimeout(() => say('closed'), hours(1)).close();
      const last = setTimeout(() => { say('not yet due'); }, hours(9));
      setTimeout(() => { say('eighth', last.hasRef()); clearTimeout(last); }, hours(8));
      say('advance');`,
      [8 * HOUR_MS],
    );
    const order = ['first', 'second', 'third', 'fourth', 'fifth', 'sixth', 'seventh', 'eighth true'];
    expect(lines).toEqual([...order, 'exit 0']);
  });

  it('goes on with intervals, refreshed timers and what is left of a wait', async () => {
    const lines = await follow(
      `
      import timers from 'node:timers/promises';
      let ticks = 0;
      const interval = setInterval(() => {
        ticks += 1;
        say('tick', ticks);
        if (ticks === 1) { kept.refresh(); say('advance'); }
        if (ticks === 2) { clearInterval(interval); say('advance'); }
      }, ${HOUR_MS});
      // Refreshed an hour after its start, it is due after three hours in all.
      const kept = setTimeout(() => say('refreshed'), ${2 * HOUR_MS});
      setTimeout(() => say('two hours and a half'), ${2.5 * HOUR_MS});
      void (async () => {
        for await (const word of timers.setInterval(${4 * HOUR_MS}, 'four hours')) { say(word); break; }
      })();
      say('advance');`,
      [HOUR_MS, HOUR_MS, 2 * HOUR_MS],
    );
    expect(lines).toEqual(['tick 1', 'tick 2', 'two hours and a half', 'refreshed', 'four hours', 'exit 0']);
  });

  it('ends as it would have ended, with no timer holding it that should not', async () => {
    const lines = await follow(
      `
      setTimeout(() => say('never'), ${HOUR_MS}).unref();
      setInterval(() => say('never'), ${HOUR_MS}).unref();
      void (await import('node:timers/promises')).setTimeout(${HOUR_MS}, 0, { ref: false }).then(() => say('never'));
      process.exitCode = 3;`,
      [],
    );
    expect(lines).toEqual(['exit 3']);
  });

  it('has the errors, the contexts and the disposal of ordinary timers', async () => {
    const lines = await follow(
      `
      import { AsyncLocalStorage } from 'node:async_hooks';
      import timers from 'node:timers/promises';
      const failure = (promise) => promise.then(() => say('no failure'), (error) => say(error.name, error.code, error.cause ?? ''));
      await failure(timers.setTimeout(${HOUR_MS}, 0, { signal: AbortSignal.abort('before') }));
      const stop = new AbortController();
      const waiting = failure(timers.setTimeout(${HOUR_MS}, 0, { signal: stop.signal }));
      stop.abort('during');
      await waiting;
      await failure(timers.setTimeout(1, 0, { ref: 'yes' }));
      await failure(timers.setInterval(1, 0, { signal: AbortSignal.abort('before') }).next());
      try { setTimeout('no function', 1); } catch (error) { say(error.code); }
      const storage = new AsyncLocalStorage();
      storage.run('context', () => setTimeout(() => say(storage.getStore()), ${HOUR_MS}));
      const disposed = setTimeout(() => say('disposed'), ${HOUR_MS});
      disposed[Symbol.dispose]?.();
      if (Symbol.dispose === undefined) clearTimeout(disposed);
      say('advance');`,
      [HOUR_MS],
    );
    expect(lines).toEqual([
      'AbortError ABORT_ERR before',
      'AbortError ABORT_ERR during',
      'TypeError ERR_INVALID_ARG_TYPE ',
      'AbortError ABORT_ERR before',
      'ERR_INVALID_ARG_TYPE',
      'context',
      'exit 0',
    ]);
  });

  it('follows on a machine that has no file watch left, too', async () => {
    const noWatch = `
      import fs from 'node:fs';
      import { syncBuiltinESMExports } from 'node:module';
      fs.watch = () => { throw new Error('ENOSPC: System limit for number of file watchers reached'); };
      syncBuiltinESMExports();`;
    const lines = await follow(`setTimeout(() => say('due'), ${HOUR_MS}); say('advance');`, [HOUR_MS], {
      first: noWatch,
    });
    expect(lines).toEqual(['due', 'exit 0']);
  });

  it('is known not to have followed while it does not run', async () => {
    const clock = createProcessClock({ path: join(folder, 'nobody'), preload, machine: systemClock });
    clock.begin(0);
    expect(await clock.follow(HOUR_MS, 20)).toBe(false);
  });
});
