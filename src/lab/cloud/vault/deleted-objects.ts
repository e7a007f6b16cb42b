import type { Clock } from '#base';
import { empty, json } from '../rest/request.ts';
import type { Permission } from './authorize.ts';
import type { BuriedObject, ObjectStore, StoredVersion } from './object-store.ts';
import { renderPage } from './paging.ts';
import { objectUrl, type VaultCall, type VaultRoute } from './vault-call.ts';
import { deletedObjectNotFound, objectNotFound, purgeProtected, type Collection } from './vault-errors.ts';

const DAY_SECONDS = 86_400;

/** What differs between the kinds of objects when they are deleted. */
export interface DeletedObjectType<T extends StoredVersion> {
  readonly collection: Collection;
  /** Begins the names of the operations, for example `Secret`. */
  readonly operationPrefix: string;
  readonly permission: (verb: string, dataAction: string) => Permission;
  readonly clock: Clock;
  readonly open: (call: VaultCall) => ObjectStore<T>;
  /** A version without its value. */
  readonly render: (call: VaultCall, version: T) => Record<string, unknown>;
  /** Throws when a deleted object may not be shown. */
  readonly checkGet: (version: T) => void;
}

/**
 * Soft delete for one kind of objects: delete, list, get, recover, purge. Deleting takes effect at once, where Azure
 * takes some seconds.
 */
export function deletedObjectRoutes<T extends StoredVersion>(type: DeletedObjectType<T>): readonly VaultRoute[] {
  const { collection, open } = type;

  const findBuried = (call: VaultCall) => {
    const { name = '' } = call.params;
    const found = open(call).buried(name);
    if (found === undefined) throw deletedObjectNotFound(collection, name);
    return found;
  };

  const renderBuried = (call: VaultCall, buried: BuriedObject<T>) => ({
    ...type.render(call, buried.latest),
    recoveryId: objectUrl(call, `deleted${collection}`, buried.latest.name),
    deletedDate: buried.deletedDate,
    scheduledPurgeDate: buried.scheduledPurgeDate,
  });

  const remove = (call: VaultCall) => {
    const { name = '' } = call.params;
    const latest = open(call).latest(name);
    if (latest === undefined) throw objectNotFound(collection, name);
    const deletedDate = Math.floor(type.clock.now() / 1000);
    const scheduledPurgeDate = deletedDate + call.vault.softDeleteRetentionDays * DAY_SECONDS;
    open(call).bury(name, { deletedDate, scheduledPurgeDate });
    return json(200, renderBuried(call, { latest, deletedDate, scheduledPurgeDate }));
  };

  const list = (call: VaultCall) =>
    renderPage(
      call,
      open(call)
        .allBuried()
        .map((buried) => ({
          key: buried.latest.name.toLowerCase(),
          item: { ...renderBuried(call, buried), id: objectUrl(call, collection, buried.latest.name) },
        })),
    );

  const get = (call: VaultCall) => {
    const buried = findBuried(call);
    type.checkGet(buried.latest);
    return json(200, renderBuried(call, buried));
  };

  const recover = (call: VaultCall) => {
    const { latest } = findBuried(call);
    open(call).recover(latest.name);
    return json(200, type.render(call, latest));
  };

  const purge = (call: VaultCall) => {
    const { latest } = findBuried(call);
    if (call.vault.purgeProtection) throw purgeProtected(call.vault.name);
    open(call).purge(latest.name);
    return empty(204);
  };

  const deleted = `/deleted${collection}`;
  const row = (
    method: VaultRoute['method'],
    path: string,
    operation: string,
    permission: Permission,
    handle: VaultRoute['handle'],
  ): VaultRoute => ({ method, path, operation: `${type.operationPrefix}${operation}`, permission, handle });
  return [
    row('DELETE', `/${collection}/:name`, 'Delete', type.permission('delete', 'delete'), remove),
    row('GET', deleted, 'ListDeleted', type.permission('list', 'readMetadata/action'), list),
    row('GET', `${deleted}/:name`, 'GetDeleted', type.permission('get', 'readMetadata/action'), get),
    row('POST', `${deleted}/:name/recover`, 'Recover', type.permission('recover', 'recover/action'), recover),
    row('DELETE', `${deleted}/:name`, 'Purge', type.permission('purge', 'purge/action'), purge),
  ];
}
