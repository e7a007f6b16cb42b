import type { Clock, Random } from '#base';
import type { Store } from '#lab/store';
import type { Permission } from './authorize.ts';
import type { ObjectStore, StoredVersion } from './object-store.ts';
import type { VaultCall } from './vault-call.ts';
import { deletedButRecoverable, managedByKeyVault, objectNotFound, type Collection } from './vault-errors.ts';

/** What the routes of an object type need. */
export interface ObjectTypeDeps {
  readonly store: Store;
  readonly clock: Clock;
  readonly random: Random;
}

/** One kind of objects, as the operations that all kinds have in common see it. */
export interface ObjectType<T extends StoredVersion> {
  readonly collection: Collection;
  /** Begins the names of the operations, for example `Secret`. */
  readonly operationPrefix: string;
  /** What lists and the reading of deleted objects take in RBAC, below the collection: `readMetadata/action` or `read`. */
  readonly readAction: string;
  readonly open: (call: VaultCall) => ObjectStore<T>;
  /** A version on its own, without its value. */
  readonly render: (call: VaultCall, version: T) => Record<string, unknown>;
  /** A version as lists show it, under `id`: its own URL, or the object's. */
  readonly renderItem: (call: VaultCall, version: T, id: string) => Record<string, unknown>;
}

/** What an operation on `collection` needs: the verb of access policies, and the data action below the collection. */
export function permissionOn(collection: Collection, verb: string, dataAction: string): Permission {
  return { collection, verb, dataAction: `${collection}/${dataAction}` };
}

/** Throws 403 when the object belongs to a certificate: then only the certificate's operations change it. */
export function checkUnmanaged(collection: Collection, operation: string, version: StoredVersion | undefined): void {
  if (version?.managed === true) throw managedByKeyVault(collection, operation);
}

/** The version that the path of `call` names, or the latest one. Throws 404 when there is none. */
export function findVersion<T extends StoredVersion>(
  collection: Collection,
  objects: ObjectStore<T>,
  call: VaultCall,
): T {
  const { name = '', version } = call.params;
  const found = version === undefined ? objects.latest(name) : objects.version(name, version);
  if (found === undefined) throw objectNotFound(collection, version === undefined ? name : `${name}/${version}`);
  return found;
}

/**
 * What a version that is made now has in any kind of objects. Throws 409 when the name is that of a deleted object, and 403
 * when it belongs to a certificate.
 */
export function beginVersion(
  { collection, operation }: { readonly collection: Collection; readonly operation: string },
  objects: ObjectStore<StoredVersion>,
  name: string,
  { clock, random }: Pick<ObjectTypeDeps, 'clock' | 'random'>,
): Pick<StoredVersion, 'name' | 'version' | 'sequence' | 'created' | 'updated'> {
  const buried = objects.buried(name);
  if (buried !== undefined) throw deletedButRecoverable(collection, buried.latest.name);
  const before = objects.latest(name);
  checkUnmanaged(collection, operation, before);
  const now = nowSeconds(clock);
  return {
    name: before?.name ?? name,
    version: random.bytes(16).toString('hex'),
    sequence: (before?.sequence ?? 0) + 1,
    created: now,
    updated: now,
  };
}

/** The time on `clock` in Unix seconds. */
export function nowSeconds(clock: Clock): number {
  return Math.floor(clock.now() / 1000);
}
