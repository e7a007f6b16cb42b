/** The signals by which a person, a closed terminal or another program asks a command to end. */
export const END_SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** One of {@link END_SIGNALS}. */
export type EndSignal = (typeof END_SIGNALS)[number];

/** Somebody's wish that this command ends. */
export interface Interruption extends Disposable {
  /** Aborts at the first signal. */
  readonly signal: AbortSignal;
  /** The first signal, once there was one. */
  readonly by: EndSignal | undefined;
}

/** Listens for the signals of {@link END_SIGNALS} until it is disposed; while it does, none of them ends the process by itself. */
export function interruption(): Interruption {
  const controller = new AbortController();
  let by: EndSignal | undefined;
  const onSignal = (signal: NodeJS.Signals) => {
    by ??= signal as EndSignal;
    controller.abort(new Error(`ended by ${signal}`));
  };
  for (const signal of END_SIGNALS) process.on(signal, onSignal);
  return {
    signal: controller.signal,
    get by() {
      return by;
    },
    [Symbol.dispose]() {
      for (const signal of END_SIGNALS) process.off(signal, onSignal);
    },
  };
}
