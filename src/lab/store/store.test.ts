import { appendFileSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { createMemoryStore, openJournalStore, storeSection, type Store } from './index.ts';

const folders: string[] = [];
const newFolder = () => {
  const folder = mkdtempSync(join(tmpdir(), 'keyferry-store-'));
  folders.push(folder);
  return folder;
};
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true });
});

const kinds: [string, () => Store][] = [
  ['memory', createMemoryStore],
  ['journal', () => openJournalStore({ folder: newFolder() })],
];

describe.each(kinds)('a %s store', (_name, open) => {
  it('reads what was written, lists by prefix in order, and forgets what was deleted', async () => {
    await using store = open();
    store.write([
      { key: 'b/2', value: { n: 2 } },
      { key: 'b/1', value: 'one' },
      { key: 'c', value: null },
    ]);
    expect(store.list('b/').map((entry) => entry.key)).toEqual(['b/1', 'b/2']);
    store.delete('b/1');
    expect(store.get('b/1')).toBeUndefined();
    expect(store.get('b/2')).toEqual({ n: 2 });
    expect(store.get('c')).toBeNull();
  });

  it('shows a section without its prefix', async () => {
    await using store = open();
    const section = storeSection(store, 'cloud/');
    section.put('vaults/a', 1);
    expect(store.get('cloud/vaults/a')).toBe(1);
    expect(section.list('vaults/')).toEqual([{ key: 'vaults/a', value: 1 }]);
  });
});

describe('the journal', () => {
  it('has everything again after it was opened again, also after many rewrites', async () => {
    const folder = newFolder();
    const store = openJournalStore({ folder, slackLines: 10 });
    for (let i = 0; i < 500; i += 1) store.put(`k/${i % 7}`, i);
    store.delete('k/3');
    await store[Symbol.asyncDispose]();
    expect(readFileSync(join(folder, 'journal.jsonl'), 'utf8').split('\n').length).toBeLessThan(40);
    await using again = openJournalStore({ folder });
    expect(again.list('k/').map(({ key, value }) => [key, value])).toEqual([
      ['k/0', 497],
      ['k/1', 498],
      ['k/2', 499],
      ['k/4', 494],
      ['k/5', 495],
      ['k/6', 496],
    ]);
  });

  it('is readable by its owner only', async () => {
    const folder = newFolder();
    await using store = openJournalStore({ folder: join(folder, 'state') });
    store.put('a', 1);
    expect(statSync(join(folder, 'state')).mode & 0o777).toBe(0o700);
    expect(statSync(join(folder, 'state', 'journal.jsonl')).mode & 0o777).toBe(0o600);
  });

  it.each(['0123', 'deadbeefdeadbeef [["x",1]]', 'deadbeefdeadbeef [["x",1]]\n'])(
    'cuts a torn last line off and goes on: %j',
    async (tail) => {
      const folder = newFolder();
      const store = openJournalStore({ folder });
      store.put('a', 1);
      await store[Symbol.asyncDispose]();
      appendFileSync(join(folder, 'journal.jsonl'), tail);
      const again = openJournalStore({ folder });
      expect(again.list('')).toEqual([{ key: 'a', value: 1 }]);
      again.put('b', 2);
      await again[Symbol.asyncDispose]();
      await using third = openJournalStore({ folder });
      expect(third.list('').map((entry) => entry.key)).toEqual(['a', 'b']);
    },
  );

  it('refuses a journal that was changed in the middle, and names the line', async () => {
    const folder = newFolder();
    const store = openJournalStore({ folder });
    store.put('a', 1);
    store.put('b', 2);
    await store[Symbol.asyncDispose]();
    const path = join(folder, 'journal.jsonl');
    writeFileSync(path, readFileSync(path, 'utf8').replace('"a",1', '"a",9'));
    expect(() => openJournalStore({ folder })).toThrow(/line 1 is damaged/);
  });
});
