import { permissionOn, type ObjectType } from './object-type.ts';
import type { StoredVersion } from './object-store.ts';
import { renderPage } from './paging.ts';
import { objectUrl, type VaultCall, type VaultRoute } from './vault-call.ts';
import { objectNotFound } from './vault-errors.ts';

/** The lists of one kind of objects: all of a vault by name, and all versions of one. */
export function listRoutes<T extends StoredVersion>(type: ObjectType<T>): readonly VaultRoute[] {
  const { collection, operationPrefix } = type;
  const permission = permissionOn(collection, 'list', type.readAction);

  const list = (call: VaultCall) =>
    renderPage(
      call,
      type
        .open(call)
        .all()
        .map((version) => ({
          key: version.name.toLowerCase(),
          item: type.renderItem(call, version, objectUrl(call, collection, version.name)),
        })),
    );

  const listVersions = (call: VaultCall) => {
    const { name = '' } = call.params;
    const versions = type.open(call).versions(name);
    if (versions.length === 0) throw objectNotFound(collection, name);
    return renderPage(
      call,
      versions.map((version) => ({
        key: version.version,
        item: type.renderItem(call, version, objectUrl(call, collection, version.name, version.version)),
      })),
    );
  };

  return [
    { method: 'GET', path: `/${collection}`, operation: `${operationPrefix}List`, permission, handle: list },
    {
      method: 'GET',
      path: `/${collection}/:name/versions`,
      operation: `${operationPrefix}ListVersions`,
      permission,
      handle: listVersions,
    },
  ];
}
