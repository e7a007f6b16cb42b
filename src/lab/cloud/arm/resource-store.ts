import { storeSection, type Json, type Store } from '#lab/store';
import type { JsonObject } from '../rest/request.ts';

/** A resource as it is stored. Ids keep the casing that they were created with; look-ups ignore it. */
export interface ArmResource {
  readonly id: string;
  readonly name: string;
  /** For example `Microsoft.KeyVault/vaults`. */
  readonly type: string;
  readonly location: string;
  readonly tags?: JsonObject;
  readonly properties: JsonObject;
  readonly sku?: JsonObject;
  readonly identity?: JsonObject;
  /** The id of the resource that owns this one: the cluster of a node resource group. */
  readonly managedBy?: string;
  /** What the lab remembers and never shows. */
  readonly internal?: JsonObject;
}

/** The resources of the lab, by id. Every change is stored on return. */
export interface ResourceStore {
  get(id: string): ArmResource | undefined;
  put(resource: ArmResource): void;
  remove(id: string): void;
  /** Puts one resource in place of another: both changes are stored, or none. */
  replace(id: string, by: ArmResource): void;
  /** The resources below the id `scope`, of all types or of one, by id. */
  below(scope: string, type?: string): readonly ArmResource[];
}

/** Opens the {@link ResourceStore} in `store`. `removed` is told of each resource that goes, by its id. */
export function openResourceStore(store: Store, { removed }: { removed(id: string): void }): ResourceStore {
  const section = storeSection(store, 'arm');
  return {
    get: (id) => section.get(id.toLowerCase()) as unknown as ArmResource | undefined,
    put: (resource) => section.put(resource.id.toLowerCase(), resource as unknown as Json),
    remove: (id) => {
      section.delete(id.toLowerCase());
      removed(id);
    },
    replace: (id, by) => {
      section.write([
        { key: id.toLowerCase(), value: undefined },
        { key: by.id.toLowerCase(), value: by as unknown as Json },
      ]);
      removed(id);
    },
    below: (scope, type) =>
      section
        .list(`${scope.toLowerCase()}/`)
        .map(({ value }) => value as unknown as ArmResource)
        .filter((resource) => type === undefined || resource.type === type),
  };
}

/** A resource on the wire. */
export function renderResource(resource: ArmResource): JsonObject {
  const { internal: _internal, ...shown } = resource;
  return { ...shown, tags: resource.tags ?? {} };
}

/** The name of the resource group in an id. */
export function groupNameOf(id: string): string {
  return /\/resourcegroups\/([^/]+)/i.exec(id)?.[1] ?? '';
}
