import { KeyferryError, type Clock } from '#base';
import type { Fault, FaultEffect, FaultSpec, FaultTarget } from './fault.ts';
import { isAbout } from './is-about.ts';

/** A fault that has met a request. */
export interface MetFault {
  readonly id: string;
  readonly effect: FaultEffect;
  /** Aborts when the fault is cleared or its time is over: whoever waits because of it goes on then. */
  readonly over: AbortSignal;
}

/** Which fault meets a request. */
export interface Faults {
  /** The newest fault that is about `target`, which counts it; undefined when none is. */
  meet(target: FaultTarget): MetFault | undefined;
  /**
   * Calls `listener` with each fault that begins to stand in the way of exchanges that last, a watch for example: every
   * one but those of a number of requests, which do not count what was asked before. Undone by the function that is answered.
   */
  onBegin(listener: (fault: BegunFault) => void): () => void;
}

/** A fault that has just begun. */
export interface BegunFault extends MetFault {
  isAbout(target: FaultTarget): boolean;
}

/** The lab's faults. They are in memory: a lab starts without any. Disposing it ends all of them. */
export interface FaultTable extends Faults, AsyncDisposable {
  /** Throws `resource-exhausted` when there are too many. */
  add(spec: FaultSpec): Fault;
  /** Oldest first, those that are over included. */
  list(): Fault[];
  /** Ends and forgets the faults with these ids, or all; answers those. Throws `not-found`, and then ends none. */
  clear(ids?: readonly string[]): Fault[];
}

/** How many faults there may be; as there is a person behind each, more are a script's mistake. */
const MAX_FAULTS = 200;

interface Entry {
  readonly id: string;
  readonly spec: FaultSpec;
  readonly addedAtMs: number;
  readonly ending: AbortController;
  /** The end of the wait for the fault's time. */
  readonly expiry: Promise<void>;
  hits: number;
}

/** A table without faults. */
export function createFaultTable({ clock }: { readonly clock: Clock }): FaultTable {
  const entries = new Map<string, Entry>();
  const listeners = new Set<(fault: BegunFault) => void>();
  let last = 0;

  // By the clock too: after a leap of the lab's time the next request may be earlier than the timer.
  const isOver = ({ ending, spec: { times, forMs }, hits, addedAtMs }: Entry) =>
    ending.signal.aborted ||
    (times !== undefined && hits >= times) ||
    (forMs !== undefined && clock.now() - addedAtMs >= forMs);

  const describe = (entry: Entry): Fault => {
    const { id, spec, addedAtMs, hits } = entry;
    return {
      id,
      ...spec,
      addedAt: new Date(addedAtMs).toISOString(),
      ...(spec.forMs === undefined ? {} : { endsAt: new Date(addedAtMs + spec.forMs).toISOString() }),
      hits,
      state: isOver(entry) ? 'over' : 'active',
    };
  };

  const met = ({ id, spec, ending }: Entry): MetFault => ({ id, effect: spec.effect, over: ending.signal });

  const expire = async (spec: FaultSpec, ending: AbortController): Promise<void> => {
    if (spec.forMs === undefined) return;
    await clock.sleep(spec.forMs, { signal: ending.signal }).then(
      () => ending.abort(),
      () => undefined,
    );
  };

  return {
    add(spec) {
      if (entries.size >= MAX_FAULTS) {
        throw new KeyferryError('resource-exhausted', `there are ${entries.size} faults already`, {
          hint: 'Clear those that are not needed.',
        });
      }
      const ending = new AbortController();
      last += 1;
      const entry: Entry = {
        id: `f${last}`,
        spec,
        addedAtMs: clock.now(),
        ending,
        expiry: expire(spec, ending),
        hits: 0,
      };
      entries.set(entry.id, entry);
      if (spec.times === undefined) {
        for (const listener of listeners) {
          listener({ ...met(entry), isAbout: (target) => isAbout(spec, target) });
        }
      }
      return describe(entry);
    },
    list: () => [...entries.values()].map(describe),
    clear(ids) {
      const wanted = (ids ?? [...entries.keys()]).map((id) => {
        const entry = entries.get(id);
        if (entry !== undefined) return entry;
        throw new KeyferryError('not-found', `there is no fault ${id}`, {
          hint: 'See them with "keyferry lab fault list".',
        });
      });
      const cleared = wanted.map(describe);
      for (const { id, ending } of wanted) {
        entries.delete(id);
        ending.abort();
      }
      return cleared;
    },
    meet(target) {
      const found = [...entries.values()].reverse().find((entry) => !isOver(entry) && isAbout(entry.spec, target));
      if (found === undefined) return undefined;
      found.hits += 1;
      return met(found);
    },
    onBegin(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    async [Symbol.asyncDispose]() {
      for (const { ending } of entries.values()) ending.abort();
      await Promise.all([...entries.values()].map(({ expiry }) => expiry));
      entries.clear();
    },
  };
}
