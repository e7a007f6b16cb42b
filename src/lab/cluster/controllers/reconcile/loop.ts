import { backoffMs, errorText, type Clock, type Log, type Random } from '#base';
import { isConflict } from './api-errors.ts';

/** What a reconciliation asks for when it is done; nothing means: only when the key is named again. */
export interface ReconcileResult {
  /** Look at the key again after this many milliseconds. */
  readonly againAfterMs?: number | undefined;
}

/**
 * Brings the world of one key towards what is wanted. It gets a key and no event, reads the present state itself, and
 * does nothing when nothing is to be done: events may be merged, repeated, or missed during a restart. A throw is
 * retried with growing pauses.
 */
export type Reconcile = (key: string, signal: AbortSignal) => Promise<ReconcileResult | undefined>;

/** What a {@link ReconcileLoop} is made of. */
export interface ReconcileLoopOptions {
  /** Names the loop in the log, such as `replicaset`. */
  readonly name: string;
  readonly reconcile: Reconcile;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /** How many keys are worked on at once; one key never twice at once. Default 4. */
  readonly workers?: number;
}

/** A queue of keys and the workers that reconcile them. Disposing it aborts the running calls and waits for them. */
export interface ReconcileLoop extends AsyncDisposable {
  /** Asks for a reconciliation. A key that waits already is not added again; one that is being worked on runs once more. */
  enqueue(key: string): void;
  /** The same after `delayMs`; of several delays for a key the earliest counts. */
  enqueueAfter(key: string, delayMs: number): void;
}

// The pauses of client-go's default controller rate limiter, with a ceiling that suits a person who waits.
const RETRY = { initialMs: 5, maxMs: 30_000, factor: 2, jitter: 0.1 };

/** Starts a {@link ReconcileLoop}; it is idle until a key is named. */
export function startReconcileLoop(options: ReconcileLoopOptions): ReconcileLoop {
  const { name, reconcile, clock, random, log, workers = 4 } = options;
  const stop = new AbortController();
  const waiting = new Set<string>();
  const running = new Set<string>();
  const failures = new Map<string, number>();
  const delayed = new Map<string, { readonly dueMs: number; readonly timer: AbortController }>();
  const background = new Set<Promise<void>>();

  const own = (task: Promise<void>) => {
    const kept: Promise<void> = task.finally(() => background.delete(kept));
    background.add(kept);
  };

  const pump = () => {
    for (const key of waiting) {
      if (running.size >= workers || stop.signal.aborted) return;
      if (running.has(key)) continue;
      waiting.delete(key);
      running.add(key);
      own(work(key));
    }
  };

  const work = async (key: string): Promise<void> => {
    try {
      const result = await reconcile(key, stop.signal);
      failures.delete(key);
      if (result?.againAfterMs !== undefined) enqueueAfter(key, result.againAfterMs);
    } catch (error) {
      if (stop.signal.aborted) return;
      const count = (failures.get(key) ?? 0) + 1;
      failures.set(key, count);
      const fields = { controller: name, key, failures: count, error: errorText(error) };
      if (isConflict(error)) log.debug('Reconciliation met a newer object, it is retried', fields);
      else log.warn('Reconciliation failed, it is retried', fields);
      enqueueAfter(key, backoffMs(RETRY, count, random));
    } finally {
      running.delete(key);
      pump();
    }
  };

  const enqueue = (key: string) => {
    if (stop.signal.aborted) return;
    waiting.add(key);
    pump();
  };

  const enqueueAfter = (key: string, delayMs: number) => {
    if (stop.signal.aborted) return;
    const dueMs = clock.monotonic() + delayMs;
    const present = delayed.get(key);
    if (present !== undefined) {
      if (present.dueMs <= dueMs) return;
      present.timer.abort();
    }
    const timer = new AbortController();
    const entry = { dueMs, timer };
    delayed.set(key, entry);
    own(
      clock.sleep(delayMs, { signal: timer.signal }).then(
        () => {
          if (delayed.get(key) === entry) delayed.delete(key);
          enqueue(key);
        },
        () => undefined,
      ),
    );
  };

  return {
    enqueue,
    enqueueAfter,
    async [Symbol.asyncDispose]() {
      stop.abort(new Error(`controller ${name} is stopping`));
      waiting.clear();
      for (const { timer } of delayed.values()) timer.abort();
      await Promise.all(background);
    },
  };
}
