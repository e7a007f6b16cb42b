import { closeSync, openSync, readSync, writeFileSync, writeSync } from 'node:fs';

// Two numbers of the same width, each written in place by one call: nobody reads half of one, and a file that is
// bind-mounted into a container stays the same file.
const DIGITS = 16;
const WANTED_AT = 0;
const TAKEN_AT = DIGITS + 1;

/**
 * The file by which one process follows the lab's clock: how far ahead of the machine's time it is to be (`wanted`, the
 * lab's to write), and how far it is (`taken`, the process's to write), both in milliseconds.
 */
export interface ClockFileContent {
  readonly wantedMs: number;
  /** Undefined until the process has read the file for the first time. */
  readonly takenMs: number | undefined;
}

/** Writes the file for a process that is yet to start. */
export function createClockFile(path: string, wantedMs: number): void {
  writeFileSync(path, `${field(wantedMs)}\n${' '.repeat(DIGITS)}\n`, { mode: 0o600 });
}

/** Reads the file; undefined when it is not a clock file. Throws when it cannot be read. */
export function readClockFile(path: string): ClockFileContent | undefined {
  const buffer = Buffer.alloc(2 * (DIGITS + 1));
  const descriptor = openSync(path, 'r');
  try {
    readSync(descriptor, buffer, 0, buffer.length, 0);
  } finally {
    closeSync(descriptor);
  }
  const found = /^(\d{16})\n(\d{16}| {16})\n$/.exec(buffer.toString('latin1'));
  if (found === null) return undefined;
  const [, wanted = '', taken = ''] = found;
  return { wantedMs: Number(wanted), takenMs: taken.trim() === '' ? undefined : Number(taken) };
}

/** The lab's part: how far ahead the process is to be. */
export function writeWanted(path: string, wantedMs: number): void {
  writeAt(path, WANTED_AT, wantedMs);
}

/** The process's part: how far ahead it is now. */
export function writeTaken(path: string, takenMs: number): void {
  writeAt(path, TAKEN_AT, takenMs);
}

function writeAt(path: string, position: number, ms: number): void {
  const descriptor = openSync(path, 'r+');
  try {
    writeSync(descriptor, field(ms), position);
  } finally {
    closeSync(descriptor);
  }
}

function field(ms: number): string {
  return String(Math.trunc(ms)).padStart(DIGITS, '0');
}
