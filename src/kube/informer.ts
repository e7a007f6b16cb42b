import { KeyferryError, type Clock, type Log, type Random } from '#base';
import type { KubeClient, KubeListQuery } from './client.ts';
import type { ObjectKey } from './resources.ts';
import type { KubeObject, ResourceRef } from './types.ts';
import { startWatchLoop } from './watch-loop.ts';

/** What happened to an object, as seen from the last state that was known. */
export interface InformerChange<T> {
  /** With `deleted` comes the state at the deletion, or after a gap the last one that was known. */
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
export interface InformerOptions<T extends KubeObject = KubeObject> {
  readonly client: Pick<KubeClient, 'list' | 'watch'>;
  readonly resource: ResourceRef;
  readonly query?: KubeListQuery;
  /** What is kept of an object: what nobody asks for need not lie in memory. Name, namespace and version must stay. */
  readonly project?: (object: T) => T;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
}

/** Starts an informer: list, then watch from there; a watch that fell behind (410) lists anew. Await `ready`. */
export function startInformer<T extends KubeObject = KubeObject>(options: InformerOptions<T>): Informer<T> {
  const { client, resource, query = {}, project = (object: T) => object, clock, random, log } = options;
  const objects = new Map<string, T>();
  const listeners = new Set<(change: InformerChange<T>) => void>();
  const first = openPromise();

  const tell = (type: InformerChange<T>['type'], object: T) => {
    for (const listener of listeners) listener({ type, object });
  };

  const put = (object: T) => {
    const key = keyOf(object.metadata);
    const known = objects.get(key);
    if (known !== undefined && known.metadata.resourceVersion === object.metadata.resourceVersion) return;
    const kept = project(object);
    objects.set(key, kept);
    tell(known === undefined ? 'added' : 'modified', kept);
  };
  /** `last`: its state when it was deleted, where a watch told it. */
  const remove = (key: string, last?: T) => {
    const known = objects.get(key);
    if (known === undefined) return;
    objects.delete(key);
    tell('deleted', last === undefined ? known : project(last));
  };

  const relist = async (signal: AbortSignal): Promise<string> => {
    const list = await client.list<T>(resource, query, { signal });
    const seen = new Set(list.items.map(({ metadata }) => keyOf(metadata)));
    for (const key of objects.keys()) if (!seen.has(key)) remove(key);
    for (const object of list.items) put(object);
    first.resolve();
    return list.metadata.resourceVersion;
  };

  const loop = startWatchLoop({
    client,
    resource,
    query,
    resync: relist,
    onEvent: ({ type, object }) =>
      type === 'DELETED' ? remove(keyOf(object.metadata), object as T) : put(object as T),
    clock,
    random,
    log,
  });
  return {
    ready: first.promise,
    get: (key) => objects.get(keyOf(key)),
    list: () => [...objects.values()],
    onChange: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    async [Symbol.asyncDispose]() {
      first.reject(new KeyferryError('aborted', `the informer of ${resource.resource} stopped before its first list`));
      await loop[Symbol.asyncDispose]();
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
