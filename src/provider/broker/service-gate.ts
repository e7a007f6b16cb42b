import { abortReason, backoffMs, KeyferryError, toKeyferryError, type Clock, type Random } from '#base';

/** How a {@link ServiceGate} behaves. */
export interface ServiceGateOptions {
  readonly clock: Clock;
  readonly random: Random;
  /** How many requests one service gets at the same time. Default 8. */
  readonly maxConcurrent?: number;
}

/** Limits of one call through the gate. */
export interface GateCall {
  readonly signal: AbortSignal;
  /** No try starts after this, {@link Clock.monotonic} milliseconds. */
  readonly deadlineMs: number;
}

/**
 * The one way to a service (a vault, an authority) for the whole node: a bounded number of requests at once, and one shared
 * pause when the service says 429 or 503 or does not answer, so that a node never makes throttling worse. Retry-After is
 * honoured; without it the pause grows with each failure, with jitter.
 */
export interface ServiceGate {
  /** Runs `task` when the service may be asked, and again while it is throttled and the deadline leaves room. */
  run<T>(service: string, call: GateCall, task: () => Promise<T>): Promise<T>;
}

interface ServiceState {
  running: number;
  readonly queue: (() => void)[];
  pausedUntilMs: number;
  failures: number;
  lastError: KeyferryError | undefined;
}

const THROTTLED = { initialMs: 1_000, maxMs: 60_000, jitter: 0.5 };
const UNREACHABLE = { initialMs: 250, maxMs: 1_000, jitter: 0.5 };
/** Tries against a service that does not answer; a throttled one is tried as long as the deadline allows. */
const UNREACHABLE_TRIES = 3;
const MAX_SERVICES = 1_000;

/** A gate without pauses. */
export function createServiceGate(options: ServiceGateOptions): ServiceGate {
  const { clock, random, maxConcurrent = 8 } = options;
  const services = new Map<string, ServiceState>();

  const stateOf = (service: string): ServiceState => {
    const known = services.get(service);
    if (known !== undefined) return known;
    if (services.size >= MAX_SERVICES) forgetIdle(services, clock.monotonic());
    const state: ServiceState = { running: 0, queue: [], pausedUntilMs: 0, failures: 0, lastError: undefined };
    services.set(service, state);
    return state;
  };

  const waitForPause = async (
    service: string,
    state: ServiceState,
    { signal, deadlineMs }: GateCall,
  ): Promise<void> => {
    for (;;) {
      const leftMs = state.pausedUntilMs - clock.monotonic();
      if (leftMs <= 0) return;
      if (state.pausedUntilMs > deadlineMs) throw tooLate(service, leftMs, state.lastError);
      await clock.sleep(leftMs, { signal });
    }
  };

  const note = (state: ServiceState, error: KeyferryError): void => {
    state.failures += 1;
    state.lastError = error;
    const growth = error.code === 'resource-exhausted' ? THROTTLED : UNREACHABLE;
    const pauseMs = Math.max(error.retryAfterMs ?? 0, backoffMs(growth, state.failures, random));
    state.pausedUntilMs = Math.max(state.pausedUntilMs, clock.monotonic() + pauseMs);
  };

  // Whether a failed call is worth another try; if so its service is paused.
  const pauses = (state: ServiceState, error: KeyferryError, call: GateCall, tries: number): boolean => {
    if (call.signal.aborted) return false;
    if (error.code !== 'resource-exhausted' && error.code !== 'unavailable') {
      state.failures = 0;
      return false;
    }
    note(state, error);
    return error.code === 'resource-exhausted' || error.retryAfterMs !== undefined || tries < UNREACHABLE_TRIES;
  };

  return {
    async run(service, call, task) {
      const state = stateOf(service);
      for (let tries = 1; ; tries += 1) {
        // A slot first, then the pause: whoever waited for a slot may find a pause that began meanwhile.
        await enter(state, maxConcurrent, call.signal);
        try {
          await waitForPause(service, state, call);
          const outcome = await settle(task);
          if (outcome.ok) {
            state.failures = 0;
            state.lastError = undefined;
            return outcome.value;
          }
          if (!pauses(state, outcome.error, call, tries)) throw outcome.error;
        } finally {
          leave(state);
        }
      }
    },
  };
}

type Outcome<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly error: KeyferryError };

async function settle<T>(task: () => Promise<T>): Promise<Outcome<T>> {
  try {
    return { ok: true, value: await task() };
  } catch (error) {
    return { ok: false, error: toKeyferryError(error, 'unknown') };
  }
}

function tooLate(service: string, leftMs: number, last: KeyferryError | undefined): KeyferryError {
  const wait = Math.ceil(leftMs / 1000);
  const why = last === undefined ? '' : `: ${last.message}`;
  return new KeyferryError(
    last?.code ?? 'unavailable',
    `${service} is left alone for ${wait} s more, which is past the deadline of this mount${why}`,
    {
      retryAfterMs: leftMs,
      ...(last?.upstreamCode === undefined ? {} : { upstreamCode: last.upstreamCode }),
      hint: 'the mount is tried again by kubelet; fewer pods at once, or a longer refresh interval, ask the vault less often',
    },
  );
}

async function enter(state: ServiceState, max: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted) throw abortReason(signal);
  if (state.running < max) {
    state.running += 1;
    return;
  }
  await new Promise<void>((resolve, reject) => {
    const turn = () => {
      signal.removeEventListener('abort', giveUp);
      resolve();
    };
    const giveUp = () => {
      state.queue.splice(state.queue.indexOf(turn), 1);
      reject(abortReason(signal));
    };
    state.queue.push(turn);
    signal.addEventListener('abort', giveUp, { once: true });
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
