import type { KubeObject, OwnerReference, Pod } from '#kube';

/**
 * Who owns the Secrets that are made for a pod: the pod's own owners (a ReplicaSet, a Job, …), so that a Secret lives on
 * between two pods and goes with the last of them; a bare pod itself. None of them is its controller, and none waits for
 * it when it is deleted.
 */
export function ownersOfPod({ metadata = {} }: Pod): readonly OwnerReference[] {
  const owners = metadata.ownerReferences ?? [];
  if (owners.length === 0)
    return [{ apiVersion: 'v1', kind: 'Pod', name: metadata.name ?? '', uid: metadata.uid ?? '' }];
  return owners.map(({ apiVersion, kind, name, uid }) => ({ apiVersion, kind, name, uid }));
}

/** Those of `owners` that `object` does not name. Compared by UID: a new owner may have the name of an old one. */
export function missingOwners(object: KubeObject, owners: readonly OwnerReference[]): readonly OwnerReference[] {
  const known = new Set(object.metadata.ownerReferences?.map(({ uid }) => uid));
  return uniqueOwners(owners).filter(({ uid }) => !known.has(uid));
}

/** Each owner once: pods of one ReplicaSet bring the same. */
export function uniqueOwners(owners: readonly OwnerReference[]): readonly OwnerReference[] {
  return [...new Map(owners.map((owner) => [owner.uid, owner])).values()];
}
