import { backoffMs, errorText, type Clock, type Log, type Random } from '#base';
import type { KubeObject, ResourceRef } from '#kube';
import type { ApiAccess } from '../../api-access.ts';
import { isNotFound } from './api-errors.ts';

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

const RETRY = { initialMs: 50, maxMs: 10_000, factor: 2, jitter: 0.2 };

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

/**
 * Starts an {@link Informer}. A watch that ends is resumed from the last resourceVersion; one that is refused (410) or
 * fails is preceded by a new list, whose differences are told as changes, deletions included.
 */
export function startInformer(options: InformerOptions): Informer {
  const { api, resource, clock, random, log } = options;
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

  const relist = async (): Promise<string> => {
    const list = await api.list(resource);
    const present = new Set(list.items.map(keyOf));
    for (const [key, object] of known) if (!present.has(key)) lose(object);
    for (const object of list.items) see(object);
    return list.metadata.resourceVersion;
  };

  /** Follows the watch to its end; answers where to resume, or undefined when a new list is due. */
  const follow = async (resourceVersion: string): Promise<string | undefined> => {
    let latest = resourceVersion;
    for await (const event of api.watch(resource, { resourceVersion, signal: stop.signal })) {
      if (event.type === 'ERROR') return undefined;
      latest = event.object.metadata.resourceVersion ?? latest;
      if (event.type === 'DELETED') lose(event.object);
      else if (event.type !== 'BOOKMARK') see(event.object);
    }
    return latest;
  };

  const run = async () => {
    let failures = 0;
    let resumeFrom: string | undefined;
    while (!stop.signal.aborted) {
      try {
        resumeFrom ??= await relist();
        resumeFrom = await follow(resumeFrom);
        failures = 0;
      } catch (error) {
        if (stop.signal.aborted) return;
        resumeFrom = undefined;
        failures += 1;
        // A resource whose definition was deleted: the owner of this informer is about to dispose it.
        if (!isNotFound(error)) {
          log.warn('Watch failed, it is retried', { resource: resource.resource, failures, error: errorText(error) });
        }
      }
      // Also after a clean end: a watch that is closed at once must not spin.
      const pauseMs = failures === 0 ? 1 : backoffMs(RETRY, failures, random);
      await clock.sleep(pauseMs, { signal: stop.signal }).catch(() => undefined);
    }
  };

  const running = run();
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
