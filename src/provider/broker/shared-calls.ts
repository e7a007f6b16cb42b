import { abortReason, onAbort } from '#base';

/** Calls that are shared by all who ask for the same key while they run. */
export interface SharedCalls<T> {
  /**
   * Joins the running call of `key`, or starts `task`. A caller whose signal aborts leaves; the call goes on for the others and
   * is aborted when the last one has left. A failure reaches those who wait for it now and is not kept.
   */
  run(key: string, signal: AbortSignal, task: (signal: AbortSignal) => Promise<T>): Promise<T>;
  /** Whether a call of `key` runs. */
  has(key: string): boolean;
}

interface Call<T> {
  readonly result: Promise<T>;
  readonly controller: AbortController;
  waiters: number;
}

/** An empty {@link SharedCalls}. */
export function createSharedCalls<T>(): SharedCalls<T> {
  const calls = new Map<string, Call<T>>();

  const start = (key: string, task: (signal: AbortSignal) => Promise<T>): Call<T> => {
    const controller = new AbortController();
    const result = task(controller.signal).finally(() => {
      if (calls.get(key) === call) calls.delete(key);
    });
    const call: Call<T> = { result, controller, waiters: 0 };
    calls.set(key, call);
    return call;
  };

  return {
    has: (key) => calls.has(key),
    async run(key, signal, task) {
      if (signal.aborted) throw abortReason(signal);
      const call = calls.get(key) ?? start(key, task);
      call.waiters += 1;
      let stopListening = (): void => undefined;
      const left = new Promise<never>((_resolve, reject) => {
        stopListening = onAbort(signal, () => reject(abortReason(signal)));
      });
      try {
        return await Promise.race([call.result, left]);
      } finally {
        stopListening();
        call.waiters -= 1;
        // One that has ended is not here any more. Nobody may join a call that is being given up.
        if (call.waiters === 0 && calls.get(key) === call) {
          calls.delete(key);
          call.controller.abort(abortReason(signal));
        }
      }
    },
  };
}
