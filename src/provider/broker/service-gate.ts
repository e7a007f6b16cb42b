import {
  abortReason,
  backoffMs,
  onAbort,
  toKeyferryError,
  withDeadline,
  type Clock,
  type KeyferryError,
  type Random,
} from '#base';
import { crowdedOut, failureOfOthers, reasonOf, tooLate } from './gate-errors.ts';

/** How a {@link ServiceGate} behaves. */
export interface ServiceGateOptions {
  readonly clock: Clock;
  readonly random: Random;
  /** How many requests one service gets at the same time. Default 16. */
  readonly maxConcurrent?: number;
  /** Told when a service is left alone for a while, and why. */
  readonly onPause?: (service: string, reason: 'throttled' | 'unreachable') => void;
}

/** Limits of one call through the gate. */
export interface GateCall {
  readonly signal: AbortSignal;
  /** No try starts after this, {@link Clock.monotonic} milliseconds. */
  readonly deadlineMs: number;
}

/**
 * The one way to a service (a vault, an authority) for the whole node: a bounded number of requests at once, and one shared
 * pause when the service says 429 or 503 or does not answer, so that a node never makes an outage worse. Retry-After is
 * honoured; beside it and without it the pause grows with each failure, with jitter, up to 15 s. After the pause one request
 * goes first and finds out how the service is, on behalf of all who wait: so an outage costs a request a pause, however many
 * pods there are, and is noticed to be over within one.
 */
export interface ServiceGate {
  /**
   * Runs `task` when the service may be asked, and again while it is throttled, for as long as the deadline and the patience
   * of a call allow: a pause that ends later fails it at once, with the service's reason.
   */
  run<T>(service: string, call: GateCall, task: () => Promise<T>): Promise<T>;
  /** What a service in trouble said last; undefined for one that is well. */
  trouble(service: string): string | undefined;
}

interface ServiceState {
  readonly service: string;
  running: number;
  readonly queue: (() => void)[];
  pausedUntilMs: number;
  /** Since the service was well, counted once for all requests that were under way together. */
  failures: number;
  lastError: KeyferryError | undefined;
  /** The request that goes first after a pause; resolves to its failure, when that is the service's. */
  probe: Promise<KeyferryError | undefined> | undefined;
}

const THROTTLED = { initialMs: 1_000, maxMs: 15_000, jitter: 0.5 };
const UNREACHABLE = { initialMs: 250, maxMs: 15_000, jitter: 0.5 };
/** Tries against a service that cannot be reached; a throttled one is tried for {@link PATIENCE_MS}. */
const UNREACHABLE_TRIES = 3;
/**
 * How long one call goes along with a service's pauses, milliseconds, from the first one that it meets. A throttle of Key
 * Vault counts requests in windows of ten seconds, so most are over by then; what lasts longer has to be told, as a pod
 * that waits in silence looks like one that hangs.
 */
const PATIENCE_MS = 12_000;
const MAX_SERVICES = 1_000;

/** A gate without pauses. */
export function createServiceGate(options: ServiceGateOptions): ServiceGate {
  const { clock, random, maxConcurrent = 16, onPause } = options;
  const services = new Map<string, ServiceState>();

  const stateOf = (service: string): ServiceState => {
    const known = services.get(service);
    if (known !== undefined) return known;
    if (services.size >= MAX_SERVICES) forgetIdle(services, clock.monotonic());
    const state: ServiceState = {
      service,
      running: 0,
      queue: [],
      pausedUntilMs: 0,
      failures: 0,
      lastError: undefined,
      probe: undefined,
    };
    services.set(service, state);
    return state;
  };

  const isPaused = (state: ServiceState): boolean => state.pausedUntilMs > clock.monotonic();

  const waitForPause = async (state: ServiceState, call: Waiting): Promise<void> => {
    while (isPaused(state)) {
      const nowMs = clock.monotonic();
      call.patientUntilMs ??= Math.min(call.deadlineMs, nowMs + PATIENCE_MS);
      const leftMs = state.pausedUntilMs - nowMs;
      if (state.pausedUntilMs > call.patientUntilMs) throw tooLate(state, leftMs);
      await clock.sleep(leftMs, { signal: call.signal });
    }
  };

  /** Waits for others, until the caller's deadline. */
  const waitInLine = async <T>(
    state: ServiceState,
    { signal, deadlineMs }: GateCall,
    wait: (signal: AbortSignal) => Promise<T>,
  ): Promise<T> => {
    const timeoutMs = Math.max(0, deadlineMs - clock.monotonic());
    try {
      return await withDeadline({ clock, timeoutMs, signal, what: state.service }, wait);
    } catch (error) {
      throw signal.aborted || clock.monotonic() < deadlineMs ? error : crowdedOut(state, timeoutMs);
    }
  };

  /** Asks the service, and keeps what that tells about it. */
  const ask = async <T>(state: ServiceState, { signal }: GateCall, task: () => Promise<T>): Promise<Outcome<T>> => {
    const failuresBefore = state.failures;
    const outcome = await settle(task);
    if (outcome.ok || !isServicesFault(outcome.error)) {
      // A caller that gave up has learned nothing.
      if (!signal.aborted) Object.assign(state, { failures: 0, lastError: undefined });
    } else if (!signal.aborted) {
      const { error } = outcome;
      if (state.failures === failuresBefore) state.failures += 1;
      state.lastError = error;
      const throttled = error.code === 'resource-exhausted';
      const growth = throttled ? THROTTLED : UNREACHABLE;
      if (!isPaused(state)) onPause?.(state.service, throttled ? 'throttled' : 'unreachable');
      const pauseMs = Math.max(error.retryAfterMs ?? 0, backoffMs(growth, state.failures, random));
      state.pausedUntilMs = Math.max(state.pausedUntilMs, clock.monotonic() + pauseMs);
    }
    return outcome;
  };

  /** The same, on behalf of all who wait meanwhile. */
  const askFirst = <T>(state: ServiceState, call: GateCall, task: () => Promise<T>): Promise<Outcome<T>> => {
    const asking = ask(state, call, task);
    state.probe = asking.then((outcome) => {
      state.probe = undefined;
      if (outcome.ok || call.signal.aborted || !isServicesFault(outcome.error)) return undefined;
      return outcome.error;
    });
    return asking;
  };

  /** One try: the request itself, or the failure of the one that went first. */
  const attempt = async <T>(state: ServiceState, call: Waiting, task: () => Promise<T>): Promise<Outcome<T>> => {
    for (;;) {
      await waitForPause(state, call);
      const { probe } = state;
      if (probe !== undefined) {
        const failure = await waitInLine(state, call, (signal) => unlessAborted(probe, signal));
        if (failure !== undefined) return { ok: false, error: failureOfOthers(state, failure) };
        continue;
      }
      if (state.running < maxConcurrent) state.running += 1;
      else await waitInLine(state, call, (signal) => takeTurn(state, signal));
      try {
        // Whoever waited for a slot may find a pause that began meanwhile.
        if (state.probe !== undefined || isPaused(state)) continue;
        return await (state.failures > 0 ? askFirst(state, call, task) : ask(state, call, task));
      } finally {
        leave(state);
      }
    }
  };

  return {
    trouble(service) {
      const last = services.get(service)?.lastError;
      return last === undefined ? undefined : reasonOf(last);
    },
    async run(service, { signal, deadlineMs }, task) {
      const state = stateOf(service);
      const call: Waiting = { signal, deadlineMs };
      signal.throwIfAborted();
      for (let tries = 1; ; tries += 1) {
        const outcome = await attempt(state, call, task);
        if (outcome.ok) return outcome.value;
        if (signal.aborted || !isWorthAnotherTry(outcome.error, tries)) throw outcome.error;
      }
    },
  };
}

/** A call on its way; `patientUntilMs` is set by the first pause that it meets. */
interface Waiting extends GateCall {
  patientUntilMs?: number;
}

/** Whether a failure says something about the service, and not about the request. */
function isServicesFault({ code }: KeyferryError): boolean {
  return code === 'resource-exhausted' || code === 'unavailable' || code === 'deadline-exceeded';
}

function isWorthAnotherTry({ code, retryAfterMs }: KeyferryError, tries: number): boolean {
  if (code === 'resource-exhausted') return true;
  // One that never came took long enough; the next mount tries again.
  if (code !== 'unavailable') return false;
  return retryAfterMs !== undefined || tries < UNREACHABLE_TRIES;
}

type Outcome<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly error: KeyferryError };

async function settle<T>(task: () => Promise<T>): Promise<Outcome<T>> {
  try {
    return { ok: true, value: await task() };
  } catch (error) {
    return { ok: false, error: toKeyferryError(error, 'unknown') };
  }
}

function unlessAborted<T>(result: Promise<T>, signal: AbortSignal): Promise<T> {
  if (signal.aborted) return Promise.reject(abortReason(signal));
  return new Promise((resolve, reject) => {
    const stopListening = onAbort(signal, () => reject(abortReason(signal)));
    result.then(resolve, reject).finally(stopListening);
  });
}

/** Waits for a slot, first come first served. */
function takeTurn(state: ServiceState, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.reject(abortReason(signal));
  return new Promise((resolve, reject) => {
    const turn = () => {
      stopListening();
      resolve();
    };
    const stopListening = onAbort(signal, () => {
      state.queue.splice(state.queue.indexOf(turn), 1);
      reject(abortReason(signal));
    });
    state.queue.push(turn);
  });
}

// The slot goes straight to the next in line, so `running` stays as it is.
function leave(state: ServiceState): void {
  const next = state.queue.shift();
  if (next === undefined) state.running -= 1;
  else next();
}

function forgetIdle(services: Map<string, ServiceState>, nowMs: number): void {
  for (const [service, state] of services) {
    if (state.running === 0 && state.queue.length === 0 && state.pausedUntilMs <= nowMs) services.delete(service);
  }
}
