import type { ObjectMeta, OwnerReference } from 'kubernetes-types/meta/v1.js';

/** The finalizer of an object that waits for the end of its dependents. */
export const FOREGROUND_FINALIZER = 'foregroundDeletion';
/** The finalizer of an object whose dependents are to be let go. */
export const ORPHAN_FINALIZER = 'orphan';

/** What became of an owner: it is there; it is gone (or its name is another object's now); it waits for its dependents. */
export type OwnerState = 'present' | 'absent' | 'waiting';

/** What the garbage collector does with an object that has owners. */
export type CollectionPlan =
  | { readonly kind: 'keep' }
  /** Some owners are left: only these references stay. */
  | { readonly kind: 'drop-references'; readonly keep: readonly OwnerReference[] }
  | { readonly kind: 'delete'; readonly policy: 'Background' | 'Foreground' | 'Orphan' };

/**
 * Kubernetes' rule: an object lives as long as one of its owners does. When none is left it is deleted, in the
 * foreground when an owner waits and the object has dependents of its own, so that the owner goes last.
 */
export function planCollection(
  metadata: ObjectMeta,
  states: ReadonlyMap<string, OwnerState>,
  hasDependents: boolean,
): CollectionPlan {
  const owners = metadata.ownerReferences ?? [];
  if (owners.length === 0 || metadata.deletionTimestamp !== undefined) return { kind: 'keep' };
  const present = owners.filter(({ uid }) => states.get(uid) === 'present');
  if (present.length === owners.length) return { kind: 'keep' };
  if (present.length > 0) return { kind: 'drop-references', keep: present };
  const waiting = owners.some(({ uid }) => states.get(uid) === 'waiting');
  if (waiting && hasDependents) return { kind: 'delete', policy: 'Foreground' };
  const finalizers = metadata.finalizers ?? [];
  if (finalizers.includes(ORPHAN_FINALIZER)) return { kind: 'delete', policy: 'Orphan' };
  return { kind: 'delete', policy: finalizers.includes(FOREGROUND_FINALIZER) ? 'Foreground' : 'Background' };
}

/** The state of an owner that was found under the name of the reference (or was not). */
export function ownerState(
  reference: OwnerReference,
  found: { readonly metadata: ObjectMeta } | undefined,
): OwnerState {
  if (found === undefined || found.metadata.uid !== reference.uid) return 'absent';
  const { deletionTimestamp, finalizers = [] } = found.metadata;
  return deletionTimestamp !== undefined && finalizers.includes(FOREGROUND_FINALIZER) ? 'waiting' : 'present';
}

/** Whether the object keeps a foreground deletion of `ownerUid` waiting. */
export function blocksOwner(metadata: ObjectMeta, ownerUid: string): boolean {
  return (metadata.ownerReferences ?? []).some(
    ({ uid, blockOwnerDeletion }) => uid === ownerUid && blockOwnerDeletion === true,
  );
}
