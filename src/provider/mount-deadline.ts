import { KeyferryError, linkSignals, WORK_IS_OVER, type Clock } from '#base';

/** A mount that takes longer than this says in the log what it waits for. */
const SLOW_MS = 15_000;

/** Of one mount. */
export interface MountLimits {
  readonly clock: Clock;
  readonly timeoutMs: number;
  readonly outer: AbortSignal;
  /** What the mount waits for just now. */
  readonly waiting: () => string | undefined;
  /** Called once when it takes long. */
  readonly onSlow: () => void;
}

/** Ends the wait of one mount with `deadline-exceeded`; requests that other mounts share go on for them. */
export async function withMountDeadline<T>(
  { clock, timeoutMs, outer, waiting, onSlow }: MountLimits,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const linked = linkSignals(outer);
  const timer = new AbortController();
  const watch = async () => {
    const slowMs = Math.min(SLOW_MS, timeoutMs);
    await clock.sleep(slowMs, { signal: timer.signal });
    if (timeoutMs > slowMs) {
      onSlow();
      await clock.sleep(timeoutMs - slowMs, { signal: timer.signal });
    }
    const text = `not done within ${timeoutMs / 1000} s: still waiting for ${waiting() ?? 'the files'}`;
    linked.abort(new KeyferryError('deadline-exceeded', text));
  };
  const watching = watch().catch(() => undefined);
  try {
    return await work(linked.signal);
  } finally {
    timer.abort(WORK_IS_OVER);
    await watching;
    linked[Symbol.dispose]();
  }
}
