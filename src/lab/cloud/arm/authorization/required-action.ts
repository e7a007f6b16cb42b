import type { Method } from '../../rest/router.ts';

/** What a request to ARM needs to be allowed. */
export interface RequiredAction {
  readonly action: string;
  /** The ARM id that it is asked for at. */
  readonly scope: string;
}

const VERBS: Readonly<Record<Exclude<Method, 'POST'>, string>> = {
  GET: 'read',
  HEAD: 'read',
  PUT: 'write',
  PATCH: 'write',
  DELETE: 'delete',
};

/** Actions that are not named after their path (Azure documentation, permissions by resource provider). */
const NAMED_OTHERWISE: Readonly<Record<string, string>> = {
  'microsoft.keyvault/checknameavailability/action': 'Microsoft.KeyVault/checkNameAvailability/read',
};

/**
 * The action of Azure RBAC that a request needs: types from the path, then `read`, `write`, `delete`, or a POST's last part
 * and `action`. `path` are the path's parts, in the casing of the route table where it has one.
 */
export function requiredAction(method: Method, path: readonly string[]): RequiredAction {
  const at = path.map((part) => part.toLowerCase()).lastIndexOf('providers');
  const namespace = at < 0 ? undefined : path[at + 1];
  // Without a provider's namespace, the types are Microsoft.Resources' own.
  const [provider, parts] = namespace === undefined ? ['Microsoft.Resources', path] : [namespace, path.slice(at + 2)];
  const types = parts.filter((_part, index) => index % 2 === 0);
  const endsInType = parts.length % 2 === 1;
  if (parts.length === 0) {
    return { action: 'Microsoft.Resources/subscriptions/providers/read', scope: asScope(path.slice(0, at)) };
  }
  const suffix = method === 'POST' ? 'action' : VERBS[method];
  const action = [provider, ...types, suffix].join('/');
  const below = at < 0 ? path : path.slice(0, parts.length === 1 ? at : undefined);
  return {
    action: NAMED_OTHERWISE[action.toLowerCase()] ?? action,
    scope: asScope(endsInType && parts.length > 1 ? below.slice(0, -1) : below),
  };
}

function asScope(path: readonly string[]): string {
  return `/${path.join('/')}`;
}
