import { KeyferryError } from '#base';
import type { KubeClient, KubePatch } from '../client.ts';
import { describeObject, type ObjectKey } from '../resources.ts';
import type { KubeObject, ResourceRef } from '../types.ts';

/** One call that a {@link FakeKubeClient} got. */
export interface FakeCall {
  readonly verb: 'get' | 'create' | 'patch' | 'delete';
  readonly resource: string;
  readonly key: ObjectKey;
  readonly patch?: KubePatch;
}

/**
 * An API server's worth of objects in memory, for unit tests. Known limits: no validation, no resource versions, no
 * field managers (an apply is a deep merge, where lists are replaced), and of strategic merge only owner references
 * are merged. Tests of those things run on a real API server.
 */
export interface FakeKubeClient extends Pick<KubeClient, 'get' | 'create' | 'patch' | 'delete'> {
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
  const place = (resource: ResourceRef, key: ObjectKey) => `${resource.resource}:${key.namespace ?? ''}/${key.name}`;
  const placeOf = (resource: ResourceRef, object: KubeObject) =>
    place(resource, { namespace: object.metadata.namespace, name: object.metadata.name ?? '' });
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
      objects.set(placeOf(resource, object), structuredClone(object));
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
    async create<T>(resource: ResourceRef, namespace: string | undefined, body: unknown): Promise<T> {
      const object = structuredClone(body) as KubeObject;
      const key = { namespace, name: object.metadata.name ?? '' };
      await begin({ verb: 'create', resource: resource.resource, key });
      if (objects.has(place(resource, key))) {
        throw new KeyferryError('already-exists', `${key.name} exists`, { upstreamCode: 'AlreadyExists' });
      }
      objects.set(place(resource, key), object);
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
      objects.set(place(resource, key), merged);
      return structuredClone(merged) as T;
    },
    async delete(resource, key) {
      await begin({ verb: 'delete', resource: resource.resource, key });
      if (!objects.delete(place(resource, key))) throw notFound(resource, key);
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
