import { pathToFileURL } from 'node:url';
import type { Clock } from '#base';
import { createClockFile, readClockFile, writeWanted } from './clock-file.ts';

/** Names the clock file to {@link followClock} in a process that is to live in the lab's time. */
export const CLOCK_FILE_VARIABLE = 'KEYFERRY_LAB_CLOCK';

/** How a process of Node's is brought into the lab's time, without knowing of it. */
export interface ProcessClockOptions {
  /** Where its clock file is. */
  readonly path: string;
  /** The built module that calls {@link followClock}. */
  readonly preload: string;
  /** Where the process finds the two, when it has another root. */
  readonly seen?: { readonly path: string; readonly preload: string } | undefined;
  readonly machine: Clock;
}

/** The lab's side of the clock of one process. */
export interface ProcessClock {
  /** What its environment needs besides. */
  readonly env: Readonly<Record<string, string>>;
  /** To be called before each start of the process: how far ahead it begins. */
  begin(offsetMs: number): void;
  /** Moves it on; answers whether it has taken that over, at the latest after `withinMs`. */
  follow(offsetMs: number, withinMs: number): Promise<boolean>;
}

const LOOK_MS = 5;

/** The clock of a process that is yet to start. */
export function createProcessClock({ path, preload, seen, machine }: ProcessClockOptions): ProcessClock {
  const inside = seen ?? { path, preload };
  return {
    env: { NODE_OPTIONS: `--import=${pathToFileURL(inside.preload).href}`, [CLOCK_FILE_VARIABLE]: inside.path },
    begin: (offsetMs) => createClockFile(path, offsetMs),
    follow: async (offsetMs, withinMs) => {
      writeWanted(path, offsetMs);
      const untilMs = machine.monotonic() + withinMs;
      while ((readClockFile(path)?.takenMs ?? -1) < offsetMs) {
        if (machine.monotonic() >= untilMs) return false;
        await machine.sleep(LOOK_MS);
      }
      return true;
    },
  };
}
