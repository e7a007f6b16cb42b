import promises from 'node:timers/promises';

interface Options {
  readonly ref?: boolean;
  readonly signal?: AbortSignal;
}

/**
 * Builds node:timers/promises anew upon the global timers, as Node's own stands upon timers that nobody can register.
 * What has ended already or is misused is answered by Node's own functions, with its own errors.
 */
export function replaceTimerPromises(): void {
  const native = { setTimeout: promises.setTimeout, setInterval: promises.setInterval };

  const wait = <T>(ms?: number, value?: T, options: Options = {}): Promise<T> => {
    if (!isUsable(options)) return native.setTimeout(ms, value, options);
    const { ref = true, signal } = options;
    return new Promise<T>((resolve, reject) => {
      const end = () => {
        clearTimeout(timer);
        native.setTimeout(ms, value, options).then(resolve, reject);
      };
      const timer = globalThis.setTimeout(() => {
        signal?.removeEventListener('abort', end);
        resolve(value as T);
      }, ms);
      if (!ref) timer.unref();
      signal?.addEventListener('abort', end, { once: true });
    });
  };

  async function* every<T>(ms?: number, value?: T, options: Options = {}): AsyncGenerator<T, void, unknown> {
    if (!isUsable(options)) {
      yield* native.setInterval(ms, value, options) as AsyncIterable<T>;
      return;
    }
    const { ref = true, signal } = options;
    let due = 0;
    let wake: () => void = () => undefined;
    const onAbort = () => wake();
    const timer = globalThis.setInterval(() => {
      due += 1;
      wake();
    }, ms);
    if (!ref) timer.unref();
    signal?.addEventListener('abort', onAbort, { once: true });
    try {
      for (;;) {
        if (signal?.aborted) await native.setTimeout(ms, value, options);
        if (due === 0) {
          await new Promise<void>((resolve) => {
            wake = resolve;
          });
        }
        while (due > 0) {
          if (signal?.aborted) break;
          due -= 1;
          yield value as T;
        }
      }
    } finally {
      clearInterval(timer);
      signal?.removeEventListener('abort', onAbort);
    }
  }

  Object.assign(promises, { setTimeout: wait, setInterval: every });
  // An instance of a class, whose method is not its own.
  Object.defineProperty(promises.scheduler, 'wait', {
    configurable: true,
    writable: true,
    value: (ms: number, options?: Options) => wait(ms, undefined, options),
  });
}

/** Whether Node would take these options, and there is something to wait for. */
function isUsable(options: Options): boolean {
  if (options === null || typeof options !== 'object') return false;
  const { ref, signal } = options;
  return (ref === undefined || typeof ref === 'boolean') && (signal === undefined || isWaitingSignal(signal));
}

function isWaitingSignal(signal: AbortSignal): boolean {
  return typeof signal === 'object' && signal !== null && 'aborted' in signal && !signal.aborted;
}
