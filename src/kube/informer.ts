import { backoffMs, errorText, KeyferryError, linkSignals, type Clock, type Log, type Random } from '#base';
import type { KubeClient, KubeListQuery } from './client.ts';
import { isReason } from './errors.ts';
import { resourcePath, type ObjectKey } from './resources.ts';
import type { KubeObject, ResourceRef } from './types.ts';

/** What happened to an object, as seen from the last state that was known. */
export interface InformerChange<T> {
  readonly type: 'added' | 'modified' | 'deleted';
  readonly object: T;
}

/** A copy of the API server's objects of one resource, kept up to date. */
export interface Informer<T extends KubeObject = KubeObject> extends AsyncDisposable {
  /** Resolves when the first list is in; rejects when the informer is disposed before. */
  readonly ready: Promise<void>;
  get(key: ObjectKey): T | undefined;
  list(): readonly T[];
  /** Calls `listener` for each change from now on; answers how to stop that. A re-list tells only what differs. */
  onChange(listener: (change: InformerChange<T>) => void): () => void;
}

/** What {@link startInformer} needs. */
export interface InformerOptions {
  readonly client: Pick<KubeClient, 'list' | 'watch'>;
  readonly resource: ResourceRef;
  readonly query?: KubeListQuery;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
}

const BACKOFF = { initialMs: 500, maxMs: 30_000, jitter: 0.3 };
// The server is asked to end a watch after this time. One that goes on much longer hangs on a dead connection.
const WATCH_SECONDS = 300;
const EMPTY_WATCH_MS = 500;
const DEAD_WATCH_MS = (WATCH_SECONDS + 30) * 1000;

/** Starts an informer: list, then watch from there; a watch that fell behind (410) lists anew. Await `ready`. */
export function startInformer<T extends KubeObject = KubeObject>(options: InformerOptions): Informer<T> {
  const { client, resource, query = {}, clock, random, log } = options;
  const objects = new Map<string, T>();
  const listeners = new Set<(change: InformerChange<T>) => void>();
  const stop = new AbortController();
  let version: string | undefined;
  const first = openPromise();

  const tell = (type: InformerChange<T>['type'], object: T) => {
    for (const listener of listeners) listener({ type, object });
  };

  const put = (object: T) => {
    const key = keyOf(object.metadata);
    const known = objects.get(key);
    if (known !== undefined && known.metadata.resourceVersion === object.metadata.resourceVersion) return;
    objects.set(key, object);
    tell(known === undefined ? 'added' : 'modified', object);
  };
  const remove = (object: T) => {
    if (objects.delete(keyOf(object.metadata))) tell('deleted', object);
  };

  const relist = async () => {
    const list = await client.list<T>(resource, query, { signal: stop.signal });
    const seen = new Set(list.items.map(({ metadata }) => keyOf(metadata)));
    for (const [key, object] of objects) if (!seen.has(key)) remove(object);
    for (const object of list.items) put(object);
    version = list.metadata.resourceVersion;
    first.resolve();
  };

  const follow = async (resourceVersion: string) => {
    const linked = linkSignals(stop.signal);
    const alive = new AbortController();
    const dead = clock.sleep(DEAD_WATCH_MS, { signal: alive.signal }).then(
      () => linked.abort(),
      () => undefined,
    );
    try {
      const watch = { ...query, resourceVersion, timeoutSeconds: WATCH_SECONDS, signal: linked.signal };
      let events = 0;
      for await (const { type, object } of client.watch<T>(resource, watch)) {
        events += 1;
        version = object.metadata.resourceVersion ?? version;
        if (type === 'DELETED') remove(object);
        else if (type !== 'BOOKMARK') put(object);
      }
      // A server that ends each watch at once must not be asked in a tight loop.
      if (events === 0 && !linked.signal.aborted) await clock.sleep(EMPTY_WATCH_MS, { signal: linked.signal });
    } finally {
      alive.abort();
      linked[Symbol.dispose]();
      await dead;
    }
  };

  const run = async () => {
    for (let failures = 0; !stop.signal.aborted;) {
      try {
        if (version === undefined) await relist();
        else await follow(version);
        failures = 0;
      } catch (error) {
        if (stop.signal.aborted) return;
        if (isReason(error, 'Expired') || isReason(error, 'Gone')) {
          version = undefined;
          continue;
        }
        failures += 1;
        log.warn('Informer failed, it tries again', {
          path: resourcePath(resource),
          failures,
          error: errorText(error),
        });
        await clock.sleep(backoffMs(BACKOFF, failures, random), { signal: stop.signal }).catch(() => undefined);
      }
    }
  };
  const running = run();
  return {
    ready: first.promise,
    get: (key) => objects.get(keyOf(key)),
    list: () => [...objects.values()],
    onChange: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    async [Symbol.asyncDispose]() {
      stop.abort(new KeyferryError('aborted', 'the informer stops'));
      first.reject(new KeyferryError('aborted', `the informer of ${resource.resource} stopped before its first list`));
      await running;
    },
  };
}

function keyOf({
  namespace,
  name,
}: {
  readonly namespace?: string | undefined;
  readonly name?: string | undefined;
}): string {
  return `${namespace ?? ''}/${name ?? ''}`;
}

function openPromise(): { readonly promise: Promise<void>; resolve: () => void; reject: (error: Error) => void } {
  let resolve: () => void = () => undefined;
  let reject: (error: Error) => void = () => undefined;
  const promise = new Promise<void>((fulfil, refuse) => {
    resolve = fulfil;
    reject = refuse;
  });
  promise.catch(() => undefined); // nobody has to wait for it
  return { promise, resolve, reject };
}
