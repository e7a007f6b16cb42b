import { createHash } from 'node:crypto';
import type { Json, StoreWrite } from './store.ts';

const DIGEST_DIGITS = 16;
const LINE_FEED = 0x0a;

/** The line of one write: `<sha256 of the rest, 16 hex digits> <JSON array of [key, value?]>` and a line feed. */
export function renderLine(writes: readonly StoreWrite[]): Buffer {
  const text = JSON.stringify(writes.map(({ key, value }) => (value === undefined ? [key] : [key, value])));
  return Buffer.from(`${digest(text)} ${text}\n`);
}

/** What a journal's bytes say. */
export interface ParsedJournal {
  /** The writes of every whole line, in order. */
  readonly writes: readonly StoreWrite[][];
  /** Where the last whole line ends. */
  readonly wholeBytes: number;
  /** The number, from 1, of a damaged line that whole lines follow; undefined when there is none. */
  readonly damagedLine: number | undefined;
}

/**
 * Reads a journal. Bytes after the last whole line are what a write left that was cut short: they count as none. A
 * damaged line before a whole one is something else, and reported.
 */
export function parseJournal(content: Buffer): ParsedJournal {
  const writes: StoreWrite[][] = [];
  let wholeBytes = 0;
  let line = 0;
  let damaged: number | undefined;
  let damagedLine: number | undefined;
  for (let start = 0; start < content.length;) {
    const end = content.indexOf(LINE_FEED, start);
    if (end === -1) break;
    line += 1;
    const found = parseLine(content.toString('utf8', start, end));
    if (found === undefined) {
      damaged ??= line;
    } else {
      damagedLine ??= damaged;
      writes.push(found);
      wholeBytes = end + 1;
    }
    start = end + 1;
  }
  return { writes, wholeBytes, damagedLine };
}

function parseLine(line: string): StoreWrite[] | undefined {
  const text = line.slice(DIGEST_DIGITS + 1);
  if (line.charAt(DIGEST_DIGITS) !== ' ' || digest(text) !== line.slice(0, DIGEST_DIGITS)) return undefined;
  return (JSON.parse(text) as [string, Json?][]).map(([key, value]) => ({ key, value }));
}

function digest(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, DIGEST_DIGITS);
}
