import { KeyferryError } from '#base';
import type { KubeClient, KubeListQuery, KubeObjectList, KubePatch, KubeWatchQuery } from '../client.ts';
import { describeObject, type ObjectKey } from '../resources.ts';
import type { KubeObject, ResourceRef, WatchEvent } from '../types.ts';

/** One call that a {@link FakeKubeClient} got. */
export interface FakeCall {
  readonly verb: 'get' | 'list' | 'watch' | 'create' | 'patch' | 'delete';
  readonly resource: string;
  readonly key: ObjectKey;
  readonly patch?: KubePatch;
}

/**
 * An API server's worth of objects in memory, for unit tests. Known limits: no validation, no resource versions, no
 * field managers (an apply is a deep merge, where lists are replaced), and of strategic merge only owner references
 * are merged; lists and watches know no selectors, and a watch tells what comes after it began. Tests of those things run on a real API server.
 */
export interface FakeKubeClient extends Pick<KubeClient, 'get' | 'list' | 'watch' | 'create' | 'patch' | 'delete'> {
  readonly calls: readonly FakeCall[];
  /** Puts an object in place. */
  put(resource: ResourceRef, object: KubeObject): void;
  find(resource: ResourceRef, key: ObjectKey): KubeObject | undefined;
  all(resource: ResourceRef): readonly KubeObject[];
  /** Called before each call is done; what it throws is the call's failure. */
  intercept: (call: FakeCall) => void | Promise<void>;
}

/** An empty {@link FakeKubeClient}. */
export function createFakeKubeClient(): FakeKubeClient {
  const objects = new Map<string, KubeObject>();
  const calls: FakeCall[] = [];
  const watchers = new Set<(resource: ResourceRef, event: WatchEvent) => void>();
  let version = 0;
  const versions = new Map<string, string>();
  const place = (resource: ResourceRef, key: ObjectKey) => `${resource.resource}:${key.namespace ?? ''}/${key.name}`;
  const placeOf = (resource: ResourceRef, object: KubeObject) =>
    place(resource, { namespace: object.metadata.namespace, name: object.metadata.name ?? '' });
  /** With the version that lists and watches show. */
  const stamped = (object: KubeObject, at: string): KubeObject => ({
    ...structuredClone(object),
    metadata: { ...structuredClone(object.metadata), resourceVersion: versions.get(at) ?? '0' },
  });
  const store = (resource: ResourceRef, at: string, object: KubeObject) => {
    const type = objects.has(at) ? 'MODIFIED' : 'ADDED';
    objects.set(at, object);
    version += 1;
    versions.set(at, String(version));
    for (const watcher of watchers) watcher(resource, { type, object: stamped(object, at) });
  };
  const begin = async (call: FakeCall): Promise<void> => {
    calls.push(call);
    await fake.intercept(call);
  };
  const notFound = (resource: ResourceRef, key: ObjectKey) =>
    new KeyferryError(
      'not-found',
      `getting ${describeObject(resource, key)}: ${resource.resource} "${key.name}" not found`,
      {
        upstreamCode: 'NotFound',
      },
    );

  const fake: FakeKubeClient = {
    calls,
    intercept: () => undefined,
    put: (resource, object) => {
      store(resource, placeOf(resource, object), structuredClone(object));
    },
    find: (resource, key) => objects.get(place(resource, key)),
    all: (resource) =>
      [...objects].filter(([at]) => at.startsWith(`${resource.resource}:`)).map(([, object]) => object),
    async get<T>(resource: ResourceRef, key: ObjectKey): Promise<T> {
      await begin({ verb: 'get', resource: resource.resource, key });
      const object = objects.get(place(resource, key));
      if (object === undefined) throw notFound(resource, key);
      return structuredClone(object) as T;
    },
    async list<T>(resource: ResourceRef, _query?: KubeListQuery): Promise<KubeObjectList<T>> {
      await begin({ verb: 'list', resource: resource.resource, key: { name: '' } });
      const found = [...objects].filter(([at]) => at.startsWith(`${resource.resource}:`));
      const items = found.map(([at, object]) => stamped(object, at) as T);
      return { metadata: { resourceVersion: String(version) }, items };
    },
    async *watch<T>(resource: ResourceRef, { signal }: KubeWatchQuery): AsyncGenerator<WatchEvent<T>> {
      const events: WatchEvent[] = [];
      let wake: () => void = () => undefined;
      const watcher = (changed: ResourceRef, event: WatchEvent) => {
        if (changed.resource !== resource.resource) return;
        events.push(event);
        wake();
      };
      const onAbort = () => wake();
      watchers.add(watcher);
      signal.addEventListener('abort', onAbort, { once: true });
      try {
        await begin({ verb: 'watch', resource: resource.resource, key: { name: '' } });
        while (!signal.aborted) {
          for (const event of events.splice(0)) yield event as WatchEvent<T>;
          await new Promise<void>((resolve) => {
            wake = resolve;
            if (events.length > 0 || signal.aborted) resolve();
          });
        }
      } finally {
        signal.removeEventListener('abort', onAbort);
        watchers.delete(watcher);
      }
    },
    async create<T>(resource: ResourceRef, namespace: string | undefined, body: unknown): Promise<T> {
      const object = structuredClone(body) as KubeObject;
      const key = { namespace, name: object.metadata.name ?? '' };
      await begin({ verb: 'create', resource: resource.resource, key });
      if (objects.has(place(resource, key))) {
        throw new KeyferryError('already-exists', `${key.name} exists`, { upstreamCode: 'AlreadyExists' });
      }
      store(resource, place(resource, key), object);
      return structuredClone(object) as T;
    },
    async patch<T>(resource: ResourceRef, key: ObjectKey, patch: KubePatch): Promise<T> {
      await begin({ verb: 'patch', resource: resource.resource, key, patch });
      const current = objects.get(place(resource, key));
      if (current === undefined && patch.type !== 'apply') throw notFound(resource, key);
      const next = mergeDeep(current ?? {}, patch.body) as KubeObject;
      const owners = next.metadata.ownerReferences ?? [];
      const before = patch.type === 'strategic' ? (current?.metadata.ownerReferences ?? []) : [];
      const kept = before.filter(({ uid }) => !owners.some((owner) => owner.uid === uid));
      const merged: KubeObject = {
        ...next,
        metadata: {
          ...next.metadata,
          ...(owners.length + kept.length > 0 && { ownerReferences: [...kept, ...owners] }),
        },
      };
      store(resource, place(resource, key), merged);
      return structuredClone(merged) as T;
    },
    async delete(resource, key) {
      await begin({ verb: 'delete', resource: resource.resource, key });
      const object = objects.get(place(resource, key));
      if (object === undefined) throw notFound(resource, key);
      objects.delete(place(resource, key));
      version += 1;
      for (const watcher of watchers) watcher(resource, { type: 'DELETED', object });
    },
  };
  return fake;
}

function mergeDeep(current: unknown, change: unknown): unknown {
  if (!isMap(change)) return structuredClone(change);
  const result: Record<string, unknown> = isMap(current) ? { ...current } : {};
  for (const [key, value] of Object.entries(change)) {
    if (value === null) delete result[key];
    else result[key] = mergeDeep(result[key], value);
  }
  return result;
}

function isMap(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
