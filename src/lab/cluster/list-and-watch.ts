import { backoffMs, errorText, type Clock, type Log, type Random } from '#base';
import type { KubeObject, ResourceRef } from '#kube';
import { ApiError, type ApiAccess, type ListQuery } from './api-access.ts';

/** Which objects are followed, and with what. */
export interface ListAndWatchOptions {
  readonly api: ApiAccess;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly resource: ResourceRef;
  /** Default: all objects of the resource. */
  readonly query?: ListQuery;
  readonly signal: AbortSignal;
}

/** Who is told of objects, in the order of what happened; it must not throw. */
export interface ObjectListener<T> {
  /** All objects there are, at the start and wherever something may have been missed: what is not among them is gone. */
  onList(objects: readonly T[]): void;
  onChange(object: T): void;
  onDelete(object: T): void;
}

const RETRY = { initialMs: 50, maxMs: 10_000, factor: 2, jitter: 0.2 };

/**
 * Follows objects by list and watch until `signal` aborts, then resolves. A watch that ends is resumed from the last
 * resourceVersion; one that is refused (410) or fails is preceded by a new list
 * (https://kubernetes.io/docs/reference/using-api/api-concepts/#efficient-detection-of-changes).
 */
export async function listAndWatch<T extends KubeObject>(
  options: ListAndWatchOptions,
  listener: ObjectListener<T>,
): Promise<void> {
  const { api, clock, random, log, resource, query = {}, signal } = options;

  const list = async (): Promise<string> => {
    const { items, metadata } = await api.list<T>(resource, query);
    listener.onList(items);
    return metadata.resourceVersion;
  };

  /** Follows the watch to its end; answers where to resume, or undefined when a new list is due. */
  const follow = async (resourceVersion: string): Promise<string | undefined> => {
    let latest = resourceVersion;
    for await (const event of api.watch<T>(resource, { ...query, resourceVersion, signal })) {
      if (event.type === 'ERROR') return undefined;
      latest = event.object.metadata.resourceVersion ?? latest;
      if (event.type === 'DELETED') listener.onDelete(event.object);
      else if (event.type !== 'BOOKMARK') listener.onChange(event.object);
    }
    return latest;
  };

  let failures = 0;
  let resumeFrom: string | undefined;
  while (!signal.aborted) {
    try {
      resumeFrom ??= await list();
      resumeFrom = await follow(resumeFrom);
      failures = 0;
    } catch (error) {
      if (signal.aborted) return;
      resumeFrom = undefined;
      failures += 1;
      // A resource whose definition was deleted: whoever follows it is about to stop.
      if (!(error instanceof ApiError && error.body.reason === 'NotFound')) {
        log.warn('Watch failed, it is retried', { resource: resource.resource, failures, error: errorText(error) });
      }
    }
    // Also after a clean end: a watch that is closed at once must not spin.
    const pauseMs = failures === 0 ? 1 : backoffMs(RETRY, failures, random);
    await clock.sleep(pauseMs, { signal }).catch(() => undefined);
  }
}
