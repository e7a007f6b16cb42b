import { writeSync } from 'node:fs';
import type { Clock } from '#base';

/** What a {@link createLogStream} stands on; handed in by tests. */
export interface LogStreamOptions {
  readonly clock: Pick<Clock, 'now'>;
  /** Writes some of the bytes and answers how many; throws as `fs.writeSync` does. Default: to stderr. */
  readonly write?: (bytes: Uint8Array) => number;
  /** Holds the thread. */
  readonly pause?: (ms: number) => void;
}

const STDERR = 2;
const BUSY_PAUSE_MS = 10;
/** One second: a reader that is slower than that loses lines, and holds up nobody. */
const BUSY_TRIES = 100;
const WARN = 40;

/**
 * Where pino writes its lines. A line that cannot be written, because the disk is full or the reader has gone, is lost and
 * counted, and the process goes on; the next that can be written is preceded by a line that says how many were lost. (pino's
 * own destination ends the process then, and stands still for ever on its way out: sonic-boom tries to flush without end.)
 */
export function createLogStream({ clock, write = writeStderr, pause = hold }: LogStreamOptions): {
  write(line: string): void;
} {
  let lost = 0;
  let torn = false;

  /** Whether all of the text was written. */
  const put = (text: string): boolean => {
    let rest: Uint8Array = Buffer.from(text);
    // Who has lost lines already waits no more for a slow reader.
    let tries = lost > 0 ? 0 : BUSY_TRIES;
    while (rest.length > 0) {
      try {
        rest = rest.subarray(write(rest));
        torn = rest.length > 0;
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EAGAIN' || tries === 0) return false;
        tries -= 1;
        pause(BUSY_PAUSE_MS);
      }
    }
    return true;
  };
  const putNote = (): boolean => {
    const time = new Date(clock.now()).toISOString();
    return put(`${JSON.stringify({ level: WARN, time, lost, msg: 'Log lines could not be written' })}\n`);
  };

  return {
    write(line) {
      const written = (!torn || put('\n')) && (lost === 0 || putNote());
      if (written) lost = 0;
      if (!written || !put(line)) lost += 1;
    },
  };
}

function writeStderr(bytes: Uint8Array): number {
  return writeSync(STDERR, bytes);
}

function hold(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}
