/** Who owns whom, as far as was watched: where to look when an object goes. */
export interface OwnershipGraph {
  /** Notes an object: its id, its uid and the uids of its owners. */
  note(id: string, uid: string, owners: readonly string[]): void;
  /** Forgets an object that is gone. */
  forget(id: string): void;
  /** The ids of the objects that name this uid as an owner, whether or not the owner is known. */
  dependentsOf(uid: string): readonly string[];
  /** The id of the object with this uid, if it is known. */
  idOf(uid: string): string | undefined;
  /** The uid and the owners that were noted for an object. */
  get(id: string): { readonly uid: string; readonly owners: readonly string[] } | undefined;
  /** All ids. */
  ids(): readonly string[];
}

/** An empty {@link OwnershipGraph}. */
export function createOwnershipGraph(): OwnershipGraph {
  const nodes = new Map<string, { readonly uid: string; readonly owners: readonly string[] }>();
  const idsByUid = new Map<string, string>();
  const dependents = new Map<string, Set<string>>();

  const forget = (id: string) => {
    const node = nodes.get(id);
    if (node === undefined) return;
    nodes.delete(id);
    if (idsByUid.get(node.uid) === id) idsByUid.delete(node.uid);
    for (const owner of node.owners) {
      const ids = dependents.get(owner);
      ids?.delete(id);
      if (ids?.size === 0) dependents.delete(owner);
    }
  };

  return {
    note(id, uid, owners) {
      forget(id);
      nodes.set(id, { uid, owners });
      idsByUid.set(uid, id);
      for (const owner of owners) {
        const ids = dependents.get(owner) ?? new Set();
        dependents.set(owner, ids.add(id));
      }
    },
    forget,
    dependentsOf: (uid) => [...(dependents.get(uid) ?? [])],
    idOf: (uid) => idsByUid.get(uid),
    get: (id) => nodes.get(id),
    ids: () => [...nodes.keys()],
  };
}
