import type { KubeObject } from '#kube';
import type { Store, StoreWrite } from '#lab/store';
import { asJson, frozenJson } from '../json.ts';
import { expired } from '../status-errors.ts';

/** Which collection objects are kept in: one for each resource, whatever versions it is served in. */
export interface Collection {
  readonly group: string;
  /** Plural in lower case. */
  readonly resource: string;
}

/** One change of one object. `previous` is undefined for an object that is new. */
export interface ObjectChange {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED';
  /** The object after the change; for a deletion its last state, with the deletion's own resourceVersion. */
  readonly object: KubeObject;
  readonly previous: KubeObject | undefined;
  readonly revision: number;
}

/** The objects of the cluster, in memory and in the store. All calls are synchronous, so that a check and the change it allows are one step. */
export interface ObjectStorage {
  /** The newest revision given out; every change takes the next. */
  readonly revision: number;
  get(collection: Collection, namespace: string | undefined, name: string): KubeObject | undefined;
  /** Objects of one namespace or of all, by namespace and name. */
  list(collection: Collection, namespace?: string): readonly KubeObject[];
  /** The objects as they were at a revision. Throws 410 Expired when the history does not reach back so far. */
  listAt(collection: Collection, revision: number, namespace?: string): readonly KubeObject[];
  /** Stores the object under its metadata's namespace and name, with the next revision as its resourceVersion, and answers it frozen. */
  put(collection: Collection, object: KubeObject): KubeObject;
  /** Removes the object and answers its last state. Removing what is not there does nothing. */
  remove(collection: Collection, namespace: string | undefined, name: string): KubeObject | undefined;
  /**
   * Calls `listener` for every change after `revision` (all that the history holds, then new ones as they happen),
   * until the answer is called. Throws 410 Expired when the history does not reach back so far, or not so far forward.
   */
  subscribe(collection: Collection, revision: number, listener: (change: ObjectChange) => void): () => void;
}

/** What the storage keeps for watches that come late. */
export interface ObjectStorageOptions {
  readonly store: Store;
  /** How many changes of a resource a watch can be behind. Default 2000. */
  readonly historyLength?: number;
}

interface Shelf {
  readonly objects: Map<string, KubeObject>;
  readonly history: ObjectChange[];
  /** Changes up to this revision have been dropped from the history. */
  forgottenRevision: number;
  readonly listeners: Set<(change: ObjectChange) => void>;
}

const OBJECTS = 'objects/';
const REVISION = 'revision';

/** Opens the storage over `store`: what an earlier run stored is there, but its history is not. */
export function openObjectStorage(options: ObjectStorageOptions): ObjectStorage {
  const { store, historyLength = 2000 } = options;
  const shelves = new Map<string, Shelf>();
  let revision = Number(store.get(REVISION) ?? 1);
  const firstRevision = revision;

  const shelfOf = ({ group, resource }: Collection): Shelf => {
    const key = `${group || 'core'}/${resource}`;
    let shelf = shelves.get(key);
    if (shelf === undefined) {
      shelf = { objects: new Map(), history: [], forgottenRevision: firstRevision, listeners: new Set() };
      shelves.set(key, shelf);
    }
    return shelf;
  };
  const commit = (collection: Collection, key: string, change: ObjectChange) => {
    const path = `${OBJECTS}${collection.group || 'core'}/${collection.resource}/${key}`;
    const writes: StoreWrite[] = [
      { key: path, value: change.type === 'DELETED' ? undefined : asJson(change.object) },
      { key: REVISION, value: change.revision },
    ];
    store.write(writes);
    revision = change.revision;
    const shelf = shelfOf(collection);
    if (change.type === 'DELETED') shelf.objects.delete(key);
    else shelf.objects.set(key, change.object);
    shelf.history.push(change);
    if (shelf.history.length > historyLength * 1.5) {
      const dropped = shelf.history.splice(0, shelf.history.length - historyLength);
      shelf.forgottenRevision = dropped.at(-1)?.revision ?? shelf.forgottenRevision;
    }
    for (const listener of shelf.listeners) listener(change);
  };

  for (const { key, value } of store.list(OBJECTS)) {
    const [, group = '', resource = '', namespace = '', name = ''] = key.split('/');
    const shelf = shelfOf({ group: group === 'core' ? '' : group, resource });
    shelf.objects.set(`${namespace}/${name}`, frozenJson(value) as unknown as KubeObject);
  }

  const sorted = (objects: ReadonlyMap<string, KubeObject>, namespace: string | undefined) =>
    [...objects]
      .filter(([key]) => namespace === undefined || key.startsWith(`${namespace}/`))
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([, object]) => object);

  return {
    get revision() {
      return revision;
    },
    get: (collection, namespace, name) => shelfOf(collection).objects.get(objectKey(namespace, name)),
    list: (collection, namespace) => sorted(shelfOf(collection).objects, namespace),
    listAt: (collection, at, namespace) => {
      const shelf = shelfOf(collection);
      if (at < shelf.forgottenRevision) {
        throw expired(`too old resource version: ${at} (${shelf.forgottenRevision})`);
      }
      const objects = new Map(shelf.objects);
      for (const { object, previous, revision: changedAt } of [...shelf.history].reverse()) {
        if (changedAt <= at) break;
        const key = objectKey(object.metadata.namespace, object.metadata.name ?? '');
        if (previous === undefined) objects.delete(key);
        else objects.set(key, previous);
      }
      return sorted(objects, namespace);
    },
    put: (collection, object) => {
      const key = objectKey(object.metadata.namespace, object.metadata.name ?? '');
      const previous = shelfOf(collection).objects.get(key);
      const stored = atRevision(object, revision + 1);
      const type = previous === undefined ? 'ADDED' : 'MODIFIED';
      commit(collection, key, { type, object: stored, previous, revision: revision + 1 });
      return stored;
    },
    remove: (collection, namespace, name) => {
      const key = objectKey(namespace, name);
      const previous = shelfOf(collection).objects.get(key);
      if (previous === undefined) return undefined;
      const last = atRevision(previous, revision + 1);
      commit(collection, key, { type: 'DELETED', object: last, previous, revision: revision + 1 });
      return last;
    },
    subscribe: (collection, from, listener) => {
      const shelf = shelfOf(collection);
      if (from < shelf.forgottenRevision) {
        throw expired(`too old resource version: ${from} (${shelf.forgottenRevision})`);
      }
      // somebody who followed a store that is gone: nothing would come until this one has counted as far
      if (from > revision) throw expired(`too large resource version: ${from}, current: ${revision}`);
      for (const change of shelf.history) if (change.revision > from) listener(change);
      shelf.listeners.add(listener);
      return () => shelf.listeners.delete(listener);
    },
  };
}

function objectKey(namespace: string | undefined, name: string): string {
  return `${namespace ?? ''}/${name}`;
}

function atRevision(object: KubeObject, revision: number): KubeObject {
  return frozenJson({ ...object, metadata: { ...object.metadata, resourceVersion: String(revision) } });
}
