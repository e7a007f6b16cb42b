import { watch } from 'node:fs';
import { open, stat, type FileHandle } from 'node:fs/promises';
import { dirname } from 'node:path';
import { Readable } from 'node:stream';
import type { Clock } from '#base';
import type { LogOptions } from '../pod-streams.ts';
import { parseLogEntry, type LogEntry } from '../runtime/index.ts';
import { createWakeup } from './wakeup.ts';

const CHUNK = 64 * 1024;
const POLL_MS = 250;
const NEWLINE = 0x0a;

/** Reads a container's log as `kubectl logs` wants it. With `follow` it goes on until `isOver` says that the run has ended. */
export function readContainerLog(
  path: string,
  options: LogOptions & { readonly clock: Clock; readonly isOver: () => boolean },
): Readable {
  return Readable.from(limitBytes(renderLines(path, options), options.limitBytes), { objectMode: false });
}

async function* renderLines(
  path: string,
  options: LogOptions & { readonly clock: Clock; readonly isOver: () => boolean },
): AsyncGenerator<Buffer> {
  const sinceMs = sinceTimeMs(options, options.clock.now());
  let atLineStart = true;
  for await (const entry of readEntries(path, options)) {
    const isNew = atLineStart;
    atLineStart = !entry.partial;
    if (Date.parse(entry.timestamp) < sinceMs) continue;
    const stamp = options.timestamps === true && isNew ? [Buffer.from(`${entry.timestamp} `)] : [];
    yield Buffer.concat([...stamp, entry.content, ...(entry.partial ? [] : [Buffer.from('\n')])]);
  }
}

function sinceTimeMs({ sinceSeconds, sinceTime }: LogOptions, nowMs: number): number {
  if (sinceTime !== undefined) return Date.parse(sinceTime);
  return sinceSeconds === undefined ? -Infinity : nowMs - sinceSeconds * 1000;
}

async function* readEntries(
  path: string,
  options: LogOptions & { readonly clock: Clock; readonly isOver: () => boolean },
): AsyncGenerator<LogEntry> {
  const { signal, clock, follow = false } = options;
  let file = await open(path, 'r');
  const wakeup = createWakeup(clock);
  // the folder, because the log may be put aside and begun anew
  const watcher = follow ? watch(dirname(path), () => wakeup.wake()) : undefined;
  watcher?.on('error', () => undefined);
  try {
    let position = await tailPosition(path, options.tailLines);
    let rest = Buffer.alloc(0);
    let putAside = false;
    for (;;) {
      const wasOver = options.isOver();
      for (;;) {
        const { bytesRead, buffer } = await file.read(Buffer.alloc(CHUNK), 0, CHUNK, position);
        if (bytesRead === 0) break;
        position += bytesRead;
        rest = Buffer.concat([rest, buffer.subarray(0, bytesRead)]);
        let start = 0;
        for (let end = rest.indexOf(NEWLINE); end !== -1; end = rest.indexOf(NEWLINE, start)) {
          const entry = parseLogEntry(rest.subarray(start, end));
          start = end + 1;
          if (entry !== undefined) yield entry;
        }
        rest = rest.subarray(start);
      }
      // It was put aside before this pass over it: now it has been read to its end.
      if (putAside) {
        await file.close();
        file = await open(path, 'r');
        position = 0;
      }
      const wasPutAside = putAside;
      putAside = follow && (await isPutAside(path, file));
      if (putAside || wasPutAside) continue;
      // What was written before the end was seen has been read by now.
      if (!follow || wasOver || signal.aborted) return;
      await wakeup.wait(clock.now() + POLL_MS, signal);
    }
  } finally {
    watcher?.close();
    await file.close();
  }
}

/** Whether another file stands where this one was opened; nobody writes to this one any more then. */
async function isPutAside(path: string, file: FileHandle): Promise<boolean> {
  const [now, then] = await Promise.all([stat(path).catch(() => undefined), file.stat()]);
  return now !== undefined && now.ino !== then.ino;
}

/** Where the last `lines` lines begin. A line is one or more entries: partial ones and the one that ends them. */
async function tailPosition(path: string, lines: number | undefined): Promise<number> {
  if (lines === undefined || lines < 0) return 0;
  const { size } = await stat(path);
  if (lines === 0) return size;
  const file = await open(path, 'r');
  try {
    const starts: number[] = [];
    let position = 0;
    let atLineStart = true;
    let rest = Buffer.alloc(0);
    for (let offset = 0; offset < size;) {
      const { bytesRead, buffer } = await file.read(Buffer.alloc(CHUNK), 0, CHUNK, offset);
      if (bytesRead === 0) break;
      offset += bytesRead;
      rest = Buffer.concat([rest, buffer.subarray(0, bytesRead)]);
      let start = 0;
      for (let end = rest.indexOf(NEWLINE); end !== -1; end = rest.indexOf(NEWLINE, start)) {
        if (atLineStart) starts.push(position);
        if (starts.length > lines) starts.shift();
        atLineStart = parseLogEntry(rest.subarray(start, end))?.partial !== true;
        position += end + 1 - start;
        start = end + 1;
      }
      rest = rest.subarray(start);
    }
    return starts[0] ?? 0;
  } finally {
    await file.close();
  }
}

async function* limitBytes(source: AsyncIterable<Buffer>, limit: number | undefined): AsyncGenerator<Buffer> {
  let left = limit ?? Infinity;
  for await (const chunk of source) {
    yield chunk.length > left ? chunk.subarray(0, left) : chunk;
    left -= chunk.length;
    if (left <= 0) return;
  }
}
