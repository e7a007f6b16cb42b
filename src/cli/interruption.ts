/** The signals by which a person, a closed terminal or another program asks a command to end. */
export const END_SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** One of {@link END_SIGNALS}. */
export type EndSignal = (typeof END_SIGNALS)[number];

/** Somebody's wish that this command ends. */
export interface Interruption extends Disposable {
  /** Aborts at the first signal. */
  readonly signal: AbortSignal;
  /** Aborts at the second one: whoever asks twice does not want to wait. */
  readonly again: AbortSignal;
  /** The first signal, once there was one. */
  readonly by: EndSignal | undefined;
}

/**
 * Listens for the signals of {@link END_SIGNALS} until it is disposed. Until then none of them ends the process by itself:
 * a command that starts something listens before it starts it, and ends it before it stops to listen.
 */
export function interruption(): Interruption {
  const first = new AbortController();
  const second = new AbortController();
  let by: EndSignal | undefined;
  const onSignal = (signal: NodeJS.Signals) => {
    if (first.signal.aborted) second.abort(new Error(`ended by a second ${signal}`));
    by ??= signal as EndSignal;
    first.abort(new Error(`ended by ${signal}`));
  };
  for (const signal of END_SIGNALS) process.on(signal, onSignal);
  return {
    signal: first.signal,
    again: second.signal,
    get by() {
      return by;
    },
    [Symbol.dispose]() {
      for (const signal of END_SIGNALS) process.off(signal, onSignal);
    },
  };
}
