import { join } from 'node:path';
import { createKeyedLock, KeyferryError, renderDuration, type Clock, type Log } from '#base';
import { createLabClock, createProcessClock, type LabClock, type ProcessClock } from '#lab/clock';
import type { Store } from '#lab/store';
import { packageRoot } from './package-root.ts';

/** The lab's time, as `lab clock show --output json` prints it; times are ISO 8601. */
export interface ClockReport {
  readonly labTime: string;
  readonly machineTime: string;
  /** How far the lab is ahead of the machine, milliseconds. */
  readonly offsetMs: number;
}

/** What an advance did. */
export interface ClockAdvance {
  readonly before: ClockReport;
  readonly after: ClockReport;
}

/** How one process that the lab starts lives in the lab's time. */
export interface ProcessTime extends Disposable {
  /** What its environment needs besides. */
  readonly env: Readonly<Record<string, string>>;
  /** To be called before each of its starts. */
  begin(): void;
}

/** Keeps the lab's time: over restarts, and for all who live in it. */
export interface Timekeeper {
  readonly clock: LabClock;
  report(): ClockReport;
  /**
   * Moves the lab's time on. Answers when the processes of the lab have followed, or do not answer. Throws
   * `invalid-input` for less than no time, and for more than a century in all.
   */
  advance(ms: number): Promise<ClockAdvance>;
  /** Brings a process into the lab's time; `path` is for its clock file. A process with a root of its own sees it elsewhere. */
  timeFor(path: string, seen?: { readonly path: string; readonly preload: string }): ProcessTime;
}

/** What a timekeeper is made of. */
export interface TimekeeperOptions {
  /** Where the offset is kept: a lab that starts again does not go back in time. */
  readonly store: Store;
  readonly machine: Clock;
  readonly log: Log;
  /** What else has to follow, at the end of an advance. */
  readonly afterAdvance?: ((nowMs: number) => Promise<void>) | undefined;
}

const KEY = 'clock';
const MOST_MS = 36_500 * 86_400_000;
/** A process that takes longer is starting, stopped or hanging; it follows when it can. */
const FOLLOWED_WITHIN_MS = 3000;
/** What is under way longer than this does not end soon. */
const SETTLED_WITHIN_MS = 1000;

/** The timekeeper of a lab, at the time that the last one has left. */
export function openTimekeeper({ store, machine, log, afterAdvance }: TimekeeperOptions): Timekeeper {
  const kept = store.get(KEY);
  const clock = createLabClock({ machine, offsetMs: typeof kept === 'number' ? kept : 0 });
  // Ahead of the clock itself for as long as an advance takes.
  let aheadMs = clock.offsetMs;
  const turns = createKeyedLock();
  const followers = new Map<string, ProcessClock>();

  const report = (): ClockReport => {
    const machineMs = machine.now();
    const { offsetMs } = clock;
    return { labTime: isoTime(machineMs + offsetMs), machineTime: isoTime(machineMs), offsetMs };
  };
  const tell = async (path: string, follower: ProcessClock) => {
    const followed = await follower.follow(aheadMs, FOLLOWED_WITHIN_MS).catch(() => false);
    if (!followed && followers.has(path)) log.warn('A process did not follow the clock in time', { clockFile: path });
  };
  const advance = async (ms: number): Promise<ClockAdvance> => {
    if (!Number.isSafeInteger(ms) || ms < 0 || clock.offsetMs + ms > MOST_MS) {
      throw new KeyferryError('invalid-input', `the lab's clock cannot be moved on by ${ms} ms`, {
        hint: `It goes forward only, and at most ${renderDuration(MOST_MS)} ahead of the machine's time.`,
      });
    }
    await clock.idle(SETTLED_WITHIN_MS);
    const before = report();
    // First of all it is kept: whatever ends now, nobody goes back in time.
    store.put(KEY, clock.offsetMs + ms);
    aheadMs = clock.offsetMs + ms;
    // The processes before the lab itself: what it asks of them at the new time must meet them there.
    await Promise.all([...followers].map(([path, follower]) => tell(path, follower)));
    clock.advance(ms);
    await afterAdvance?.(clock.now());
    log.info('The clock was moved on', { byMs: ms, labTime: report().labTime });
    return { before, after: report() };
  };
  return {
    clock,
    report,
    advance: (ms) => turns.run(KEY, () => advance(ms)),
    timeFor: (path, seen) => {
      const preload = join(packageRoot(), 'dist', 'lab-clock.js');
      const follower = createProcessClock({ path, preload, seen, machine });
      return {
        env: follower.env,
        begin: () => {
          follower.begin(aheadMs);
          followers.set(path, follower);
        },
        [Symbol.dispose]: () => followers.delete(path),
      };
    },
  };
}

/** The lab's time for a person. */
export function renderClock({ labTime, offsetMs }: ClockReport): string {
  return `${labTime}, ${offsetMs === 0 ? "this machine's time" : `${renderDuration(offsetMs)} ahead of this machine`}`;
}

function isoTime(ms: number): string {
  return new Date(ms).toISOString();
}
