import nodeTimers from 'node:timers';
import promises from 'node:timers/promises';
import { promisify } from 'node:util';

/** What Node keeps in each of its timers; the same from Node 11 to today's. */
interface TimerInternals {
  /** When it was started, milliseconds of the event loop's own time. */
  readonly _idleStart: number;
  /** What it waits from then on, milliseconds. */
  _idleTimeout: number;
  /** It has fired for the last time, or was cleared. */
  readonly _destroyed: boolean;
}

type Timer = NodeJS.Timeout & TimerInternals;
type Callback = (...args: unknown[]) => void;

/** All pending timers of this process that its programs have set. */
export interface TimerRegistry {
  /** Lets `ms` pass for all of them: who is due fires in the next turns of the event loop, in the order of the deadlines. */
  advance(ms: number): void;
}

const SWEEP_ABOVE = 256;

/**
 * Replaces the functions that set timers (global, node:timers, node:timers/promises) by ones that set the same timers
 * and remember them. Node's own internal timers, such as those of sockets, are not among them: input and output that is
 * under way is not cut short by an advance. Nor is `AbortSignal.timeout`, for the same reason.
 */
export function registerTimers(): TimerRegistry {
  const native = { setTimeout: nodeTimers.setTimeout, setInterval: nodeTimers.setInterval };
  const pending = new Set<Timer>();
  const registered = new WeakSet<Timer>();
  // Those that an advance has set anew: Node's own fields tell the original wait, so that refresh() goes on meaning it.
  const moved = new WeakMap<Timer, { readonly startMs: number; readonly dueMs: number }>();
  let sweepAbove = SWEEP_ABOVE;

  const register = (timer: Timer): Timer => {
    registered.add(timer);
    pending.add(timer);
    if (pending.size > sweepAbove) {
      for (const each of pending) if (each._destroyed) pending.delete(each);
      sweepAbove = Math.max(SWEEP_ABOVE, 2 * pending.size);
    }
    return timer;
  };

  const replaced = {
    setTimeout: (callback: Callback, ms?: number, ...args: unknown[]) =>
      register(native.setTimeout(callback, ms, ...args) as Timer),
    setInterval: (callback: Callback, ms?: number, ...args: unknown[]) =>
      register(native.setInterval(callback, ms, ...args) as Timer),
  };
  const sample = native.setTimeout(() => undefined, 1) as Timer;
  clearTimeout(sample);
  const prototype = Object.getPrototypeOf(sample) as { refresh: () => Timer };
  const nativeRefresh = prototype.refresh;
  prototype.refresh = function refresh(this: Timer) {
    if (registered.has(this)) {
      moved.delete(this);
      pending.add(this);
    }
    return nativeRefresh.call(this);
  };

  for (const name of ['setTimeout', 'setInterval'] as const) {
    const replacement = { [name]: (...args: Parameters<typeof replaced.setTimeout>) => replaced[name](...args) }[name];
    Object.assign(globalThis, { [name]: replacement });
    Object.assign(nodeTimers, { [name]: replacement });
  }
  Object.defineProperty(globalThis.setTimeout, promisify.custom, { enumerable: true, get: () => promises.setTimeout });

  const dueMs = (timer: Timer) => {
    const again = moved.get(timer);
    return again !== undefined && again.startMs === timer._idleStart
      ? again.dueMs
      : timer._idleStart + timer._idleTimeout;
  };
  return {
    advance: (ms) => {
      const nowMs = loopTime(native.setTimeout);
      const live = [...pending].filter((timer) => !timer._destroyed);
      const due = live.map((timer) => ({ timer, leftMs: dueMs(timer) - nowMs - ms }));
      for (const { timer, leftMs } of due.sort((a, b) => a.leftMs - b.leftMs)) {
        const waitMs = timer._idleTimeout;
        timer._idleTimeout = Math.max(1, Math.trunc(leftMs));
        nativeRefresh.call(timer);
        moved.set(timer, { startMs: timer._idleStart, dueMs: timer._idleStart + timer._idleTimeout });
        timer._idleTimeout = waitMs;
      }
    },
  };
}

/** The event loop's time, which Node tells nobody but its timers. */
function loopTime(setTimeout: typeof nodeTimers.setTimeout): number {
  const probe = setTimeout(() => undefined, 1) as Timer;
  clearTimeout(probe);
  return probe._idleStart;
}
