import { abortReason, onAbort, type Clock } from '#base';

/** The machine's time, moved on by what a person asked for. It never goes back. */
export interface LabClock extends Clock {
  /** How far it is ahead of the machine's time, milliseconds. */
  readonly offsetMs: number;
  /**
   * Moves on by `ms`. Sleepers whose time has come wake at once, in the order of their deadlines; to them it is as if the
   * machine had been suspended for that long.
   */
  advance(ms: number): void;
  /** Resolves when no work of {@link beginWork} is under way, at the latest after `withinMs` of the machine's time. */
  idle(withinMs: number): Promise<void>;
}

interface Sleeper {
  readonly dueMs: number;
  /** Aborted when the wait on the machine's clock is over or is to be another one. */
  timer: AbortController;
  readonly wake: () => void;
}

/** What only the functions of this file know of a lab's clock. */
interface Inside {
  readonly machine: Clock;
  begin(): Disposable;
}

const insides = new WeakMap<Clock, Inside>();

/**
 * The clock of the machine beneath a lab's clock; any other clock is its own. For what the clocks of programs outside the
 * lab judge, which do not move: certificates, assertions that a client signed by itself, the limits of input and output
 * that is under way.
 */
export function machineTime(clock: Clock): Clock {
  return insides.get(clock)?.machine ?? clock;
}

/**
 * Says that something is under way that an advance would harm, until it is disposed: a call of another process, say,
 * whose time limits an advance would end. An advance waits a moment for it. Does nothing to a clock that is no lab's.
 */
export function beginWork(clock: Clock): Disposable {
  return insides.get(clock)?.begin() ?? { [Symbol.dispose]: () => undefined };
}

/** A {@link LabClock} over `machine` that is `offsetMs` ahead. */
export function createLabClock({
  machine,
  offsetMs: startOffsetMs,
}: {
  readonly machine: Clock;
  readonly offsetMs: number;
}): LabClock {
  let offsetMs = startOffsetMs;
  const sleepers = new Set<Sleeper>();
  const monotonic = () => machine.monotonic() + offsetMs;

  const arm = (sleeper: Sleeper) => {
    const timer = new AbortController();
    sleeper.timer = timer;
    machine.sleep(Math.max(0, sleeper.dueMs - monotonic()), { signal: timer.signal }).then(
      () => sleeper.wake(),
      () => undefined,
    );
  };

  let underWay = 0;
  let onIdle: () => void = () => undefined;
  const begin = (): Disposable => {
    underWay += 1;
    let ended = false;
    return {
      [Symbol.dispose]: () => {
        if (ended) return;
        ended = true;
        underWay -= 1;
        if (underWay === 0) onIdle();
      },
    };
  };

  const clock: LabClock = {
    get offsetMs() {
      return offsetMs;
    },
    now: () => machine.now() + offsetMs,
    monotonic,
    sleep: (ms, { signal } = {}) =>
      new Promise((resolve, reject) => {
        if (signal?.aborted) {
          reject(abortReason(signal));
          return;
        }
        const end = () => {
          sleepers.delete(sleeper);
          sleeper.timer.abort();
          stopListening?.();
        };
        const sleeper: Sleeper = {
          dueMs: monotonic() + ms,
          timer: new AbortController(),
          wake: () => {
            end();
            resolve();
          },
        };
        const stopListening =
          signal &&
          onAbort(signal, () => {
            end();
            reject(abortReason(signal));
          });
        sleepers.add(sleeper);
        arm(sleeper);
      }),
    advance: (ms) => {
      if (!(ms >= 0)) throw new RangeError(`the lab's clock moves forward only, not by ${ms} ms`);
      offsetMs += ms;
      for (const sleeper of [...sleepers].sort((a, b) => a.dueMs - b.dueMs)) {
        sleeper.timer.abort();
        if (sleeper.dueMs <= monotonic()) sleeper.wake();
        else arm(sleeper);
      }
    },
    idle: async (withinMs) => {
      if (underWay === 0) return;
      const waiting = new AbortController();
      onIdle = () => waiting.abort();
      await machine.sleep(withinMs, { signal: waiting.signal }).catch(() => undefined);
    },
  };
  insides.set(clock, { machine, begin });
  return clock;
}
