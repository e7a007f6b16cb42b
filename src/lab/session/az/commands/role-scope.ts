import type { Arm } from '../arm.ts';
import { AzError } from '../errors.ts';
import { textAt, type JsonObject } from '../json.ts';
import { isGuid } from './principals.ts';

/** The api-version of role definitions. */
export const DEFINITION_API = '2022-05-01-preview';

const PROVIDER = 'providers/Microsoft.Authorization';

/** The scope that `--scope` or `--resource-group` names: without either the subscription. */
export function roleScope(arm: Arm, scope: string | undefined, group: string | undefined): string {
  if (scope !== undefined && group !== undefined) {
    throw new AzError('error', `Resource group "${group}" is redundant because scope is supplied`);
  }
  if (scope === undefined)
    return group === undefined ? arm.subscription : `${arm.subscription}/resourceGroups/${group}`;
  const isId = /^\/subscriptions\/[^/]+(\/resourceGroups\/[^/]+)?(\/providers\/[^/]+(\/[^/]+\/[^/]+)+)*\/?$/i.test(
    scope,
  );
  if (scope.startsWith('/subscriptions/') && !isId) {
    throw new AzError('error', 'Invalid scope. Please use --help to view the valid format.');
  }
  return scope;
}

/** The role definitions of a scope, those of a name (GUID or role name) where one is given. */
export async function findDefinitions(
  arm: Arm,
  scope: string,
  name: string | undefined,
): Promise<readonly JsonObject[]> {
  const filter = name === undefined || isGuid(name) ? undefined : `roleName eq '${name.replaceAll("'", "''")}'`;
  const found = await arm.list(`${scope}/${PROVIDER}/roleDefinitions`, DEFINITION_API, filter);
  return found.filter(
    (definition) =>
      name === undefined || textAt(definition, 'name') === name || textAt(definition, 'properties.roleName') === name,
  );
}

/** The id of a role that is named by its id, its GUID or its name. Throws az's error when there is none. */
export async function roleId(arm: Arm, scope: string, role: string): Promise<string> {
  if (/^\/subscriptions\/.+\/providers\/Microsoft.Authorization\/roleDefinitions\//i.test(role)) return role;
  if (isGuid(role)) return `${arm.subscription}/${PROVIDER}/roleDefinitions/${role}`;
  const filter = `roleName eq '${role.replaceAll("'", "''")}'`;
  const found = await arm.list(`${scope}/${PROVIDER}/roleDefinitions`, DEFINITION_API, filter);
  const ids = found.map((definition) => textAt(definition, 'id') ?? '');
  if (ids.length > 1) {
    throw new AzError(
      'error',
      `More than one role matches the given name '${role}'. Please pick a value from '${ids.join(', ')}'`,
    );
  }
  if (ids[0] === undefined) throw new AzError('error', `Role '${role}' doesn't exist.`);
  return ids[0];
}
