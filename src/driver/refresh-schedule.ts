import { backoffMs, type Clock, type Random } from '#base';

/** When each volume is due for a check, by a clock that never jumps. It is kept in memory: after a restart all are due. */
export interface RefreshSchedule {
  /** False: a volume that has its files is never checked again. */
  readonly enabled: boolean;
  /** Undefined when nothing is known: due. */
  nextCheckMs(targetPath: string): number | undefined;
  /** A check succeeded, with or without a change: the next one is due after the interval. */
  checked(targetPath: string): void;
  /** A check failed: the next one is due after a growing pause. */
  failed(targetPath: string): void;
  forget(targetPath: string): void;
}

/** What {@link createRefreshSchedule} needs. */
export interface RefreshScheduleOptions {
  readonly enabled: boolean;
  /** `--rotation-poll-interval`: what a volume holds is at least this old before it is asked for again. */
  readonly intervalMs: number;
  readonly clock: Clock;
  readonly random: Random;
}

// Kubelet comes about every 60 to 85 s; the first retry is its next visit, the last pause ten minutes.
const FAILURE_BACKOFF = { initialMs: 30_000, maxMs: 600_000, jitter: 0.2 };

/** An empty {@link RefreshSchedule}. */
export function createRefreshSchedule({ enabled, intervalMs, clock, random }: RefreshScheduleOptions): RefreshSchedule {
  const volumes = new Map<string, { readonly nextCheckMs: number; readonly failures: number }>();
  return {
    enabled,
    nextCheckMs: (targetPath) => volumes.get(targetPath)?.nextCheckMs,
    checked: (targetPath) => {
      volumes.set(targetPath, { nextCheckMs: clock.monotonic() + intervalMs, failures: 0 });
    },
    failed: (targetPath) => {
      const failures = (volumes.get(targetPath)?.failures ?? 0) + 1;
      const pauseMs = Math.min(intervalMs, backoffMs(FAILURE_BACKOFF, failures, random));
      volumes.set(targetPath, { nextCheckMs: clock.monotonic() + pauseMs, failures });
    },
    forget: (targetPath) => {
      volumes.delete(targetPath);
    },
  };
}
