import type { ResourceRef } from '#kube';
import { unknownResource } from '../status-errors.ts';
import type { ObjectStorage } from '../storage/object-storage.ts';
import { BUILTIN_KINDS } from './builtin-kinds.ts';
import { CRD_COLLECTION, kindsOfDefinition } from './custom-kinds.ts';
import type { Kind } from './kind.ts';

/** All kinds that are served now: the built-in ones and those of the CustomResourceDefinitions in the storage. */
export interface KindRegistry {
  /** Every kind, the built-in ones first. */
  all(): readonly Kind[];
  find(resource: ResourceRef): Kind | undefined;
  findKind(reference: { readonly group: string; readonly version: string; readonly kind: string }): Kind | undefined;
  /** Like find, but throws 404 for a resource that is not served. */
  get(resource: ResourceRef): Kind;
}

/** A registry that follows the definitions in `storage`. */
export function createKindRegistry(storage: ObjectStorage): KindRegistry {
  let known: readonly Kind[] | undefined;
  storage.subscribe(CRD_COLLECTION, storage.revision, () => {
    known = undefined;
  });
  const all = () => {
    known ??= [...BUILTIN_KINDS, ...storage.list(CRD_COLLECTION).flatMap(kindsOfDefinition)];
    return known;
  };
  const find = ({ group, version, resource }: ResourceRef) =>
    all().find((kind) => kind.group === group && kind.version === version && kind.resource === resource);
  return {
    all,
    find,
    findKind: ({ group, version, kind }) =>
      all().find((known) => known.group === group && known.version === version && known.kind === kind),
    get: (resource) => {
      const kind = find(resource);
      if (kind === undefined) throw unknownResource();
      return kind;
    },
  };
}
