import { abortReason } from './abort-reason.ts';
import { onAbort } from './on-abort.ts';

/** Options of a wait. */
export interface WaitOptions {
  readonly signal?: AbortSignal | undefined;
}

/** The only source of time. Handed in; nobody else reads the time or sets a timer. */
export interface Clock {
  /** Wall clock, milliseconds since the Unix epoch. */
  now(): number;
  /** Milliseconds of a clock that never jumps; its zero has no meaning. */
  monotonic(): number;
  /** Resolves after `ms` milliseconds; rejects with the signal's reason when it aborts first. */
  sleep(ms: number, options?: WaitOptions): Promise<void>;
}

/** What a timer of Node can wait, some 24 days: one that is set for longer fires at once. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** The machine's own clock. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  sleep: (ms, { signal } = {}) =>
    new Promise((resolve, reject) => {
      if (signal?.aborted) {
        reject(abortReason(signal));
        return;
      }
      let timer: ReturnType<typeof setTimeout>;
      const wait = (leftMs: number) => {
        const stepMs = Math.min(leftMs, LONGEST_TIMER_MS);
        timer = setTimeout(() => {
          if (leftMs > stepMs) {
            wait(leftMs - stepMs);
            return;
          }
          stopListening?.();
          resolve();
        }, stepMs);
      };
      wait(ms);
      const stopListening =
        signal &&
        onAbort(signal, () => {
          clearTimeout(timer);
          reject(abortReason(signal));
        });
    }),
};
