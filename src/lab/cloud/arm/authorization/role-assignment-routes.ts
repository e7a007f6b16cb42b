import type { Clock } from '#base';
import type { Directory, Principal } from '../../directory.ts';
import { AzureError } from '../../rest/azure-error.ts';
import { empty, json, objectOr, queryValue, textOr, type JsonObject } from '../../rest/request.ts';
import type { ArmCall, ArmRoute } from '../arm-call.ts';
import { badRequest } from '../arm-errors.ts';
import type { Access } from './access.ts';
import { authorizationFailed } from './authorize.ts';
import { scopeHolds } from './permissions.ts';
import { parseAssignmentFilter } from './role-assignment-filter.ts';
import type { PrincipalType, RoleAssignment } from './role-assignments.ts';
import { definitionId, definitionNameOf, roleDefinitionMissing } from './role-definition-routes.ts';

/** The type of role assignments. */
export const ASSIGNMENT_TYPE = 'Microsoft.Authorization/roleAssignments';

const GUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
const TYPES: Readonly<Record<Principal['type'], PrincipalType>> = {
  User: 'User',
  Application: 'ServicePrincipal',
  ManagedIdentity: 'ServicePrincipal',
};

/** What the routes need. */
export interface RoleAssignmentDeps {
  readonly access: Access;
  readonly directory: Directory;
  readonly clock: Clock;
  /** Throws ARM's 404 when there is nothing at `scope`. */
  requireScope(scope: string): void;
}

/** The operations on role assignments, at any scope (`:scope` is set by who matches an extension's path). */
export function createRoleAssignmentRoutes(deps: RoleAssignmentDeps): readonly ArmRoute[] {
  const { access, directory } = deps;
  const { assignments, definitions } = access;
  const { subscriptionId } = directory.subscription;

  const render = (assignment: RoleAssignment) => ({
    properties: {
      roleDefinitionId: definitionId(subscriptionId, assignment.roleName),
      principalId: assignment.principalId,
      principalType: assignment.principalType,
      scope: assignment.scope,
      condition: assignment.condition ?? null,
      conditionVersion: assignment.conditionVersion ?? null,
      createdOn: assignment.createdOn,
      updatedOn: assignment.updatedOn,
      createdBy: assignment.createdBy,
      updatedBy: assignment.updatedBy,
      delegatedManagedIdentityResourceId: null,
      description: assignment.description ?? null,
    },
    id: `${assignment.scope === '/' ? '' : assignment.scope}/providers/${ASSIGNMENT_TYPE}/${assignment.name}`,
    type: ASSIGNMENT_TYPE,
    name: assignment.name,
  });

  const placeOf = (call: ArmCall) => {
    const { scope = '/', name = '' } = call.params;
    return { scope, name, existing: assignments.find(scope, name) };
  };

  // Some roles assign certain other roles only.
  const checkMayAssign = (call: ArmCall, verb: 'write' | 'delete', scope: string, name: string, roleName: string) => {
    const action = `${ASSIGNMENT_TYPE}/${verb}`;
    const roles = access.rolesFor(call.token.objectId, { plane: 'control', action }, scope);
    if (roles.some(({ assignsOnly }) => assignsOnly === undefined || assignsOnly.includes(roleName))) return;
    throw authorizationFailed(directory, call.token, {
      action,
      scope: `${scope}/providers/${ASSIGNMENT_TYPE}/${name}`,
    });
  };

  const put = async (call: ArmCall) => {
    const { scope, name, existing } = placeOf(call);
    const wanted = parseAssignment(name, await call.body());
    deps.requireScope(scope);
    if (definitions.find(wanted.roleName) === undefined) throw roleDefinitionMissing(wanted.roleName);
    checkMayAssign(call, 'write', scope, name, wanted.roleName);
    const principalType = resolvePrincipal(directory, wanted.principalId, wanted.principalType);
    const same = (other: RoleAssignment) =>
      other.roleName === wanted.roleName &&
      other.principalId.toLowerCase() === wanted.principalId.toLowerCase() &&
      other.scope.toLowerCase() === scope.toLowerCase();
    if (existing !== undefined && !same(existing)) throw updateNotPermitted();
    const twin = assignments.all().find((other) => other !== existing && same(other));
    if (twin !== undefined) throw assignmentExists(twin);
    const now = new Date(deps.clock.now()).toISOString();
    const by = call.token.objectId;
    const assignment: RoleAssignment = {
      ...wanted,
      name: existing?.name ?? name,
      scope: existing?.scope ?? scope,
      principalType,
      createdOn: existing?.createdOn ?? now,
      createdBy: existing?.createdBy ?? by,
      updatedOn: now,
      updatedBy: by,
    };
    assignments.put(assignment);
    return json(existing === undefined ? 201 : 200, render(assignment));
  };

  const remove = (call: ArmCall) => {
    const { scope, name, existing } = placeOf(call);
    if (existing === undefined) return empty(204);
    checkMayAssign(call, 'delete', scope, name, existing.roleName);
    assignments.remove(existing);
    return json(200, render(existing));
  };

  const get = (call: ArmCall) => {
    const { name, existing } = placeOf(call);
    if (existing === undefined) throw assignmentNotFound(name);
    return json(200, render(existing));
  };

  const list = (call: ArmCall) => {
    const { scope = '/' } = call.params;
    deps.requireScope(scope);
    const filter = parseAssignmentFilter(queryValue(call.url, '$filter') ?? '');
    const found = assignments
      .all()
      .filter(
        (assignment) => scopeHolds(assignment.scope, scope) || (!filter.atScope && scopeHolds(scope, assignment.scope)),
      )
      .filter(
        ({ principalId }) => filter.principalId === undefined || principalId.toLowerCase() === filter.principalId,
      );
    return json(200, { value: found.map(render) });
  };

  const path = `/providers/${ASSIGNMENT_TYPE}`;
  const one = `${path}/:name`;
  return [
    { method: 'GET', path, operation: `${ASSIGNMENT_TYPE}/read`, handle: list },
    { method: 'GET', path: one, operation: `${ASSIGNMENT_TYPE}/read`, handle: get },
    { method: 'PUT', path: one, operation: `${ASSIGNMENT_TYPE}/write`, handle: put },
    { method: 'DELETE', path: one, operation: `${ASSIGNMENT_TYPE}/delete`, handle: remove },
  ];
}

interface WantedAssignment extends Pick<
  RoleAssignment,
  'roleName' | 'principalId' | 'description' | 'condition' | 'conditionVersion'
> {
  readonly principalType?: string;
}

function parseAssignment(name: string, body: JsonObject): WantedAssignment {
  if (!GUID.test(name)) {
    throw new AzureError(
      400,
      'InvalidRoleAssignmentId',
      `The role assignment ID '${name}' is not valid. The role assignment ID must be a GUID.`,
    );
  }
  // api-versions before 2018 had the fields beside `properties` too.
  const properties = objectOr(body['properties'] ?? body);
  const roleName = definitionNameOf(textOr(properties['roleDefinitionId'], ''));
  const principalId = textOr(properties['principalId'], '');
  if (roleName === undefined) {
    throw badRequest("The request was incorrectly formatted: 'roleDefinitionId' names no role definition.");
  }
  if (!GUID.test(principalId)) {
    throw new AzureError(
      400,
      'InvalidPrincipalId',
      `A valid principal ID must be provided for role assignment. The principal ID '${principalId}' is no GUID.`,
    );
  }
  const optional = (field: string) => {
    const text = properties[field];
    return typeof text === 'string' && text !== '' ? { [field]: text } : {};
  };
  return {
    roleName,
    principalId,
    ...optional('principalType'),
    ...optional('description'),
    ...optional('condition'),
    ...optional('conditionVersion'),
  };
}

/** The principal's type, from the directory. Throws 400 when the directory has no such principal, or one of another type. */
function resolvePrincipal(directory: Directory, principalId: string, sent: string | undefined): PrincipalType {
  const principal = directory.byObjectId(principalId);
  const group = directory.groupByObjectId(principalId);
  if (principal === undefined && group === undefined) {
    throw new AzureError(
      400,
      'PrincipalNotFound',
      `Principal ${principalId.replaceAll('-', '')} does not exist in the directory ${directory.tenant.tenantId}. Check ` +
        'that you have the correct principal ID. If you are creating this principal and then immediately assigning a ' +
        'role, this error might be related to a replication delay. In this case, set the role assignment principalType ' +
        'property to a value, such as ServicePrincipal, User, or Group.  See https://aka.ms/docs-principaltype',
    );
  }
  const type = principal === undefined ? 'Group' : TYPES[principal.type];
  if (sent !== undefined && sent.toLowerCase() !== type.toLowerCase()) {
    throw new AzureError(
      400,
      'UnmatchedPrincipalType',
      `The PrincipalId '${principalId.replaceAll('-', '')}' has type '${type}' , which is different from specified ` +
        `PrinciaplType '${sent}'.`,
    );
  }
  return type;
}

function assignmentNotFound(name: string): AzureError {
  return new AzureError(404, 'RoleAssignmentNotFound', `The role assignment '${name}' is not found.`);
}

function assignmentExists({ name }: RoleAssignment): AzureError {
  return new AzureError(
    409,
    'RoleAssignmentExists',
    `The role assignment already exists. The ID of the existing role assignment is ${name.replaceAll('-', '')}.`,
  );
}

function updateNotPermitted(): AzureError {
  return new AzureError(
    409,
    'RoleAssignmentUpdateNotPermitted',
    'Tenant ID, application ID, principal ID, and scope are not allowed to be updated.',
  );
}
