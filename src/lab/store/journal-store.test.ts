// What the journal promises (journal-store.ts), tried by cutting it, killing its process at each step, and filling its disk.
import * as nodeFs from 'node:fs';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { array, assert, constantFrom, dictionary, double, nat, oneof, property, record, uint8Array } from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { KeyferryError } from '#base';
import { createFakeClock, createMemoryLog } from '../../base/testing/index.ts';
import { openJournalStore, type JournalStoreOptions } from './journal-store.ts';
import type { Json, Store } from './store.ts';
import { createFailingFiles } from './testing/failing-files.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'keyferry-journal-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const file = () => join(folder, 'journal.jsonl');
const open = (more: Partial<JournalStoreOptions> = {}) => openJournalStore({ folder, ...more });
const lineCount = () => readFileSync(file(), 'utf8').split('\n').length - 1;
const contentOf = (store: Store) => Object.fromEntries(store.list('').map(({ key, value }) => [key, value]));

/** What a process finds that starts now. */
async function reopened(): Promise<Record<string, Json>> {
  await using store = open();
  return contentOf(store);
}

describe('a journal that was cut', () => {
  it('at any byte of its last two writes holds all writes before the cut, and takes new ones', async () => {
    const states: { readonly bytes: number; readonly content: object }[] = [];
    {
      await using store = open();
      for (const value of ['one', 'zwö\n', { three: ['é', 3] }] satisfies Json[]) {
        store.write([
          { key: 'last', value },
          { key: `k/${states.length}`, value: states.length },
        ]);
        states.push({ bytes: readFileSync(file()).length, content: contentOf(store) });
      }
    }
    const whole = readFileSync(file());
    for (let cut = states[0]?.bytes ?? 0; cut <= whole.length; cut += 1) {
      writeFileSync(file(), whole.subarray(0, cut));
      const expected = states.findLast(({ bytes }) => bytes <= cut)?.content;
      {
        await using store = open();
        expect(contentOf(store)).toEqual(expected);
        store.put('after', cut);
      }
      expect(await reopened()).toEqual({ ...expected, after: cut });
    }
  });

  it('and goes on with any garbage holds all that was written, and says how much it leaves out', () => {
    const tail = oneof(
      uint8Array({ minLength: 1, maxLength: 200 }).map((bytes) => Buffer.from(bytes)),
      array(constantFrom('\n', '\0\0\0\0', '0123456789abcdef [["k",1]]\n', '[]', ' '), { minLength: 1 }).map((parts) =>
        Buffer.from(parts.join('')),
      ),
    );
    {
      const store = open();
      store.put('a', 1);
      store.put('b', 2);
    }
    const whole = readFileSync(file());
    assert(
      property(tail, (garbage) => {
        writeFileSync(file(), Buffer.concat([whole, garbage]));
        const log = createMemoryLog();
        const store = open({ log });
        expect(contentOf(store)).toEqual({ a: 1, b: 2 });
        expect(log.lines.map(({ fields }) => fields['bytes'])).toEqual([garbage.length]);
        expect(readFileSync(file())).toEqual(whole);
      }),
      { numRuns: 300 },
    );
  });
});

// What a test does to a store: mostly writes; now and then the process dies, or the disk is full.
const keys = constantFrom('a', 'b', 'c', 'd/e', 'f');
const deeds = array(
  oneof(
    {
      weight: 12,
      arbitrary: record({
        do: constantFrom('write' as const),
        writes: dictionary(keys, oneof(nat(99), constantFrom(undefined)), { minKeys: 1 }),
      }),
    },
    {
      weight: 2,
      arbitrary: record({
        do: constantFrom('kill' as const),
        afterSteps: nat(9),
        part: double({ min: 0, max: 1, noNaN: true }),
      }),
    },
    {
      weight: 1,
      arbitrary: record({
        do: constantFrom('fill' as const),
        room: nat(200),
        refuseTruncation: constantFrom(true, false),
      }),
    },
    { weight: 1, arbitrary: record({ do: constantFrom('reopen' as const) }) },
  ),
  { minLength: 5, maxLength: 60 },
);

describe('a journal whose process is killed at any step, or whose disk fills up', () => {
  it('holds every write that returned, of the one that was cut short all or nothing, and none that threw', () => {
    const seen = { kills: 0, refusals: 0, successes: 0 };
    assert(
      property(deeds, (run) => {
        rmSync(folder, { recursive: true });
        const subject = createSubject();
        for (const deed of run) {
          if (deed.do === 'kill') subject.disk.killAfter(deed.afterSteps, deed.part);
          if (deed.do === 'fill') subject.fill(deed);
          if (deed.do === 'reopen') subject.restart([subject.expected]);
          if (deed.do === 'write') seen[subject.write(deed.writes)] += 1;
        }
        subject.restart([subject.expected]);
        subject.end();
      }),
      { numRuns: 300 },
    );
    expect(seen.kills).toBeGreaterThan(100);
    expect(seen.refusals).toBeGreaterThan(50);
  });
});

type Content = Readonly<Record<string, number>>;

/** A store on a disk that fails, and what it must hold. Throws at once where it does not. */
function createSubject() {
  let disk = createFailingFiles();
  const start = () => open({ files: disk.files, slackLines: 2 });
  let store = start();
  let expected: Content = {};
  let refusals = 0;
  const end = () => {
    for (const one of disk.open) nodeFs.closeSync(one);
  };
  /** A process that died is followed by one on a healthy disk. */
  const restart = (possible: readonly Content[]) => {
    end();
    disk = createFailingFiles();
    store = start();
    expected = contentOf(store) as Content;
    expect(possible).toContainEqual(expected);
  };
  return {
    end,
    restart,
    get disk() {
      return disk;
    },
    get expected() {
      return expected;
    },
    fill: ({ room, refuseTruncation }: { readonly room: number; readonly refuseTruncation: boolean }) => {
      disk.roomFor(room);
      disk.refuseTruncation(refuseTruncation);
    },
    write(writes: Readonly<Record<string, number | undefined>>): 'kills' | 'refusals' | 'successes' {
      const changed = Object.entries({ ...expected, ...writes }).filter(([, value]) => value !== undefined);
      const after = Object.fromEntries(changed) as Content;
      const error = errorOf(() => store.write(Object.entries(writes).map(([key, value]) => ({ key, value }))));
      // Also where the store took the death for a failure that it can do without, as of a rewriting.
      if (disk.dead) {
        restart([expected, after]);
        return 'kills';
      }
      if (error === undefined) expected = after;
      expect([contentOf(store), error?.code]).toEqual([expected, error && 'unavailable']);
      if (error === undefined) return 'successes';
      refusals += 1;
      if (refusals % 2 === 0) {
        disk.roomFor(Infinity);
        disk.refuseTruncation(false);
      }
      return 'refusals';
    },
  };
}

function errorOf(work: () => void): KeyferryError | undefined {
  try {
    work();
    return undefined;
  } catch (error) {
    return error as KeyferryError;
  }
}

describe('a disk without room', () => {
  it('is told with what to do; nothing is lost, and writes go on when there is room', async () => {
    const disk = createFailingFiles();
    const store = open({ files: disk.files });
    store.put('kept', 1);
    disk.roomFor(10);
    expect(() => store.put('refused', 'x'.repeat(100))).toThrow(
      expect.objectContaining({
        message: "the lab's state cannot be written: ENOSPC: no space left on device",
        hint: expect.stringContaining(folder) as string,
      }),
    );
    expect(store.get('refused')).toBeUndefined();
    expect(await reopened()).toEqual({ kept: 1 });
    disk.roomFor(Infinity);
    store.put('later', 2);
    expect(await reopened()).toEqual({ kept: 1, later: 2 });
  });

  it('leaves the journal long, and it is made short once there is room', async () => {
    const disk = createFailingFiles();
    const store = open({ files: disk.files, slackLines: 5 });
    store.put('large', 'x'.repeat(1000));
    disk.roomFor(900); // for many more lines, and not for the journal once more
    for (let value = 0; value < 12; value += 1) store.put('small', value);
    expect(lineCount()).toBe(13);
    expect(readdirSync(folder)).toEqual(['journal.jsonl']);
    disk.roomFor(Infinity);
    for (let value = 12; value < 20; value += 1) store.put('small', value);
    expect(lineCount()).toBeLessThan(10);
    expect(await reopened()).toEqual({ large: 'x'.repeat(1000), small: 19 });
  });
});

describe('the disk of the journal', () => {
  it('has all of a rewritten journal before that takes the place of the old one', async () => {
    const steps: string[] = [];
    const names = new Map<number, string>();
    const files = {
      ...nodeFs,
      openSync: (path: string, flags: string, mode?: number) => {
        const file = nodeFs.openSync(path, flags, mode);
        names.set(file, basename(path));
        return file;
      },
      writeSync: (file: number, bytes: Buffer, start: number) => {
        steps.push(`write ${names.get(file) ?? ''}`);
        return nodeFs.writeSync(file, bytes, start);
      },
      fsyncSync: (file: number) => {
        steps.push(`sync ${names.get(file) ?? ''}`);
        nodeFs.fsyncSync(file);
      },
      renameSync: (from: string, to: string) => {
        steps.push('rename');
        nodeFs.renameSync(from, to);
      },
    } as unknown as typeof nodeFs;
    const store = open({ files, slackLines: 0 });
    while (!steps.includes('rename')) store.put('k', steps.length);
    expect(steps.slice(steps.indexOf('rename') - 2)).toEqual([
      'write journal.jsonl.new',
      'sync journal.jsonl.new',
      'rename',
      `sync ${basename(folder)}`,
    ]);
    await store[Symbol.asyncDispose]();
  });

  it('is told to keep what was written, once a second at the most, and at the end', async () => {
    const clock = createFakeClock();
    let flushes = 0;
    const files = {
      ...nodeFs,
      fdatasync: (_file: number, done: (error: Error | null) => void) => {
        flushes += 1;
        done(null);
      },
    } as unknown as typeof nodeFs;
    const store = open({ clock, files });
    for (let value = 0; value < 100; value += 1) store.put('k', value);
    expect(flushes).toBe(0);
    await clock.advance(1000);
    expect(flushes).toBe(1);
    await clock.advance(10_000);
    expect(flushes).toBe(1);
    store.put('k', 'again');
    await clock.advance(1000);
    expect(flushes).toBe(2);
    store.put('k', 'last');
    await store[Symbol.asyncDispose]();
    expect(readdirSync(folder)).toEqual(['journal.jsonl']);
  });
});
