import * as nodeFs from 'node:fs';
import { join } from 'node:path';
import { errorText, KeyferryError, silentLog, type Clock, type Log } from '#base';
import { parseJournal, renderLine } from './journal-line.ts';
import { createMemoryEntries } from './memory-store.ts';
import type { Store, StoreEntry, StoreWrite } from './store.ts';

/** The part of node:fs that a journal uses: handed in, so that a test can stop it at any step or fill the disk. */
export type JournalFileSystem = Pick<
  typeof nodeFs,
  | 'closeSync'
  | 'fdatasync'
  | 'fsyncSync'
  | 'ftruncateSync'
  | 'mkdirSync'
  | 'openSync'
  | 'readFileSync'
  | 'renameSync'
  | 'rmSync'
  | 'writeSync'
>;

/** Where the journal is and when it is made short again. */
export interface JournalStoreOptions {
  /** The folder of the journal; made when missing, mode 0700. */
  readonly folder: string;
  /** The journal is rewritten when it holds this many lines more than twice the entries. Default 10,000. */
  readonly slackLines?: number;
  /** Paces the writing to the disk; without one it is left to the system, which takes its time. */
  readonly clock?: Clock;
  readonly log?: Log;
  readonly files?: JournalFileSystem;
}

const FILE = 'journal.jsonl';
const FLUSH_AFTER_MS = 1000;
const ENTRIES_A_LINE = 1000;

/**
 * A store whose every write is one appended line (journal-line.ts). What is promised:
 *
 * - A process that is killed at any instant loses nothing that `write` returned for: the line was handed whole to the
 *   system by then. A write that was cut short counts as none; its bytes are cut off at the next opening.
 * - A machine that loses its power may lose the writes of the last second (`fdatasync` follows within that time and is
 *   not waited for). What it finds afterwards is everything up to some write, none of those after it.
 * - A write that fails, as on a full disk, throws `unavailable` and leaves no trace; the next one is tried as if
 *   nothing had been.
 *
 * A bad line with good ones after it is an error at opening: the file was changed by something else.
 */
export function openJournalStore(options: JournalStoreOptions): Store {
  const { folder, slackLines = 10_000, clock, log = silentLog, files: fs = nodeFs } = options;
  fs.mkdirSync(folder, { recursive: true, mode: 0o700 });
  const path = join(folder, FILE);
  const entries = createMemoryEntries();
  let journal = openJournal(fs, path, log, entries.apply);
  let compactAboveLines = 0;

  const compact = () => {
    try {
      const old = journal.file;
      journal = rewriteJournal(fs, { folder, path }, entries.list(''));
      fs.closeSync(old);
    } catch (error) {
      // The journal goes on as it is, only longer.
      compactAboveLines = journal.lines + slackLines;
      log.warn('The journal cannot be made short now', { path, error: errorText(error) });
    }
  };
  const flush = clock && createFlush({ clock, log, sync: (done) => fs.fdatasync(journal.file, done) });
  const write = (writes: readonly StoreWrite[]) => {
    if (writes.length === 0) return;
    try {
      appendLine(fs, journal, renderLine(writes));
    } catch (error) {
      throw new KeyferryError('unavailable', `the lab's state cannot be written: ${errorText(error)}`, {
        cause: error,
        hint: `Make room on the disk of ${folder}; nothing that was written before is lost.`,
      });
    }
    entries.apply(writes);
    if (journal.lines > Math.max(entries.map.size * 2 + slackLines, compactAboveLines)) compact();
    flush?.soon();
  };
  return {
    get: (key) => entries.map.get(key),
    list: entries.list,
    write,
    put: (key, value) => write([{ key, value }]),
    delete: (key) => write([{ key, value: undefined }]),
    [Symbol.asyncDispose]: async () => {
      await flush?.stop();
      try {
        fs.fsyncSync(journal.file);
      } finally {
        fs.closeSync(journal.file);
      }
    },
  };
}

/** An open journal file and how much of it is whole. */
interface JournalFile {
  readonly file: number;
  bytes: number;
  lines: number;
  /** Bytes that count as none may follow the whole ones. */
  torn: boolean;
}

/** Opens the journal and hands what it says to `apply`. */
function openJournal(
  fs: JournalFileSystem,
  path: string,
  log: Log,
  apply: (writes: readonly StoreWrite[]) => void,
): JournalFile {
  fs.rmSync(`${path}.new`, { force: true }); // of a rewriting that was cut short
  const file = fs.openSync(path, 'a+', 0o600);
  const content = fs.readFileSync(file);
  const { writes, wholeBytes, damagedLine } = parseJournal(content);
  if (damagedLine !== undefined) {
    fs.closeSync(file);
    throw new KeyferryError('failed-precondition', `${path}: line ${damagedLine} is damaged`, {
      hint: 'Something else changed the journal. Restore it from a copy, or start with an empty state folder.',
    });
  }
  const torn = content.length - wholeBytes;
  if (torn > 0) {
    log.warn('The journal ends with a write that was cut short; it counts as none', { path, bytes: torn });
    fs.ftruncateSync(file, wholeBytes);
  }
  for (const one of writes) apply(one);
  return { file, bytes: wholeBytes, lines: writes.length, torn: false };
}

/** Writes all entries to a new file, and answers it once it stands in the place of the old one. */
function rewriteJournal(
  fs: JournalFileSystem,
  { folder, path }: { readonly folder: string; readonly path: string },
  all: readonly StoreEntry[],
): JournalFile {
  const temporary = `${path}.new`;
  fs.rmSync(temporary, { force: true });
  const next: JournalFile = { file: fs.openSync(temporary, 'a+', 0o600), bytes: 0, lines: 0, torn: false };
  try {
    for (let start = 0; start < all.length; start += ENTRIES_A_LINE) {
      appendLine(fs, next, renderLine(all.slice(start, start + ENTRIES_A_LINE)));
    }
    fs.fsyncSync(next.file);
    fs.renameSync(temporary, path);
  } catch (error) {
    fs.closeSync(next.file);
    fs.rmSync(temporary, { force: true });
    throw error;
  }
  syncFolder(fs, folder);
  return next;
}

/** Without it a machine that loses its power may have the old file again, which later writes do not reach. */
function syncFolder(fs: JournalFileSystem, folder: string): void {
  try {
    const open = fs.openSync(folder, 'r');
    try {
      fs.fsyncSync(open);
    } finally {
      fs.closeSync(open);
    }
  } catch {
    // Not every file system can, and the new file is in its place already.
  }
}

/** Appends a line whole. Where that fails, what was written of it is taken back, at the latest before the next line. */
function appendLine(fs: JournalFileSystem, journal: JournalFile, line: Buffer): void {
  const takeBack = () => {
    fs.ftruncateSync(journal.file, journal.bytes);
    journal.torn = false;
  };
  if (journal.torn) takeBack();
  try {
    journal.torn = true;
    for (let written = 0; written < line.length;) written += fs.writeSync(journal.file, line, written);
    journal.torn = false;
  } catch (error) {
    try {
      takeBack();
    } catch {
      // Tried again before the next line, and when the journal is opened.
    }
    throw error;
  }
  journal.bytes += line.length;
  journal.lines += 1;
}

/** Has the disk keep what was written within a second, beside the work. */
function createFlush(options: {
  readonly clock: Clock;
  readonly log: Log;
  readonly sync: (done: (error: Error | null) => void) => void;
}): { soon(): void; stop(): Promise<void> } {
  const { clock, log, sync } = options;
  const stopping = new AbortController();
  let running: Promise<void> | undefined;
  const run = async () => {
    await clock.sleep(FLUSH_AFTER_MS, { signal: stopping.signal }).catch(() => undefined);
    running = undefined; // what is written from here on needs another one
    await new Promise<void>((resolve) => {
      sync((error) => {
        // A rewriting may have closed the file, after it had written all of it to the disk itself.
        const closed = (error as NodeJS.ErrnoException | null)?.code === 'EBADF';
        if (error !== null && !closed) log.warn('The journal is not on the disk yet', { error: errorText(error) });
        resolve();
      });
    });
  };
  return {
    soon: () => {
      if (!stopping.signal.aborted) running ??= run();
    },
    stop: async () => {
      stopping.abort();
      await running;
    },
  };
}
