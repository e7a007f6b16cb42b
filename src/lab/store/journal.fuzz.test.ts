// oxlint-disable vitest/no-standalone-expect -- fuzz() makes tests of these functions
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { array, constantFrom, integer, oneof, tuple } from 'fast-check';
import { afterAll, describe, expect } from 'vitest';
import { fuzz, outcomeOf } from '../../base/testing/fuzz.ts';
import { hostileJson, hostileText, mutatedBytes } from '../../base/testing/hostile.ts';
import { openJournalStore } from './journal-store.ts';
import type { Json } from './store.ts';

const folder = mkdtempSync(join(tmpdir(), 'keyferry-fuzz-journal-'));
const file = join(folder, 'journal.jsonl');
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function withStore<T>(use: (store: ReturnType<typeof openJournalStore>) => T): Promise<T> {
  await using store = openJournalStore({ folder });
  return use(store);
}

const entry = tuple(oneof(constantFrom('a', 'a/b', '__proto__'), hostileText(8)), hostileJson());

describe('a journal', () => {
  fuzz(
    'gives back what was written, whatever keys and values are',
    array(entry, { maxLength: 4 }),
    { inputs: 20, seed: 751 },
    async (entries) => {
      writeFileSync(file, '');
      await withStore((store) => entries.forEach(([key, value]) => store.put(key, value as Json)));
      const last = new Map(entries);
      await withStore((store) => {
        for (const [key, value] of last) expect(JSON.stringify(store.get(key))).toBe(JSON.stringify(value));
      });
    },
  );

  fuzz(
    'cut off anywhere has all entries before the cut, and takes new ones',
    tuple(array(entry, { minLength: 1, maxLength: 4 }), integer({ min: 0, max: 10_000 })),
    { inputs: 20, seed: 752 },
    async ([entries, at]) => {
      writeFileSync(file, '');
      await withStore((store) => entries.forEach(([, value], index) => store.put(`k${index}`, value as Json)));
      const whole = readFileSync(file);
      const cut = at % whole.length;
      writeFileSync(file, whole.subarray(0, cut));
      const kept = whole.subarray(0, cut).toString('latin1').split('\n').length - 1;
      await withStore((store) => {
        entries.forEach((_, index) => expect(store.get(`k${index}`) !== undefined).toBe(index < kept));
        store.put('new', 1);
      });
      await withStore((store) => expect(store.get('new')).toBe(1));
    },
  );

  fuzz(
    'of any bytes opens with whole entries, or says that it is damaged',
    mutatedBytes([
      Buffer.from('junk\n'),
      Buffer.from('0123456789abcdef [["a",1]]\n'),
      Buffer.from('da39a3ee5e6b4b0d [["a"]]\n\n\n'),
    ]),
    { inputs: 20, seed: 753 },
    async (bytes) => {
      writeFileSync(file, bytes);
      const outcome = await outcomeOf(() => withStore((store) => store.list('').length), ['world']);
      if (!outcome.ok) expect(outcome.error.message).toContain('damaged');
    },
  );
});
