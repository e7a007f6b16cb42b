import type { JsonObject } from '../rest/request.ts';
import type { Route } from '../rest/router.ts';
import type { AccessToken } from '../service.ts';
import type { Permission } from './authorize.ts';
import { notEmulated } from './vault-errors.ts';
import type { VaultRecord } from './vault-registry.ts';

/** A request to the data plane that has been authenticated and authorized. */
export interface VaultCall {
  readonly url: URL;
  readonly apiVersion: string;
  /** What the route's `:names` stand for. `name` is a valid object name. */
  readonly params: Readonly<Record<string, string>>;
  readonly vault: VaultRecord;
  readonly token: AccessToken;
  body(): Promise<JsonObject>;
}

/** One operation of the data plane. */
export interface VaultRoute extends Route<VaultCall> {
  readonly permission: Permission;
}

/** The address of an object of the vault that `call` asks, on the host that the client dialled. */
export function objectUrl(call: VaultCall, ...path: readonly string[]): string {
  return `https://${call.url.host}/${path.join('/')}`;
}

/** A row of the table of routes. */
export function routeRow(
  method: VaultRoute['method'],
  path: string,
  operation: string,
  permission: Permission,
  handle: VaultRoute['handle'],
): VaultRoute {
  return { method, path, operation, permission, handle };
}

/** The row of an operation that Azure has and the lab lacks: who may not do it is refused as on Azure, others get a 501. */
export function lackingRow(
  method: VaultRoute['method'],
  path: string,
  operation: string,
  permission: Permission,
): VaultRoute {
  return routeRow(method, path, operation, permission, () => {
    throw notEmulated(`${method} ${path}`);
  });
}
