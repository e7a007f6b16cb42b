/** Runs tasks of one key one after another, tasks of different keys side by side. */
export interface KeyedLock {
  /** Waits for its turn, runs `task`, and answers what it answered. */
  run<T>(key: string, task: () => Promise<T>): Promise<T>;
  /** How many keys are held or waited for. */
  readonly size: number;
}

/** An empty {@link KeyedLock}. It keeps nothing for a key that nobody holds. */
export function createKeyedLock(): KeyedLock {
  const tails = new Map<string, Promise<void>>();
  return {
    async run(key, task) {
      const before = tails.get(key) ?? Promise.resolve();
      const turn = openTurn();
      tails.set(key, turn.promise);
      await before;
      try {
        return await task();
      } finally {
        if (tails.get(key) === turn.promise) tails.delete(key);
        turn.resolve();
      }
    },
    get size() {
      return tails.size;
    },
  };
}

function openTurn(): { promise: Promise<void>; resolve: () => void } {
  let resolve: () => void = () => undefined;
  const promise = new Promise<void>((fulfil) => {
    resolve = fulfil;
  });
  return { promise, resolve };
}
