import { backoffMs, errorText, linkSignals, type Clock, type Log, type Random } from '#base';

/** Work that follows a publish, off its way: one task a key, the newest wins, a failure is tried again. */
export interface BackgroundQueue extends AsyncDisposable {
  /**
   * Runs `task` soon, in place of one of the same key that has not begun or that failed. One under way is not cut short,
   * but has its end first: a request that was sent and given up might be done after its successor's.
   */
  put(key: string, task: BackgroundTask, options?: { readonly afterMs?: number }): void;
  /** Forgets the key's task; one under way is aborted. */
  drop(key: string): void;
  /** Resolves when nothing is left but tasks that wait for another try, or for their time. */
  idle(): Promise<void>;
}

/** Must be safe to run again. */
export type BackgroundTask = (signal: AbortSignal) => Promise<void>;

/** What {@link createBackgroundQueue} needs. */
export interface BackgroundQueueOptions {
  /** What the tasks do, for the log. */
  readonly name: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /** The longest pause between two tries, milliseconds. Default 5 minutes. */
  readonly maxPauseMs?: number;
  /** How many tasks run at once. Default 4. */
  readonly concurrency?: number;
}

interface Entry {
  readonly task: BackgroundTask;
  readonly stop: AbortController;
  /** The one of the same key that came before, until it has ended. */
  before: Entry | undefined;
  /** Another one came after: a failure is not tried again. */
  replaced: boolean;
  running: boolean;
  /** Its end. */
  done: Promise<void>;
}

// From one second, so that a hiccup is soon over, to five minutes, upstream's pace of syncing.
const BACKOFF = { initialMs: 1000, jitter: 0.2 };
const MAX_PAUSE_MS = 300_000;
const CONCURRENCY = 4;

/** An empty queue. Disposing it lets the tasks under way end and gives up those that wait. */
export function createBackgroundQueue(options: BackgroundQueueOptions): BackgroundQueue {
  const { name, clock, random, log, maxPauseMs = MAX_PAUSE_MS, concurrency = CONCURRENCY } = options;
  const entries = new Map<string, Entry>();
  const loops = new Set<Promise<void>>();
  const waiters: (() => void)[] = [];
  const stopping = new AbortController();
  let running = 0;
  let active = 0;
  let watchers: (() => void)[] = [];

  const acquire = async (): Promise<void> => {
    if (running < concurrency) {
      running += 1;
      return;
    }
    await new Promise<void>((resolve) => waiters.push(resolve)); // its place is handed on
  };
  const release = (): void => {
    const next = waiters.shift();
    if (next === undefined) running -= 1;
    else next();
  };
  const setActive = (change: 1 | -1): void => {
    active += change;
    if (active > 0) return;
    for (const watcher of watchers.splice(0)) watcher();
  };

  const runOnce = async (entry: Entry): Promise<unknown> => {
    if (entry.before !== undefined) await entry.before.done;
    entry.before = undefined;
    await acquire();
    entry.running = true;
    try {
      if (!entry.stop.signal.aborted) await entry.task(entry.stop.signal);
      return undefined;
    } catch (error) {
      return error ?? new Error('failed');
    } finally {
      entry.running = false;
      release();
    }
  };

  const loop = async (key: string, entry: Entry, afterMs: number): Promise<void> => {
    const wait = linkSignals(entry.stop.signal, stopping.signal);
    try {
      for (let failures = 0; ;) {
        const pauseMs = failures === 0 ? afterMs : backoffMs({ ...BACKOFF, maxMs: maxPauseMs }, failures, random);
        if (pauseMs > 0) await clock.sleep(pauseMs, { signal: wait.signal });
        if (stopping.signal.aborted && failures > 0) return;
        setActive(1);
        const error = await runOnce(entry);
        setActive(-1);
        if (error === undefined || entry.replaced || entry.stop.signal.aborted) return;
        failures += 1;
        log.warn('Background work failed, it is tried again', { work: name, key, failures, error: errorText(error) });
      }
    } catch (error) {
      if (!wait.signal.aborted) throw error; // only a wait that was ended comes here
    } finally {
      wait[Symbol.dispose]();
      if (entries.get(key) === entry) entries.delete(key);
    }
  };

  return {
    put(key, task, { afterMs = 0 } = {}) {
      if (stopping.signal.aborted) return;
      const before = entries.get(key);
      if (before !== undefined) {
        before.replaced = true;
        if (!before.running) before.stop.abort();
      }
      const stop = new AbortController();
      const entry: Entry = { task, stop, before, replaced: false, running: false, done: Promise.resolve() };
      entries.set(key, entry);
      entry.done = loop(key, entry, afterMs).finally(() => loops.delete(entry.done));
      loops.add(entry.done);
    },
    drop(key) {
      for (let entry = entries.get(key); entry !== undefined; entry = entry.before) entry.stop.abort();
      entries.delete(key);
    },
    idle: () =>
      active === 0
        ? Promise.resolve()
        : new Promise((resolve) => {
            watchers.push(resolve);
          }),
    async [Symbol.asyncDispose]() {
      stopping.abort(new Error('stopping'));
      await Promise.all(loops);
    },
  };
}
