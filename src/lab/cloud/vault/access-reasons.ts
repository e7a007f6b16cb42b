import type { AccessToken } from '../service.ts';
import type { AccessPolicy } from './vault-registry.ts';

/** A role that a principal has at a scope. */
export interface RoleGrant {
  /** The assignment's GUID. */
  readonly assignmentId: string;
  /** The role's name, for example `Key Vault Secrets User`. */
  readonly role: string;
  readonly scope: string;
}

/** Says for the audit log which access policy let a request pass. */
export function allowedByPolicy(policy: AccessPolicy): string {
  return `access policy of object ${policy.objectId}`;
}

/** Says for the audit log which role assignment let a request pass. */
export function allowedByRole({ assignmentId, role, scope }: RoleGrant): string {
  return `role assignment ${assignmentId}: ${role} at ${scope}`;
}

/** Says for the audit log why no access policy let `token` do `verb` (of `collection`). */
export function refusedByPolicies(
  policies: readonly AccessPolicy[],
  token: Pick<AccessToken, 'objectId' | 'clientId'>,
  { collection, verb }: { readonly collection: keyof AccessPolicy['permissions']; readonly verb: string },
): string {
  const of = (id: string) => policies.find(({ objectId }) => objectId.toLowerCase() === id.toLowerCase());
  const own = of(token.objectId);
  if (own !== undefined) {
    const has = own.permissions[collection] ?? [];
    return `the access policy of object ${own.objectId} gives ${collection} ${has.join(', ') || 'nothing'}, not ${verb}`;
  }
  if (of(token.clientId) !== undefined) {
    return `an access policy names the client id ${token.clientId}; it has to name the object id ${token.objectId}`;
  }
  return `none of the vault's ${policies.length} access policies names object ${token.objectId}`;
}

/** Says for the audit log why no role let the principal do `action` at `scope`; `others` are the roles that it has anywhere. */
export function refusedByRoles(others: readonly RoleGrant[], objectId: string, scope: string): string {
  if (others.length === 0) return `object ${objectId} has no role assignment anywhere`;
  const list = others.map(({ role, scope: at }) => `${role} at ${at}`);
  return `no role of object ${objectId} gives this at ${scope}; it has ${list.join('; ')}`;
}
