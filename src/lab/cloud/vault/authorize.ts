import { AzureError } from '../rest/azure-error.ts';
import type { AccessToken } from '../service.ts';
import { callerOf } from './caller.ts';
import { allowedByPolicy, allowedByRole, refusedByPolicies, refusedByRoles, type RoleGrant } from './access-reasons.ts';
import type { Collection } from './vault-errors.ts';
import type { AccessPolicy, VaultRecord } from './vault-registry.ts';

/** What an operation needs: the access policy's permission, and the data action of RBAC. */
export interface Permission {
  readonly collection: Collection;
  /** For example `get`. */
  readonly verb: string;
  /** Below `Microsoft.KeyVault/vaults/`, for example `secrets/getSecret/action`. */
  readonly dataAction: string;
}

/** A permission, asked for on one object, or on the vault when the object is undefined. */
export interface VaultAction extends Permission {
  readonly objectName?: string | undefined;
}

/** What role assignments say of one request. */
export interface RoleVerdict {
  /** The one that allows it; undefined: none does. */
  readonly grant: RoleGrant | undefined;
  /** Where none does: all roles that the principal has, wherever. */
  readonly others: readonly RoleGrant[];
}

/** Whether role assignments let `objectId` do `dataAction` at `scope` (an ARM id of a vault or of an object below it). */
export type RoleCheck = (objectId: string, dataAction: string, scope: string) => RoleVerdict;

/** No role assignments exist: vaults with RBAC refuse all. */
export const noRoles: RoleCheck = () => ({ grant: undefined, others: [] });

/**
 * Decides whether `token` may do `action` in `vault`: by access policies, or by `roles` in a vault with RBAC; the two
 * never mix. `note` is told which of them decided, or why none did. Throws 403 Forbidden with ForbiddenByPolicy or
 * ForbiddenByRbac.
 */
export function authorize(
  vault: VaultRecord,
  token: AccessToken,
  action: VaultAction,
  { roles, note }: { readonly roles: RoleCheck; readonly note: (details: Readonly<Record<string, string>>) => void },
): void {
  if (vault.rbac) {
    const dataAction = `Microsoft.KeyVault/vaults/${action.dataAction}`;
    const scope = scopeOf(vault, action);
    const { grant, others } = roles(token.objectId, dataAction, scope);
    if (grant === undefined) {
      note({ refusedBy: refusedByRoles(others, token.objectId, scope) });
      throw forbiddenByRbac(vault, token, dataAction, scope);
    }
    note({ allowedBy: allowedByRole(grant) });
    return;
  }
  const policy = vault.accessPolicies.find((candidate) => grants(candidate, vault, token, action));
  if (policy === undefined) {
    note({ refusedBy: refusedByPolicies(vault.accessPolicies, token, action) });
    throw forbiddenByPolicy(vault, token, action);
  }
  note({ allowedBy: allowedByPolicy(policy) });
}

function grants(policy: AccessPolicy, vault: VaultRecord, token: AccessToken, action: Permission): boolean {
  const verbs = policy.permissions[action.collection] ?? [];
  return (
    sameId(policy.tenantId, vault.tenantId) &&
    [token.objectId, ...(token.groupIds ?? [])].some((id) => sameId(policy.objectId, id)) &&
    (policy.applicationId === undefined || sameId(policy.applicationId, token.clientId)) &&
    // `all` is what az gives the creator of a vault; here it is every permission, purge included.
    verbs.some((verb) => sameId(verb, action.verb) || sameId(verb, 'all'))
  );
}

function sameId(a: string, b: string): boolean {
  return a.toLowerCase() === b.toLowerCase();
}

function scopeOf(vault: VaultRecord, action: VaultAction): string {
  const object = action.objectName === undefined ? '' : `/${action.collection}/${action.objectName}`;
  return `${vault.armId}${object}`.toLowerCase();
}

function forbiddenByPolicy(vault: VaultRecord, token: AccessToken, action: Permission): AzureError {
  return new AzureError(
    403,
    'Forbidden',
    `The user, group or application '${callerOf(token)}' does not have ` +
      `${action.collection} ${action.verb} permission on key vault '${vault.name};location=${vault.location}'. For help ` +
      'resolving this issue, please see https://go.microsoft.com/fwlink/?linkid=2125287',
    { innerCode: 'ForbiddenByPolicy' },
  );
}

function forbiddenByRbac(vault: VaultRecord, token: AccessToken, dataAction: string, scope: string): AzureError {
  const lines = [
    'Caller is not authorized to perform action on resource.',
    'If role assignments, deny assignments or role definitions were changed recently, please observe propagation time.',
    `Caller: ${callerOf(token)}`,
    `Action: '${dataAction}'`,
    `Resource: '${scope}'`,
    'Assignment: (not found)',
    'DenyAssignmentId: null',
    'DecisionReason: null ',
    `Vault: ${vault.name};location=${vault.location}`,
    '',
  ];
  return new AzureError(403, 'Forbidden', lines.join('\r\n'), { innerCode: 'ForbiddenByRbac' });
}
