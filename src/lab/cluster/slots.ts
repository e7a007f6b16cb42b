/** Lets only so many pieces of work go on at once; the others wait in their order. */
export interface Slots {
  /** Does `work` when its turn has come, and answers what it answers. */
  run<T>(work: () => Promise<T>): Promise<T>;
}

/**
 * Free {@link Slots}. Starting a program stands the whole process still for some milliseconds, for the memory that it
 * has: two hundred pods at once would keep clients of the API server waiting for as long as all of it takes.
 */
export function createSlots(count: number): Slots {
  let free = count;
  const waiting: (() => void)[] = [];
  const release = () => {
    const next = waiting.shift();
    if (next === undefined) free += 1;
    else next();
  };
  return {
    async run(work) {
      if (free > 0) free -= 1;
      else await new Promise<void>((resolve) => waiting.push(resolve));
      try {
        return await work();
      } finally {
        release();
      }
    },
  };
}
