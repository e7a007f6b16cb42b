import type { Clock, Log, Random } from '#base';
import type { KubeObject, ResourceRef } from '#kube';
import type { ApiAccess } from '../../api-access.ts';
import { listAndWatch } from '../../list-and-watch.ts';

/** One difference between what was known of an object and what is. */
export interface ObjectChange<T = KubeObject> {
  readonly type: 'added' | 'modified' | 'deleted';
  /** The present state; for `deleted` the last one that was seen. */
  readonly object: T;
  /** What was known before, for `modified`. */
  readonly previous: T | undefined;
}

/** Told of each change, in their order; it must not throw and does its work elsewhere (it names a key to a loop). */
export type ChangeHandler<T = KubeObject> = (change: ObjectChange<T>) => void;

/** What an {@link Informer} needs. */
export interface InformerOptions {
  readonly api: ApiAccess;
  readonly resource: ResourceRef;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
}

/** Follows all objects of one resource by list and watch. Disposing it ends the watch and waits for its end. */
export interface Informer extends AsyncDisposable {
  /** Adds a handler; it is told of all objects that are known already as `added`. */
  onChange(handler: ChangeHandler): void;
  /** The objects as they were last seen. */
  objects(): Iterable<KubeObject>;
}

/** `namespace/name`, or the name alone for a cluster-scoped object. */
export function keyOf(object: {
  readonly metadata?: { readonly namespace?: string | undefined; readonly name?: string | undefined };
}): string {
  const { namespace, name = '' } = object.metadata ?? {};
  return namespace === undefined ? name : `${namespace}/${name}`;
}

/** The opposite of {@link keyOf}. */
export function parseKey(key: string): { readonly namespace: string | undefined; readonly name: string } {
  const slash = key.indexOf('/');
  return slash === -1
    ? { namespace: undefined, name: key }
    : { namespace: key.slice(0, slash), name: key.slice(slash + 1) };
}

/** Starts an {@link Informer}. What a new list differs in from what was known is told as changes, deletions included. */
export function startInformer(options: InformerOptions): Informer {
  const { resource } = options;
  const stop = new AbortController();
  const known = new Map<string, KubeObject>();
  const handlers: ChangeHandler[] = [];
  const tell = (change: ObjectChange) => {
    for (const handler of handlers) handler(change);
  };

  const see = (object: KubeObject) => {
    const key = keyOf(object);
    const previous = known.get(key);
    if (previous?.metadata.resourceVersion === object.metadata.resourceVersion && previous !== undefined) return;
    known.set(key, object);
    if (previous !== undefined && previous.metadata.uid !== object.metadata.uid) {
      tell({ type: 'deleted', object: previous, previous: undefined });
      tell({ type: 'added', object, previous: undefined });
    } else tell({ type: previous === undefined ? 'added' : 'modified', object, previous });
  };

  const lose = (object: KubeObject) => {
    if (known.delete(keyOf(object))) tell({ type: 'deleted', object, previous: undefined });
  };

  const running = listAndWatch<KubeObject>(
    { ...options, signal: stop.signal },
    {
      onList(objects) {
        const present = new Set(objects.map(keyOf));
        for (const [key, object] of known) if (!present.has(key)) lose(object);
        for (const object of objects) see(object);
      },
      onChange: see,
      onDelete: lose,
    },
  );
  return {
    onChange(handler) {
      handlers.push(handler);
      for (const object of known.values()) handler({ type: 'added', object, previous: undefined });
    },
    objects: () => known.values(),
    async [Symbol.asyncDispose]() {
      stop.abort(new Error(`watch of ${resource.resource} is stopping`));
      await running;
    },
  };
}
