import { AzureError } from '../../rest/azure-error.ts';
import { isObject, textOr, type JsonObject } from '../../rest/request.ts';
import type { ArmCall } from '../arm-call.ts';
import type { ArmContext } from '../arm-context.ts';
import { IDENTITY_TYPE } from './user-assigned-identities.ts';

const ASSIGN = `${IDENTITY_TYPE}/assign/action`;
const SYSTEM = 'SystemAssigned';
const USER = 'UserAssigned';

/** Whose identities are to change, and how. */
export interface IdentityChange {
  readonly call: ArmCall;
  /** The resource that has the identities. */
  readonly resource: { readonly id: string; readonly name: string; readonly type: string };
  /** Its `identity` before; undefined when it had none. */
  readonly before: JsonObject | undefined;
  /** Its `identity` as the client sent it. */
  readonly sent: JsonObject;
  /** PATCH: user-assigned identities that are not named stay, those with null go. Default: only those that are named are there. */
  readonly merge?: boolean;
}

/**
 * What a resource's `identity` becomes; undefined for none. A system-assigned one is a new principal of the directory, which
 * goes when the resource gives it up. Throws 400 for a type or an identity that does not exist, 403 LinkedAuthorizationFailed
 * when the caller may not assign it.
 */
export function changeIdentity(context: ArmContext, change: IdentityChange): JsonObject | undefined {
  const types = parseTypes(textOr(change.sent['type'], 'None'));
  const assigned = types.includes(USER) ? assignedIds(change) : [];
  if (types.includes(USER) && assigned.length === 0) {
    throw new AzureError(
      400,
      'InvalidIdentityValues',
      "Invalid value for the identities. The 'UserAssigned' identity type needs at least one resource id in 'userAssignedIdentities'.",
    );
  }
  const userAssignedIdentities = Object.fromEntries(assigned.map((id) => [id, describe(context, change, id)]));
  const system = systemPrincipal(context, change, types.includes(SYSTEM));
  if (types.length === 0) return undefined;
  return {
    type: types.join(', '),
    ...system,
    ...(assigned.length === 0 ? {} : { userAssignedIdentities }),
  };
}

/** Forgets the principal of a resource's system-assigned identity, when it has one. */
export function forgetSystemIdentity(context: ArmContext, identity: JsonObject | undefined): void {
  const principalId = identity?.['principalId'];
  if (typeof principalId === 'string') context.directory.remove(principalId);
}

function parseTypes(text: string): readonly string[] {
  const types = text.split(',').map((type) => type.trim().toLowerCase());
  const known = [SYSTEM, USER].filter((type) => types.includes(type.toLowerCase()));
  if (known.length === types.length || types[0] === 'none') return known;
  throw new AzureError(400, 'InvalidIdentityType', `The identity type '${text}' is not valid.`);
}

function assignedIds({ before, sent, merge = false }: IdentityChange): readonly string[] {
  const ids = new Map<string, string>();
  const had = before?.['userAssignedIdentities'];
  if (merge && isObject(had)) for (const id of Object.keys(had)) ids.set(id.toLowerCase(), id);
  const named = sent['userAssignedIdentities'];
  for (const [id, value] of isObject(named) ? Object.entries(named) : []) {
    if (value === null) ids.delete(id.toLowerCase());
    else if (!ids.has(id.toLowerCase())) ids.set(id.toLowerCase(), id);
  }
  return [...ids.values()];
}

function describe(context: ArmContext, { call, resource, before }: IdentityChange, id: string): JsonObject {
  const identity = context.resources.get(id);
  if (identity?.type !== IDENTITY_TYPE) {
    throw new AzureError(
      400,
      'FailedIdentityOperation',
      `Identity operation for resource '${resource.id}' failed with error 'Failed to perform resource identity ` +
        `operation. Status: 'NotFound'. Response: '${id}' was not found.'.`,
    );
  }
  const had = Object.keys((before?.['userAssignedIdentities'] ?? {}) as object).map((each) => each.toLowerCase());
  if (!had.includes(id.toLowerCase()) && !call.may(ASSIGN, identity.id)) {
    const { token } = call;
    throw new AzureError(
      403,
      'LinkedAuthorizationFailed',
      `The client '${token.clientId}' with object id '${token.objectId}' has permission to perform action ` +
        `'${resource.type}/write' on scope '${resource.id}'; however, it does not have permission to perform action(s) ` +
        `'${ASSIGN}' on the linked scope(s) '${identity.id}' (respectively) or the linked scope(s) are invalid.`,
    );
  }
  const { principalId, clientId } = identity.properties;
  return { principalId, clientId };
}

function systemPrincipal({ directory, random }: ArmContext, change: IdentityChange, wanted: boolean): JsonObject {
  const had = change.before?.['principalId'];
  const { tenantId } = directory.tenant;
  if (!wanted) {
    if (typeof had === 'string') directory.remove(had);
    return {};
  }
  if (typeof had === 'string') return { principalId: had, tenantId };
  const [principalId, clientId] = [random.uuid(), random.uuid()];
  directory.put({
    type: 'ManagedIdentity',
    objectId: principalId,
    clientId,
    displayName: change.resource.name,
    armId: change.resource.id,
    secrets: [],
    federatedCredentials: [],
  });
  return { principalId, tenantId };
}
