import { AzureError } from '../../rest/azure-error.ts';
import { empty, json, objectOr, queryValue, textOr, type JsonObject } from '../../rest/request.ts';
import type { ArmCall, ArmRoute } from '../arm-call.ts';
import type { Directory } from '../../directory.ts';
import type { Access } from './access.ts';
import { authorizationFailed } from './authorize.ts';
import type { RoleDefinition, RolePermissions } from './built-in-roles.ts';
import { scopeHolds } from './permissions.ts';

/** The type of role definitions. */
export const DEFINITION_TYPE = 'Microsoft.Authorization/roleDefinitions';

const ID = /(?:^|\/)([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$/i;
const NAME_FILTER = /^roleName\s+eq\s+'((?:[^']|'')*)'$/i;
const TYPE_FILTER = /^type\s+eq\s+'(\w+)'$/i;

/** The ARM id of a role, as assignments name it. */
export function definitionId(subscriptionId: string, name: string): string {
  return `/subscriptions/${subscriptionId}/providers/${DEFINITION_TYPE}/${name}`;
}

/** The GUID at the end of a role's ARM id, or of a GUID alone; undefined when there is none. */
export function definitionNameOf(id: string): string | undefined {
  return ID.exec(id)?.[1]?.toLowerCase();
}

/** 404 for a role that does not exist. */
export function roleDefinitionMissing(name: string): AzureError {
  return new AzureError(
    404,
    'RoleDefinitionDoesNotExist',
    `The specified role definition with ID '${name.replaceAll('-', '')}' does not exist.`,
  );
}

/** The operations on role definitions, at any scope. */
export function createRoleDefinitionRoutes(access: Access, directory: Directory): readonly ArmRoute[] {
  const { definitions, assignments } = access;
  const { subscriptionId } = directory.subscription;
  const render = (role: RoleDefinition) => ({
    properties: {
      roleName: role.roleName,
      type: role.type,
      description: role.description,
      assignableScopes: role.assignableScopes,
      permissions: role.permissions,
    },
    id: definitionId(subscriptionId, role.name),
    type: DEFINITION_TYPE,
    name: role.name,
  });
  const isAt = (role: RoleDefinition, scope: string) =>
    role.assignableScopes.some((each) => scopeHolds(each, scope) || scopeHolds(scope, each));

  const list = (call: ArmCall) => {
    const { scope = '/' } = call.params;
    const fits = parseFilter(queryValue(call.url, '$filter') ?? '');
    return json(200, {
      value: definitions
        .all()
        .filter((role) => isAt(role, scope) && fits(role))
        .map(render),
    });
  };

  const find = (call: ArmCall) => definitions.find(call.params['name'] ?? '');
  const get = (call: ArmCall) => {
    const role = find(call);
    if (role === undefined) throw roleDefinitionMissing(call.params['name'] ?? '');
    return json(200, render(role));
  };

  // A role is changed for all who have it, so the right is needed wherever it can be assigned.
  const checkMayChange = (call: ArmCall, verb: 'write' | 'delete', scopes: readonly string[]) => {
    const action = `${DEFINITION_TYPE}/${verb}`;
    const refused = scopes.find((scope) => !call.may(action, scope));
    if (refused === undefined) return;
    throw authorizationFailed(directory, call.token, { action, scope: refused });
  };

  const put = async (call: ArmCall) => {
    const existing = find(call);
    if (existing?.type === 'BuiltInRole') throw builtInRole(existing);
    const role = parseRole((call.params['name'] ?? '').toLowerCase(), await call.body());
    checkMayChange(call, 'write', [...role.assignableScopes, ...(existing?.assignableScopes ?? [])]);
    const twin = definitions.all().find((other) => other.name !== role.name && sameText(other.roleName, role.roleName));
    if (twin !== undefined) {
      throw new AzureError(
        409,
        'RoleDefinitionWithSameNameExists',
        'A custom role with the same name already exists in this directory. Use a different name',
      );
    }
    definitions.put(role);
    return json(201, render(role));
  };

  const remove = (call: ArmCall) => {
    const role = find(call);
    if (role === undefined) return empty(204);
    if (role.type === 'BuiltInRole') throw builtInRole(role);
    checkMayChange(call, 'delete', role.assignableScopes);
    if (assignments.all().some(({ roleName }) => roleName === role.name)) {
      throw new AzureError(
        400,
        'RoleDefinitionHasAssignments',
        `There are existing role assignments referencing role '${role.name}'. Remove them before deleting it.`,
      );
    }
    definitions.remove(role.name);
    return json(200, render(role));
  };

  const path = `/providers/${DEFINITION_TYPE}`;
  const one = `${path}/:name`;
  return [
    { method: 'GET', path, operation: `${DEFINITION_TYPE}/read`, handle: list },
    { method: 'GET', path: one, operation: `${DEFINITION_TYPE}/read`, handle: get },
    { method: 'PUT', path: one, operation: `${DEFINITION_TYPE}/write`, handle: put },
    { method: 'DELETE', path: one, operation: `${DEFINITION_TYPE}/delete`, handle: remove },
  ];
}

function parseFilter(filter: string): (role: RoleDefinition) => boolean {
  const tests = filter
    .split(/\s+and\s+/i)
    .map((clause) => clause.trim())
    .filter((clause) => clause !== '' && !/^atScope(AndBelow)?\(\)$/i.test(clause))
    .map((clause) => {
      const [, name] = NAME_FILTER.exec(clause) ?? [];
      const [, type] = TYPE_FILTER.exec(clause) ?? [];
      if (name !== undefined) {
        return (role: RoleDefinition) => sameText(role.roleName, name.replaceAll("''", "'"));
      }
      if (type !== undefined) return (role: RoleDefinition) => sameText(role.type, type);
      throw new AzureError(400, 'UnsupportedQuery', `The filter '${filter}' is not supported.`);
    });
  return (role) => tests.every((test) => test(role));
}

function parseRole(name: string, body: JsonObject): RoleDefinition {
  const properties = objectOr(body['properties']);
  const roleName = textOr(properties['roleName'], '');
  const sets = properties['permissions'];
  const assignableScopes = texts(properties['assignableScopes']);
  if (definitionNameOf(name) !== name || roleName === '' || !Array.isArray(sets) || assignableScopes.length === 0) {
    throw new AzureError(
      400,
      'InvalidRoleDefinition',
      'The role definition is not valid: its name must be a GUID, and it needs roleName, permissions and assignableScopes.',
    );
  }
  const permissions: RolePermissions[] = sets.map((set: unknown) => {
    const { actions, notActions, dataActions, notDataActions } = objectOr(set);
    return {
      actions: texts(actions),
      notActions: texts(notActions),
      dataActions: texts(dataActions),
      notDataActions: texts(notDataActions),
    };
  });
  const description = textOr(properties['description'], '');
  return { name, roleName, description, type: 'CustomRole', permissions, assignableScopes };
}

function texts(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.filter((item) => typeof item === 'string') : [];
}

function sameText(a: string, b: string): boolean {
  return a.toLowerCase() === b.toLowerCase();
}

function builtInRole({ roleName }: RoleDefinition): AzureError {
  return new AzureError(403, 'RoleDefinitionUpdateNotPermitted', `The built-in role '${roleName}' cannot be changed.`);
}
