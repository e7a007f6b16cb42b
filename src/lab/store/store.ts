/** A plain JSON value. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

/** One key with its value. */
export interface StoreEntry {
  readonly key: string;
  readonly value: Json;
}

/** One change: a value puts the key, `undefined` deletes it. */
export interface StoreWrite {
  readonly key: string;
  readonly value: Json | undefined;
}

/**
 * Where the lab keeps what must survive its restart: keys with JSON values, all in memory, and in a journal where there
 * is one. Keys are paths such as `cloud/vaults/kv1`. Values are never changed in place.
 */
export interface Store extends AsyncDisposable {
  get(key: string): Json | undefined;
  /** All entries whose key starts with `prefix`, in the order of their keys. */
  list(prefix: string): StoreEntry[];
  /**
   * Does all of `writes` or, after a crash, none of them. When it returns, they survive a kill of the process. Throws
   * `unavailable` when they cannot be kept, as on a full disk: then none is done.
   */
  write(writes: readonly StoreWrite[]): void;
  put(key: string, value: Json): void;
  delete(key: string): void;
}

/** The part of `store` whose keys start with `prefix`, with the prefix cut off. Disposing it does nothing. */
export function storeSection(store: Store, prefix: string): Store {
  const write = (writes: readonly StoreWrite[]) =>
    store.write(writes.map(({ key, value }) => ({ key: prefix + key, value })));
  return {
    get: (key) => store.get(prefix + key),
    list: (inner) => store.list(prefix + inner).map(({ key, value }) => ({ key: key.slice(prefix.length), value })),
    write,
    put: (key, value) => write([{ key, value }]),
    delete: (key) => write([{ key, value: undefined }]),
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}
