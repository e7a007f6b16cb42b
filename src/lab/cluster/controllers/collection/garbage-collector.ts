import type { OwnerReference } from 'kubernetes-types/meta/v1.js';
import type { KubeObject } from '#kube';
import { ignoreNotFound, orIfNotFound } from '../reconcile/api-errors.ts';
import {
  blocksOwner,
  FOREGROUND_FINALIZER,
  ORPHAN_FINALIZER,
  ownerState,
  planCollection,
  type OwnerState,
} from './collection-plan.ts';
import type { ControllerContext } from '../reconcile/context.ts';
import type { KindCatalog, ServedKind } from '../reconcile/kinds.ts';
import { sameJson } from '../reconcile/json.ts';
import { startReconcileLoop, type ReconcileLoop } from '../reconcile/loop.ts';
import { createOwnershipGraph } from './ownership-graph.ts';

/** An object and where it lives. */
interface Placed {
  readonly kind: ServedKind;
  readonly object: KubeObject;
}

// How soon an object is looked at again whose owner's kind is not served (yet).
const UNKNOWN_KIND_MS = 30_000;

/**
 * Deletes what lost its owners, and finishes foreground and orphan deletions. What it watched only tells it where to
 * look: every decision is made on objects read at that moment, so that an object of the same name as a dead owner, or
 * a dependent that has just been created, is never mistaken.
 */
export function startGarbageCollector(context: ControllerContext, catalog: KindCatalog): ReconcileLoop {
  const { api } = context;
  const graph = createOwnershipGraph();

  const at = ({ kind, object }: Placed) => ({
    namespace: kind.namespaced ? object.metadata.namespace : undefined,
    name: object.metadata.name ?? '',
  });

  /** All objects that name `owner` as an owner; read now. */
  const dependentsOf = async (owner: Placed): Promise<readonly Placed[]> => {
    const namespace = at(owner).namespace;
    const found: Placed[] = [];
    for (const kind of catalog.kinds()) {
      if (namespace !== undefined && !kind.namespaced) continue;
      const query = namespace === undefined ? {} : { namespace };
      const list = await orIfNotFound(api.list(kind.ref, query), undefined);
      for (const object of list?.items ?? []) {
        const owned = object.metadata.ownerReferences?.some(({ uid }) => uid === owner.object.metadata.uid);
        if (owned === true) found.push({ kind, object });
      }
    }
    return found;
  };

  const patchMetadata = (placed: Placed, change: Readonly<Record<string, unknown>>) => {
    const { resourceVersion } = placed.object.metadata;
    return ignoreNotFound(
      api.patch(placed.kind.ref, at(placed), 'merge', { metadata: { resourceVersion, ...change } }),
    );
  };

  const dropFinalizer = (placed: Placed, name: string) =>
    patchMetadata(placed, { finalizers: (placed.object.metadata.finalizers ?? []).filter((one) => one !== name) });

  const finishDeletion = async (placed: Placed): Promise<void> => {
    const { finalizers = [], uid = '' } = placed.object.metadata;
    if (finalizers.includes(ORPHAN_FINALIZER)) {
      for (const dependent of await dependentsOf(placed)) {
        const ownerReferences = (dependent.object.metadata.ownerReferences ?? []).filter((one) => one.uid !== uid);
        await patchMetadata(dependent, { ownerReferences });
      }
      await dropFinalizer(placed, ORPHAN_FINALIZER);
    } else if (finalizers.includes(FOREGROUND_FINALIZER)) {
      const dependents = await dependentsOf(placed);
      for (const dependent of dependents) loop.enqueue(idOf(dependent));
      const blocked = dependents.some(({ object }) => blocksOwner(object.metadata, uid));
      if (!blocked) await dropFinalizer(placed, FOREGROUND_FINALIZER);
    }
  };

  /** The state of an owner, or `unknown` for a kind that is not served or cannot own this object. */
  const lookUp = async (dependent: Placed, reference: OwnerReference): Promise<OwnerState | 'unknown'> => {
    const kind = catalog.find(reference.apiVersion, reference.kind);
    if (kind === undefined || (kind.namespaced && !dependent.kind.namespaced)) return 'unknown';
    const namespace = kind.namespaced ? dependent.object.metadata.namespace : undefined;
    const found = await orIfNotFound(api.get(kind.ref, { namespace, name: reference.name }), undefined);
    return ownerState(reference, found);
  };

  const collect = async (placed: Placed): Promise<{ readonly againAfterMs: number } | undefined> => {
    const { metadata } = placed.object;
    const states = new Map<string, OwnerState>();
    let unknown = false;
    for (const reference of metadata.ownerReferences ?? []) {
      const state = await lookUp(placed, reference);
      unknown ||= state === 'unknown';
      // An owner that cannot be looked up is not known to be gone.
      states.set(reference.uid, state === 'unknown' ? 'present' : state);
    }
    const waiting = [...states.values()].includes('waiting');
    const plan = planCollection(metadata, states, waiting && (await dependentsOf(placed)).length > 0);
    if (plan.kind === 'drop-references') await patchMetadata(placed, { ownerReferences: plan.keep });
    if (plan.kind === 'delete') {
      const { uid, resourceVersion } = metadata;
      const preconditions = {
        ...(uid === undefined ? {} : { uid }),
        ...(resourceVersion === undefined ? {} : { resourceVersion }),
      };
      await ignoreNotFound(api.delete(placed.kind.ref, at(placed), { propagationPolicy: plan.policy, preconditions }));
    }
    return unknown ? { againAfterMs: UNKNOWN_KIND_MS } : undefined;
  };

  const loop = startReconcileLoop({
    ...context,
    name: 'garbage-collector',
    reconcile: async (id) => {
      const [kindId = '', namespace = '', name = ''] = id.split('|');
      const kind = catalog.kinds().find((one) => kindIdOf(one) === kindId);
      if (kind === undefined) return undefined;
      const key = { namespace: kind.namespaced ? namespace : undefined, name };
      const object = await orIfNotFound(api.get(kind.ref, key), undefined);
      if (object === undefined) return undefined;
      if (object.metadata.deletionTimestamp === undefined) return collect({ kind, object });
      await finishDeletion({ kind, object });
      return undefined;
    },
  });

  const lookAtOwners = (uids: readonly string[]) => {
    for (const uid of uids) {
      const id = graph.idOf(uid);
      if (id !== undefined) loop.enqueue(id);
    }
  };

  /** After an object went: its dependents may have to go too, and its owners may have waited for it. */
  const onGone = (id: string) => {
    const node = graph.get(id);
    if (node === undefined) return;
    graph.forget(id);
    for (const dependent of graph.dependentsOf(node.uid)) loop.enqueue(dependent);
    lookAtOwners(node.owners);
  };

  catalog.onAdded((kind) => {
    context.watch(kind.ref, ({ type, object, previous }) => {
      const id = idOf({ kind, object });
      if (type === 'deleted') {
        onGone(id);
        return;
      }
      const { uid = '', deletionTimestamp } = object.metadata;
      if (previous !== undefined && sameJson(facts(previous), facts(object))) return;
      const owners = ownerUids(object);
      graph.note(id, uid, owners);
      if (owners.length > 0 || deletionTimestamp !== undefined) loop.enqueue(id);
      // A reference that was dropped or unblocked may free an owner that waits.
      if (previous !== undefined) lookAtOwners(ownerUids(previous));
      // Dependents of an owner that starts to wait have to go first.
      if (deletionTimestamp !== undefined) for (const dependent of graph.dependentsOf(uid)) loop.enqueue(dependent);
    });
  });
  catalog.onRemoved((kind) => {
    context.forget(kind.ref);
    for (const id of graph.ids()) if (id.startsWith(`${kindIdOf(kind)}|`)) onGone(id);
  });
  return loop;
}

// The version is no part of an object's identity.
const kindIdOf = ({ ref }: ServedKind) => `${ref.group}/${ref.resource}`;

const idOf = ({ kind, object }: Placed) =>
  [kindIdOf(kind), object.metadata.namespace ?? '', object.metadata.name ?? ''].join('|');

const ownerUids = (object: KubeObject) => (object.metadata.ownerReferences ?? []).map(({ uid }) => uid);

/** All that a decision of the garbage collector depends on. */
const facts = ({ metadata }: KubeObject) => [
  metadata.uid,
  metadata.ownerReferences,
  metadata.finalizers,
  metadata.deletionTimestamp,
];
