import { createHash } from 'node:crypto';
import { closeSync, fsyncSync, mkdirSync, openSync, readFileSync, renameSync, ftruncateSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { KeyferryError } from '#base';
import { createMemoryEntries } from './memory-store.ts';
import type { Json, Store, StoreWrite } from './store.ts';

/** Where the journal is and when it is made short again. */
export interface JournalStoreOptions {
  /** The folder of the journal; made when missing, mode 0700. */
  readonly folder: string;
  /** The journal is rewritten when it holds this many lines more than twice the entries. Default 10,000. */
  readonly slackLines?: number;
}

const FILE = 'journal.jsonl';

/**
 * A store whose every write is one appended line, `<sha256 of the rest, 16 hex digits> <JSON array of [key, value?]>`. A line is
 * written whole before `write` returns, so a killed process loses no acknowledged write; a torn last line is cut off
 * when the journal is opened again. A bad line in the middle is an error: the file was changed by something else.
 */
export function openJournalStore(options: JournalStoreOptions): Store {
  const { folder, slackLines = 10_000 } = options;
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const path = join(folder, FILE);
  const entries = createMemoryEntries();
  let file = openSync(path, 'a+', 0o600);
  let lines = replay(file, path, entries.apply);

  const compact = () => {
    const temporary = `${path}.new`;
    const next = openSync(temporary, 'w', 0o600);
    const all = [...entries.map].map(([key, value]) => ({ key, value }));
    for (let start = 0; start < all.length; start += 1000) appendLine(next, all.slice(start, start + 1000));
    fsyncSync(next);
    closeSync(next);
    renameSync(temporary, path);
    closeSync(file);
    file = openSync(path, 'a+', 0o600);
    lines = Math.ceil(all.length / 1000);
  };
  const write = (writes: readonly StoreWrite[]) => {
    if (writes.length === 0) return;
    appendLine(file, writes);
    entries.apply(writes);
    lines += 1;
    if (lines > entries.map.size * 2 + slackLines) compact();
  };
  return {
    get: (key) => entries.map.get(key),
    list: entries.list,
    write,
    put: (key, value) => write([{ key, value }]),
    delete: (key) => write([{ key, value: undefined }]),
    [Symbol.asyncDispose]: () => {
      closeSync(file);
      return Promise.resolve();
    },
  };
}

function appendLine(file: number, writes: readonly StoreWrite[]): void {
  const text = JSON.stringify(writes.map(({ key, value }) => (value === undefined ? [key] : [key, value])));
  const line = Buffer.from(`${digest(text)} ${text}\n`);
  for (let written = 0; written < line.length;) written += writeSync(file, line, written);
}

function digest(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 16);
}

/** Applies every whole line, cuts a torn last one off, and answers how many lines there are. */
function replay(file: number, path: string, apply: (writes: StoreWrite[]) => void): number {
  const content = readFileSync(path);
  let start = 0;
  let lines = 0;
  while (start < content.length) {
    const end = content.indexOf(0x0a, start);
    const line = content.subarray(start, end === -1 ? content.length : end).toString('utf8');
    const writes = end === -1 ? undefined : parseLine(line);
    if (writes === undefined) {
      if (end !== -1 && end < content.length - 1) {
        throw new KeyferryError('failed-precondition', `${path}: line ${lines + 1} is damaged`, {
          hint: 'Something else changed the journal. Restore it from a copy, or start with an empty state folder.',
        });
      }
      ftruncateSync(file, start);
      break;
    }
    apply(writes);
    lines += 1;
    start = end + 1;
  }
  return lines;
}

function parseLine(line: string): StoreWrite[] | undefined {
  const text = line.slice(17);
  if (line.charAt(16) !== ' ' || digest(text) !== line.slice(0, 16)) return undefined;
  return (JSON.parse(text) as [string, Json?][]).map(([key, value]) => ({ key, value }));
}
