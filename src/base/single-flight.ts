/** Shares one running call among all who ask for the same key while it runs. */
export interface SingleFlight<T> {
  run(key: string, task: () => Promise<T>): Promise<T>;
}

/** An empty {@link SingleFlight}. A failure reaches everybody who shared the call, and is not kept. */
export function createSingleFlight<T>(): SingleFlight<T> {
  const running = new Map<string, Promise<T>>();
  return {
    run(key, task) {
      const shared = running.get(key);
      if (shared !== undefined) return shared;
      const call = task().finally(() => running.delete(key));
      running.set(key, call);
      return call;
    },
  };
}
