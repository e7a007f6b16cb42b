import type { Json, Store, StoreWrite } from './store.ts';

/** The entries of a store, kept in the order of their keys only when they are listed. */
export interface MemoryEntries {
  readonly map: Map<string, Json>;
  list(prefix: string): { key: string; value: Json }[];
  apply(writes: readonly StoreWrite[]): void;
}

/** Empty {@link MemoryEntries}. */
export function createMemoryEntries(): MemoryEntries {
  const map = new Map<string, Json>();
  return {
    map,
    list: (prefix) => {
      const found: { key: string; value: Json }[] = [];
      for (const [key, value] of map) if (key.startsWith(prefix)) found.push({ key, value });
      return found.sort((a, b) => (a.key < b.key ? -1 : 1));
    },
    apply: (writes) => {
      for (const { key, value } of writes) {
        if (value === undefined) map.delete(key);
        else map.set(key, value);
      }
    },
  };
}

/** A store that forgets everything when the process ends. */
export function createMemoryStore(): Store {
  const entries = createMemoryEntries();
  return {
    get: (key) => entries.map.get(key),
    list: entries.list,
    write: entries.apply,
    put: (key, value) => entries.apply([{ key, value }]),
    delete: (key) => entries.apply([{ key, value: undefined }]),
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}
