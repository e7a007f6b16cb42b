import { linkSignals, type Clock } from '#base';

/** Lets one loop sleep until a time or until something happened. A call while nobody sleeps is not lost. */
export interface Wakeup {
  wake(): void;
  /** Resolves at `atMs`, at {@link wake}, or when the signal aborts, whichever is first. */
  wait(atMs: number, signal: AbortSignal): Promise<void>;
}

/** A {@link Wakeup} that nobody has woken. */
export function createWakeup(clock: Clock): Wakeup {
  let pending = false;
  let stop: (() => void) | undefined;
  return {
    wake: () => {
      pending = true;
      stop?.();
    },
    wait: async (atMs, signal) => {
      if (!pending) {
        const linked = linkSignals(signal);
        stop = () => linked.abort();
        await clock
          .sleep(Math.max(0, Math.min(atMs - clock.now(), 2 ** 31 - 1)), { signal: linked.signal })
          .catch(() => undefined);
        stop = undefined;
        linked[Symbol.dispose]();
      }
      pending = false;
    },
  };
}
