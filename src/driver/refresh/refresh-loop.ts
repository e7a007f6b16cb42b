import { errorText, KeyferryError, linkSignals, type Clock, type LinkedSignal, type Log } from '#base';
import type { Refresher } from './refresher.ts';

/** What {@link startRefreshLoop} needs. */
export interface RefreshLoopOptions {
  readonly refresher: Pick<Refresher, 'refreshable' | 'onChange'>;
  /** Checks one volume if it is still due; a failure that concerns the volume is told by it, not thrown. */
  readonly refresh: (targetPath: string, signal: AbortSignal) => Promise<void>;
  readonly clock: Clock;
  readonly log: Log;
  /** Checks that are under way at the same time. Default 16. */
  readonly maxConcurrent?: number;
}

/** The driver's own refreshing. Disposing it ends the checks under way. */
export interface RefreshLoop extends AsyncDisposable {
  /** Ends the check of a volume that is under way: somebody waits for the volume. */
  cancel(targetPath: string): void;
  /** Ends the checks under way and begins no other: another driver has taken this one's place. False: it did so before. */
  retire(): boolean;
  /** Resolves when no check is under way. */
  idle(): Promise<void>;
}

/** A machine that wakes up from a sleep, or a clock that is moved: nobody waits longer than this without a look. */
const LONGEST_SLEEP_MS = 3_600_000;

/** Starts the loop: sleeps until a volume comes due, and checks all that are, those first that wait longest. */
export function startRefreshLoop(options: RefreshLoopOptions): RefreshLoop {
  const { refresher, refresh, clock, log, maxConcurrent = 16 } = options;
  const stop = new AbortController();
  const running = new Map<string, { readonly stop: LinkedSignal; readonly done: Promise<void> }>();
  let timer: { readonly wakeAtMs: number; readonly cancel: AbortController } | undefined;
  let looking = false;

  /** Coalesces looks: a hundred volumes that come due together are one look. */
  const lookSoon = () => {
    if (looking || stop.signal.aborted) return;
    looking = true;
    queueMicrotask(() => {
      looking = false;
      look();
    });
  };

  const look = () => {
    if (stop.signal.aborted) return;
    const nowMs = clock.monotonic();
    const waiting = [...refresher.refreshable()].filter(({ targetPath }) => !running.has(targetPath));
    const due = waiting.filter(({ dueAtMs }) => dueAtMs <= nowMs).toSorted((a, b) => a.dueAtMs - b.dueAtMs);
    for (const { targetPath } of due.slice(0, maxConcurrent - running.size)) start(targetPath);
    // Those that found no room are looked at when a check ends.
    const next = Math.min(...waiting.map(({ dueAtMs }) => dueAtMs).filter((dueAtMs) => dueAtMs > nowMs));
    sleepUntil(Math.min(next, nowMs + LONGEST_SLEEP_MS), nowMs);
  };

  const start = (targetPath: string) => {
    const linked = linkSignals(stop.signal);
    const done = refresh(targetPath, linked.signal)
      .catch((error: unknown) => {
        if (!linked.signal.aborted)
          log.error('A volume could not be looked at', { targetPath, error: errorText(error) });
      })
      .finally(() => {
        linked[Symbol.dispose]();
        running.delete(targetPath);
        lookSoon();
      });
    running.set(targetPath, { stop: linked, done });
  };

  const sleepUntil = (wakeAtMs: number, nowMs: number) => {
    if (timer?.wakeAtMs === wakeAtMs) return;
    timer?.cancel.abort();
    const mine = { wakeAtMs, cancel: new AbortController() };
    timer = mine;
    clock.sleep(wakeAtMs - nowMs, { signal: mine.cancel.signal }).then(
      () => {
        if (timer === mine) timer = undefined;
        look();
      },
      () => undefined,
    );
  };

  // Whatever comes due later than the next look is seen by it.
  refresher.onChange((dueAtMs) => {
    if (timer === undefined || dueAtMs < timer.wakeAtMs) lookSoon();
  });
  lookSoon();
  const idle = async (): Promise<void> => {
    while (running.size > 0) await Promise.all([...running.values()].map(({ done }) => done));
  };
  return {
    cancel: (targetPath) =>
      running.get(targetPath)?.stop.abort(new KeyferryError('aborted', 'the volume is unpublished')),
    retire() {
      if (stop.signal.aborted) return false;
      stop.abort(new KeyferryError('aborted', 'another driver has taken the place of this one'));
      timer?.cancel.abort();
      return true;
    },
    idle,
    async [Symbol.asyncDispose]() {
      stop.abort(new KeyferryError('aborted', 'the driver stops'));
      timer?.cancel.abort();
      await idle();
    },
  };
}
