import type { Directory, Group } from './directory.ts';

/** The part of a directory that is about groups. */
export type Groups = Pick<Directory, 'groups' | 'groupByObjectId' | 'putGroup' | 'removeGroup' | 'groupsOf'>;

/** Where groups are kept beside the memory; undefined removes one. */
export type KeepGroup = (objectId: string, group: Group | undefined) => void;

/** The groups that were kept, and a directory's operations on them. A group that ends is a member of nothing any more. */
export function createGroups(kept: readonly Group[], keep: KeepGroup): Groups {
  const byObjectId = new Map(kept.map((group) => [fold(group.objectId), group]));
  const put = (group: Group) => {
    keep(group.objectId, group);
    byObjectId.set(fold(group.objectId), group);
  };
  return {
    groups: () => [...byObjectId.values()],
    groupByObjectId: (objectId) => byObjectId.get(fold(objectId)),
    putGroup: put,
    removeGroup: (objectId) => {
      keep(objectId, undefined);
      byObjectId.delete(fold(objectId));
      for (const group of byObjectId.values()) {
        const memberIds = group.memberIds.filter((id) => fold(id) !== fold(objectId));
        if (memberIds.length < group.memberIds.length) put({ ...group, memberIds });
      }
    },
    groupsOf: (objectId) => {
      const found = new Set<string>();
      const waiting = [objectId];
      for (let id = waiting.pop(); id !== undefined; id = waiting.pop()) {
        for (const group of byObjectId.values()) {
          if (found.has(group.objectId) || !group.memberIds.some((member) => fold(member) === fold(id ?? ''))) continue;
          found.add(group.objectId);
          waiting.push(group.objectId);
        }
      }
      return [...found];
    },
  };
}

/** Ids are GUIDs: their case has no meaning. */
function fold(id: string): string {
  return id.toLowerCase();
}
