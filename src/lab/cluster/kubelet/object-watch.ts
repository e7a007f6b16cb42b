import { errorText, type Clock, type Log } from '#base';
import type { KubeObject, ResourceRef } from '#kube';
import type { ApiAccess, ListQuery } from '../api-access.ts';

/** Who is told of objects. */
export interface ObjectListener<T> {
  /** All objects there are, at the start and after every interruption: what is not among them is gone. */
  onList(objects: readonly T[]): void;
  onChange(object: T): void;
  onDelete(object: T): void;
}

/** Lists and watches until `signal` aborts, then resolves. An interrupted watch starts over with a list after a second. */
export async function watchObjects<T extends KubeObject>(
  options: {
    readonly api: ApiAccess;
    readonly clock: Clock;
    readonly log: Log;
    readonly resource: ResourceRef;
    readonly query?: ListQuery;
    readonly signal: AbortSignal;
  },
  listener: ObjectListener<T>,
): Promise<void> {
  const { api, clock, log, resource, query = {}, signal } = options;
  while (!signal.aborted) {
    try {
      const list = await api.list<T>(resource, query);
      listener.onList(list.items);
      const { resourceVersion } = list.metadata;
      for await (const event of api.watch<T>(resource, { ...query, resourceVersion, signal })) {
        if (event.type === 'ERROR') break;
        if (event.type === 'DELETED') listener.onDelete(event.object);
        else if (event.type !== 'BOOKMARK') listener.onChange(event.object);
      }
    } catch (error) {
      if (!signal.aborted) log.warn('Watch failed', { resource: resource.resource, error: errorText(error) });
    }
    if (!signal.aborted) await clock.sleep(1000, { signal }).catch(() => undefined);
  }
}
