import type { KubeObject } from '#kube';
import { groupVersion, type Kind } from '../kinds/kind.ts';

/** A stored object in the kind's own version. */
export function fromStored(kind: Kind, stored: KubeObject): KubeObject {
  if (kind.fromStored !== undefined) return kind.fromStored(stored);
  const apiVersion = groupVersion(kind);
  return stored.apiVersion === apiVersion && stored.kind === kind.kind
    ? stored
    : { ...stored, apiVersion, kind: kind.kind };
}

/** An object of the kind's version as it is stored. */
export function toStored(kind: Kind, object: KubeObject): KubeObject {
  if (kind.toStored !== undefined) return kind.toStored(object);
  return { ...object, apiVersion: groupVersion({ group: kind.group, version: kind.storageVersion }), kind: kind.kind };
}
