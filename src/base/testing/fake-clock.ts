import { abortReason } from '../abort-reason.ts';
import type { Clock } from '../clock.ts';

interface Sleeper {
  readonly dueMs: number;
  readonly wake: () => void;
}

/** A clock that stands still until it is told to move. */
export interface FakeClock extends Clock {
  /** Moves time forward and wakes, in order, who is due. Lets pending promises settle between wake-ups. */
  advance(ms: number): Promise<void>;
  /** Resolves when at least `count` sleepers wait (default 1). */
  sleepers(count?: number): Promise<void>;
}

/** A {@link FakeClock} that starts at `startMs` (default 2026-01-01T00:00:00Z). */
export function createFakeClock(startMs = Date.UTC(2026, 0, 1)): FakeClock {
  let nowMs = startMs;
  const waiting = new Set<Sleeper>();
  const watchers = new Set<() => void>();
  return {
    now: () => nowMs,
    monotonic: () => nowMs,
    sleep: (ms, { signal } = {}) =>
      new Promise((resolve, reject) => {
        if (signal?.aborted) {
          reject(abortReason(signal));
          return;
        }
        const onAbort = () => {
          waiting.delete(sleeper);
          reject(abortReason(signal as AbortSignal));
        };
        const sleeper: Sleeper = {
          dueMs: nowMs + ms,
          wake: () => {
            waiting.delete(sleeper);
            signal?.removeEventListener('abort', onAbort);
            resolve();
          },
        };
        waiting.add(sleeper);
        signal?.addEventListener('abort', onAbort, { once: true });
        for (const watcher of watchers) watcher();
      }),
    async advance(ms) {
      const targetMs = nowMs + ms;
      for (;;) {
        const next = [...waiting].filter((s) => s.dueMs <= targetMs).sort((a, b) => a.dueMs - b.dueMs)[0];
        if (next === undefined) break;
        nowMs = Math.max(nowMs, next.dueMs);
        next.wake();
        await settle();
      }
      nowMs = targetMs;
      await settle();
    },
    sleepers: (count = 1) =>
      new Promise((resolve) => {
        const check = () => {
          if (waiting.size < count) return;
          watchers.delete(check);
          resolve();
        };
        watchers.add(check);
        check();
      }),
  };
}

function settle(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}
