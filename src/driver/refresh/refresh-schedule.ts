import { backoffMs, type Clock, type Random } from '#base';

/**
 * When each volume is due for a check, by a clock that never jumps. No I/O: who looks and who checks are others.
 *
 * Volumes with the same interval are due together, in ticks, so that pods that share an identity share its exchange and
 * its reads (the broker's freshness window is longer than a tick takes). The first tick comes after half an interval to a
 * whole one, at random, and each next one up to a twentieth earlier than an interval after the one before: nodes that
 * began at the same moment drift apart and do not strike a vault together, and no volume waits longer than its interval.
 */
export interface RefreshSchedule {
  /** False: a volume that has its files is never checked again. */
  readonly enabled: boolean;
  /**
   * Enters a volume that had its files before this process began, or that an earlier call entered already (then it does
   * nothing). `ageMs`: how long ago its last check was; undefined: not known, so it is due.
   */
  enter(targetPath: string, last: { readonly ageMs: number | undefined; readonly intervalMs?: number }): void;
  /** A check that began at `startedAtMs` succeeded, with or without a change: the next one is due with the next tick. */
  checked(targetPath: string, check: { readonly startedAtMs: number; readonly intervalMs?: number | undefined }): void;
  /** The interval of a volume is another one from now on. */
  changeInterval(targetPath: string, intervalMs: number | undefined): void;
  /** A check failed: the next one is due after a growing pause. */
  failed(targetPath: string): void;
  /** Something changed that this volume has to follow: it is due `afterMs` from now at the latest, however short ago it was checked. */
  want(targetPath: string, afterMs?: number): void;
  /** Answers when the volume came due, if it is; a volume that nobody entered is. */
  due(targetPath: string): DueCheck | undefined;
  /** When a volume comes due or came due; undefined where nobody entered it. */
  dueAtMs(targetPath: string): number | undefined;
  forget(targetPath: string): void;
}

/** A check that is due. */
export interface DueCheck {
  /** From when on the vault must have been asked for its answer to count, {@link Clock.monotonic} milliseconds. */
  readonly freshSinceMs: number;
}

/** What {@link createRefreshSchedule} needs. */
export interface RefreshScheduleOptions {
  readonly enabled: boolean;
  /** `--rotation-poll-interval`: the time between two checks of a volume whose class names none. */
  readonly intervalMs: number;
  readonly clock: Pick<Clock, 'monotonic'>;
  readonly random: Random;
}

interface Volume {
  intervalMs: number;
  dueMs: number;
  /** What the check has to be as new as; stays while checks fail, so that those who try again share their requests. */
  freshSinceMs: number;
  failures: number;
}

/** A shorter interval, and 0, count as this; with 0 a volume is due whenever somebody looks, besides. */
const MIN_INTERVAL_MS = 1000;
/** How much shorter than the interval the time between two ticks may be. */
const TICK_JITTER = 0.05;
const MANY_INTERVALS = 64;
const FAILURE_BACKOFF = { initialMs: 30_000, maxMs: 600_000, jitter: 0.2 };

/** An empty {@link RefreshSchedule}. */
export function createRefreshSchedule(options: RefreshScheduleOptions): RefreshSchedule {
  const { enabled, intervalMs: defaultMs, clock, random } = options;
  const startMs = clock.monotonic();
  const volumes = new Map<string, Volume>();
  /** The next tick of each interval; that of one which no volume has any more is over some time, and then goes. */
  const ticks = new Map<number, number>();

  /** The next tick after now; the first one, and the first after a long sleep of the machine, are drawn anew. */
  const nextTickMs = (intervalMs: number, nowMs: number): number => {
    const known = ticks.get(intervalMs);
    if (known !== undefined && known > nowMs) return known;
    const gapMs = intervalMs * (1 - TICK_JITTER * random.fraction());
    const next =
      known !== undefined && known + gapMs > nowMs
        ? known + gapMs
        : nowMs + intervalMs * (0.5 + 0.5 * random.fraction());
    if (ticks.size > MANY_INTERVALS) {
      for (const [other, tickMs] of ticks) if (tickMs <= nowMs) ticks.delete(other);
    }
    ticks.set(intervalMs, next);
    return next;
  };

  const put = (targetPath: string, intervalMs: number, dueMs: number) => {
    volumes.set(targetPath, { intervalMs, dueMs, freshSinceMs: dueMs, failures: 0 });
  };

  return {
    enabled,
    enter(targetPath, { ageMs, intervalMs = defaultMs }) {
      if (volumes.has(targetPath)) return;
      const nowMs = clock.monotonic();
      const everyMs = Math.max(intervalMs, MIN_INTERVAL_MS);
      if (ageMs === undefined || ageMs < 0 || ageMs >= everyMs) {
        // As new as this process, not as this call: kubelet brings such volumes one by one, and they share requests.
        volumes.set(targetPath, { intervalMs: everyMs, dueMs: nowMs, freshSinceMs: startMs, failures: 0 });
        return;
      }
      // The ticks go on as if the process had never ended: the first volume brings the old one's time.
      const latestMs = nowMs - ageMs + everyMs;
      if (!ticks.has(everyMs)) ticks.set(everyMs, latestMs);
      // Volumes of one old tick were checked some time after one another, and are to be due together again.
      const tickMs = nextTickMs(everyMs, nowMs);
      put(targetPath, everyMs, tickMs <= latestMs + everyMs * TICK_JITTER ? tickMs : latestMs);
    },
    checked(targetPath, { startedAtMs, intervalMs = defaultMs }) {
      const wanted = volumes.get(targetPath);
      const nowMs = clock.monotonic();
      const everyMs = Math.max(intervalMs, MIN_INTERVAL_MS);
      // Wanted again while the check was under way: it may have missed what it was wanted for.
      if (wanted !== undefined && wanted.freshSinceMs > startedAtMs && wanted.freshSinceMs <= nowMs) {
        wanted.failures = 0;
        return;
      }
      put(targetPath, everyMs, nextTickMs(everyMs, nowMs));
    },
    changeInterval(targetPath, intervalMs = defaultMs) {
      const volume = volumes.get(targetPath);
      const everyMs = Math.max(intervalMs, MIN_INTERVAL_MS);
      if (volume === undefined || volume.intervalMs === everyMs) return;
      const nowMs = clock.monotonic();
      if (volume.failures === 0 && volume.dueMs > nowMs) put(targetPath, everyMs, nextTickMs(everyMs, nowMs));
      else volume.intervalMs = everyMs;
    },
    failed(targetPath) {
      const volume = volumes.get(targetPath);
      const nowMs = clock.monotonic();
      const { intervalMs = Math.max(defaultMs, MIN_INTERVAL_MS), freshSinceMs = nowMs } = volume ?? {};
      const failures = (volume?.failures ?? 0) + 1;
      const pauseMs = Math.min(intervalMs, backoffMs(FAILURE_BACKOFF, failures, random));
      // Not newer than now, where somebody checked before it was due: the next check could not be so new.
      volumes.set(targetPath, {
        intervalMs,
        dueMs: nowMs + pauseMs,
        freshSinceMs: Math.min(freshSinceMs, nowMs),
        failures,
      });
    },
    want(targetPath, afterMs = 0) {
      const volume = volumes.get(targetPath);
      if (volume === undefined) return;
      const nowMs = clock.monotonic();
      volume.dueMs = Math.min(volume.dueMs, nowMs + afterMs);
      volume.freshSinceMs = nowMs;
    },
    due(targetPath) {
      const volume = volumes.get(targetPath);
      const nowMs = clock.monotonic();
      if (volume === undefined) return { freshSinceMs: startMs };
      if (volume.dueMs <= nowMs) return { freshSinceMs: volume.freshSinceMs };
      const atEachLook = defaultMs === 0 && volume.intervalMs === MIN_INTERVAL_MS && volume.failures === 0;
      return atEachLook ? { freshSinceMs: nowMs } : undefined;
    },
    dueAtMs: (targetPath) => volumes.get(targetPath)?.dueMs,
    forget: (targetPath) => {
      volumes.delete(targetPath);
    },
  };
}
