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
      const timer = setTimeout(() => {
        stopListening?.();
        resolve();
      }, ms);
      const stopListening =
        signal &&
        onAbort(signal, () => {
          clearTimeout(timer);
          reject(abortReason(signal));
        });
    }),
};
