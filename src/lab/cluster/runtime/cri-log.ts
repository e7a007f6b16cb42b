import { createWriteStream } from 'node:fs';
import { mkdir, readdir, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { once } from 'node:events';
import type { Clock } from '#base';

/** Which of a container's two streams. */
export type LogStream = 'stdout' | 'stderr';

/** One entry of a log in the CRI format (kubernetes/design-proposals, kubelet-cri-logging.md). */
export interface LogEntry {
  /** RFC 3339 with nanoseconds. */
  readonly timestamp: string;
  readonly stream: LogStream;
  /** True when the line goes on in the next entry of the same stream. */
  readonly partial: boolean;
  readonly content: Buffer;
}

const NEWLINE = 0x0a;
const SPACE = 0x20;

/** Writes one entry: `2026-01-01T00:00:00.000000000Z stdout F text`. */
export function formatLogEntry(nowMs: number, stream: LogStream, content: Buffer, partial: boolean): Buffer {
  const time = new Date(nowMs).toISOString().replace(/(\.\d{3})Z$/, '$1000000Z');
  return Buffer.concat([Buffer.from(`${time} ${stream} ${partial ? 'P' : 'F'} `), content, Buffer.from('\n')]);
}

/** Reads one entry, without its newline; undefined when it is not one. */
export function parseLogEntry(line: Buffer): LogEntry | undefined {
  const first = line.indexOf(SPACE);
  const second = line.indexOf(SPACE, first + 1);
  const third = line.indexOf(SPACE, second + 1);
  if (first === -1 || second === -1 || third === -1) return undefined;
  const stream = line.toString('latin1', first + 1, second);
  if (stream !== 'stdout' && stream !== 'stderr') return undefined;
  const tags = line.toString('latin1', second + 1, third).split(':');
  return {
    timestamp: line.toString('latin1', 0, first),
    stream,
    partial: tags[0] === 'P',
    content: line.subarray(third + 1),
  };
}

/** A log that is being written. */
export interface LogWriter {
  /** Resolves when more may be written: a container that writes faster than the disk waits. */
  write(stream: LogStream, chunk: Buffer): Promise<void>;
  /** Resolves when all that was written is in the file. */
  close(): Promise<void>;
}

/** When a log is begun anew, and how many of its files are kept with the present one (kubelet's containerLogMaxSize and -Files). */
const ROTATION = { maxBytes: 10 * 1024 * 1024, maxFiles: 5 };

/**
 * Opens a container's log for appending, mode 0600. Text without a newline is written at once as a partial entry, so that
 * a prompt or a file printed by `cat` shows in `kubectl logs` (container engines wait for the newline). A log that has grown
 * to 10 MiB is put aside, as `<path>.<time>`, and a new one begun; the eldest goes when there are five.
 */
export async function openLogWriter(path: string, clock: Clock, rotation = ROTATION): Promise<LogWriter> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  let file = await openFile(path);
  let rotating: Promise<void> | undefined;
  const putAside = async (): Promise<void> => {
    const stamp = new Date(clock.now()).toISOString().replace(/[-:]/g, '').replace('T', '-').replace('Z', '');
    await rename(path, `${path}.${stamp}`);
    const old = (await readdir(dirname(path))).filter((name) => name.startsWith(`${basename(path)}.`)).sort();
    for (const name of old.slice(0, -(rotation.maxFiles - 1))) await rm(join(dirname(path), name), { force: true });
  };
  const rotate = async (): Promise<void> => {
    await file.close();
    // where it cannot be put aside it grows on
    await putAside().catch(() => undefined);
    file = await openFile(path);
    rotating = undefined;
  };
  return {
    write: async (stream, chunk) => {
      const nowMs = clock.now();
      const parts: Buffer[] = [];
      let start = 0;
      for (let end = chunk.indexOf(NEWLINE); end !== -1; end = chunk.indexOf(NEWLINE, start)) {
        parts.push(formatLogEntry(nowMs, stream, chunk.subarray(start, end), false));
        start = end + 1;
      }
      if (start < chunk.length) parts.push(formatLogEntry(nowMs, stream, chunk.subarray(start), true));
      if (parts.length === 0) return;
      // before the write, so that the lines of one chunk, and a line that goes on in the next one, stay together
      if (file.bytes() >= rotation.maxBytes) rotating ??= rotate();
      if (rotating !== undefined) await rotating;
      await file.write(Buffer.concat(parts));
    },
    close: () => file.close(),
  };
}

interface LogFile {
  bytes(): number;
  write(text: Buffer): Promise<void>;
  close(): Promise<void>;
}

/** A file that takes no more once it has failed: a container does not end because the disk is full. */
async function openFile(path: string): Promise<LogFile> {
  const file = createWriteStream(path, { flags: 'a', mode: 0o600 });
  await once(file, 'open');
  const failed = new Promise<void>((resolve) => file.once('error', () => resolve()));
  return {
    bytes: () => file.bytesWritten + file.writableLength,
    write: async (text) => {
      if (!file.writable || file.write(text)) return;
      await Promise.race([once(file, 'drain'), failed]);
    },
    close: () => Promise.race([new Promise<void>((resolve) => file.end(() => resolve())), failed]),
  };
}
