import type { Clock } from '#base';
import { empty, json } from '../rest/request.ts';
import type { BuriedObject, StoredVersion } from './object-store.ts';
import { checkUnmanaged, permissionOn, type ObjectType } from './object-type.ts';
import { renderPage } from './paging.ts';
import { objectUrl, routeRow, type VaultCall, type VaultRoute } from './vault-call.ts';
import { deletedObjectNotFound, objectNotFound, purgeProtected } from './vault-errors.ts';

const DAY_SECONDS = 86_400;

/** One kind of objects that can be deleted. */
export interface DeletedObjectType<T extends StoredVersion> extends ObjectType<T> {
  readonly clock: Clock;
  /** Throws when a deleted object may not be shown. */
  readonly checkGet?: (version: T) => void;
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
    if (found === undefined || found.latest.managed === true) throw deletedObjectNotFound(collection, name);
    return found;
  };

  const renderBurial = (call: VaultCall, buried: BuriedObject<T>) => ({
    recoveryId: objectUrl(call, `deleted${collection}`, buried.latest.name),
    deletedDate: buried.deletedDate,
    scheduledPurgeDate: buried.scheduledPurgeDate,
  });

  const renderBuried = (call: VaultCall, buried: BuriedObject<T>) => ({
    ...type.render(call, buried.latest),
    ...renderBurial(call, buried),
  });

  const remove = (call: VaultCall) => {
    const { name = '' } = call.params;
    const latest = open(call).latest(name);
    if (latest === undefined) throw objectNotFound(collection, name);
    checkUnmanaged(collection, 'delete', latest);
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
          item: {
            ...type.renderItem(call, buried.latest, objectUrl(call, collection, buried.latest.name)),
            ...renderBurial(call, buried),
          },
        })),
    );

  const get = (call: VaultCall) => {
    const buried = findBuried(call);
    type.checkGet?.(buried.latest);
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
  const prefix = type.operationPrefix;
  return [
    routeRow('DELETE', `/${collection}/:name`, `${prefix}Delete`, permissionOn(collection, 'delete', 'delete'), remove),
    routeRow('GET', deleted, `${prefix}ListDeleted`, permissionOn(collection, 'list', type.readAction), list),
    routeRow('GET', `${deleted}/:name`, `${prefix}GetDeleted`, permissionOn(collection, 'get', type.readAction), get),
    routeRow(
      'POST',
      `${deleted}/:name/recover`,
      `${prefix}Recover`,
      permissionOn(collection, 'recover', 'recover/action'),
      recover,
    ),
    routeRow('DELETE', `${deleted}/:name`, `${prefix}Purge`, permissionOn(collection, 'purge', 'purge/action'), purge),
  ];
}
