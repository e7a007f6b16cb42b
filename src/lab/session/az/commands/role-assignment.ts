import type { Arm } from '../arm.ts';
import type { Args } from '../args.ts';
import type { CommandSpec } from '../command.ts';
import type { CommandContext } from '../context.ts';
import { AzError, AzHttpError } from '../errors.ts';
import { textAt, type Json, type JsonObject } from '../json.ts';
import { boolean, flag, text, yes } from '../options.ts';
import { flattenResource, pythonTime, withNulls } from '../shape.ts';
import { displayedName, findAssignee, typeOfPrincipal, type Assignee } from './principals.ts';
import { scopeGroup, scopeOption } from './role-definition.ts';
import { DEFINITION_API, roleId, roleScope } from './role-scope.ts';

const API = '2022-04-01';
const PATH = 'providers/Microsoft.Authorization/roleAssignments';

const assigneeOptions = [
  text('assignee', '--assignee', 'Who: a user’s principal name, a client id or an object id.'),
  text('assigneeObjectId', '--assignee-object-id', 'Who: the object (principal) id. Graph is not asked.'),
];

const includeInherited = flag('includeInherited', '--include-inherited', 'Also assignments on scopes above.');

/** What a created assignment has even where it is null; a listed one lacks what is null. */
const CREATED_NULLS = [
  'condition',
  'conditionVersion',
  'delegatedManagedIdentityResourceId',
  'description',
  'systemData',
];

/** `az role assignment …`. */
export const roleAssignmentCommands: readonly CommandSpec[] = [
  {
    path: 'role assignment create',
    summary: 'Give a role to a principal on a scope. Roles on a vault count when it uses RBAC.',
    options: [
      text('role', '--role', 'Name or GUID of the role.', { required: true }),
      { ...scopeOption, required: true },
      ...assigneeOptions,
      text('principalType', '--assignee-principal-type', 'What the object id belongs to.', {
        choices: ['ForeignGroup', 'Group', 'ServicePrincipal', 'User'],
      }),
      text('name', ['--name', '-n'], 'A GUID for the assignment. Default: a new one.'),
      text('description', '--description', 'Why it is given.'),
      text('condition', '--condition', 'When it counts.'),
      text('conditionVersion', '--condition-version', 'Syntax of the condition. Default: 2.0.'),
    ],
    example:
      'role assignment create --assignee CLIENT_ID --role "Key Vault Secrets User" --scope /subscriptions/SUBSCRIPTION/resourceGroups/demo',
    run: createAssignment,
  },
  {
    path: 'role assignment list',
    summary: 'List who has which role.',
    options: [
      ...assigneeOptions,
      text('role', '--role', 'Only this role.'),
      scopeOption,
      scopeGroup,
      flag('all', '--all', 'All assignments of the subscription.'),
      includeInherited,
      flag('includeGroups', '--include-groups', 'Also what the principal has by its groups.'),
      boolean('fillRoleName', '--fill-role-definition-name', 'Look up the names of the roles. Default: true.'),
      boolean('fillPrincipalName', '--fill-principal-name', 'Look up the names of the principals. Default: true.'),
    ],
    example: 'role assignment list --all --output table',
    columns: [
      ['Principal', 'principalName'],
      ['Role', 'roleDefinitionName'],
      ['Scope', 'scope'],
    ],
    run: async (context, args) => {
      const arm = await context.arm();
      const [scope, group] = [args.optional('scope'), args.optional('resourceGroup')];
      if (args.flag('all') && (scope !== undefined || group !== undefined)) {
        throw new AzError('error', 'group or scope are not required when --all is used');
      }
      const place = args.flag('all') ? undefined : roleScope(arm, scope, group);
      return listAssignments(context, {
        scope: place,
        objectId: await objectIdOf(context, args),
        role: args.optional('role'),
        includeInherited: args.flag('includeInherited'),
        includeGroups: args.flag('includeGroups'),
        roleNames: args.boolean('fillRoleName') ?? true,
        principalNames: args.boolean('fillPrincipalName') ?? true,
      });
    },
  },
  {
    path: 'role assignment delete',
    summary: 'Take roles from a principal.',
    options: [
      { key: 'ids', names: ['--ids'], kind: 'list', help: 'Ids of assignments, instead of the options below.' },
      ...assigneeOptions,
      text('role', '--role', 'Only this role.'),
      scopeOption,
      scopeGroup,
      includeInherited,
      { ...yes, help: 'Accepted; nothing is asked.' },
    ],
    example: 'role assignment delete --assignee CLIENT_ID --role Reader --resource-group demo',
    run: deleteAssignments,
  },
];

async function createAssignment(context: CommandContext, args: Args): Promise<Json> {
  const [condition, conditionVersion] = [args.optional('condition'), args.optional('conditionVersion')];
  if (conditionVersion !== undefined && condition === undefined) {
    throw new AzError('error', 'usage error: When --condition-version is set, --condition must be set as well.');
  }
  const assignee = await newAssignee(context, args);
  const [scope, role] = [args.text('scope'), args.text('role')];
  try {
    const made = await assignRole(context, {
      assignee,
      scope,
      role,
      name: args.optional('name'),
      more: {
        description: args.optional('description'),
        condition,
        conditionVersion: condition === undefined ? undefined : (conditionVersion ?? '2.0'),
      },
    });
    return withNulls(shapeAssignment(made), CREATED_NULLS);
  } catch (error) {
    if (!(error instanceof AzHttpError) || error.azureCode !== 'RoleAssignmentExists') throw error;
    const same = await listAssignments(context, { scope, objectId: assignee.objectId, role });
    return same[0] ?? null;
  }
}

/** A role for a principal on a scope. */
export interface NewAssignment {
  readonly assignee: Assignee;
  readonly scope: string;
  /** Id, GUID or name of the role. */
  readonly role: string;
  /** The GUID of the assignment; a new one by default. */
  readonly name?: string | undefined;
  /** Further properties. */
  readonly more?: JsonObject;
}

/** Assigns a role and answers the assignment as ARM sent it. Throws ARM's refusals, `RoleAssignmentExists` among them. */
export async function assignRole(context: CommandContext, assignment: NewAssignment): Promise<JsonObject> {
  const { assignee, name = context.io.random.uuid(), more } = assignment;
  const arm = await context.arm();
  const scope = roleScope(arm, assignment.scope, undefined);
  const properties = {
    roleDefinitionId: await roleId(arm, scope, assignment.role),
    principalId: assignee.objectId,
    principalType: assignee.type,
    ...more,
  };
  return (await arm.put(`${scope}/${PATH}/${name}`, API, { properties })) ?? {};
}

async function newAssignee(context: CommandContext, args: Args): Promise<Assignee> {
  const [who, objectId, type] = [
    args.optional('assignee'),
    args.optional('assigneeObjectId'),
    args.optional('principalType'),
  ];
  if ((who === undefined) === (objectId === undefined)) {
    throw new AzError('error', 'usage error: --assignee STRING | --assignee-object-id GUID');
  }
  if (type !== undefined && objectId === undefined) {
    throw new AzError('error', 'usage error: --assignee-object-id GUID --assignee-principal-type TYPE');
  }
  if (objectId === undefined) return findAssignee(context, who ?? '');
  if (type !== undefined) return { objectId, type };
  context.warn(
    'RBAC service might reject creating role assignment without --assignee-principal-type in the future. Better to specify --assignee-principal-type manually.',
  );
  return { objectId, type: await typeOfPrincipal(context, objectId) };
}

async function deleteAssignments(context: CommandContext, args: Args): Promise<undefined> {
  const arm = await context.arm();
  const ids = args.list('ids');
  const narrowing = ['assignee', 'assigneeObjectId', 'role', 'resourceGroup', 'scope'];
  if (ids === undefined && narrowing.every((key) => args.optional(key) === undefined)) {
    throw new AzError(
      'error',
      'Please provide at least one of these arguments: --ids, --assignee, --assignee-object-id, --role, --resource-group, --scope',
    );
  }
  const found =
    ids ??
    (
      await searchAssignments(arm, {
        objectId: await objectIdOf(context, args),
        scope: roleScope(arm, args.optional('scope'), args.optional('resourceGroup')),
        role: args.optional('role'),
        includeInherited: args.flag('includeInherited'),
      })
    ).map((assignment) => textAt(assignment, 'id') ?? '');
  if (found.length === 0) throw new AzError('error', 'No matched assignments were found to delete');
  for (const id of found) await arm.delete(id, API);
  return undefined;
}

async function objectIdOf(context: CommandContext, args: Args): Promise<string | undefined> {
  const [who, objectId] = [args.optional('assignee'), args.optional('assigneeObjectId')];
  if (who !== undefined && objectId !== undefined) {
    throw new AzError('error', 'Usage error: Provide only one of --assignee or --assignee-object-id.');
  }
  return who === undefined ? objectId : (await findAssignee(context, who)).objectId;
}

interface AssignmentSearch {
  /** Undefined: all of the subscription. */
  readonly scope: string | undefined;
  readonly objectId: string | undefined;
  readonly role: string | undefined;
  readonly includeInherited?: boolean;
  readonly includeGroups?: boolean;
}

/** az asks for everything that counts at a scope and leaves out by itself what is not at the scope. */
async function searchAssignments(arm: Arm, search: AssignmentSearch): Promise<readonly JsonObject[]> {
  const { scope, objectId, role, includeInherited = false, includeGroups = false } = search;
  const byGroups = objectId !== undefined && includeGroups ? `assignedTo('${objectId}')` : undefined;
  const byPrincipal = objectId === undefined ? undefined : (byGroups ?? `principalId eq '${objectId}'`);
  const filter = scope === undefined ? byPrincipal : ['atScope()', byGroups].filter(Boolean).join(' and ');
  const found = await arm.list(`${scope ?? arm.subscription}/${PATH}`, API, filter);
  const id = role === undefined ? undefined : await roleId(arm, scope ?? arm.subscription, role);
  return found.filter(
    (assignment) =>
      (scope === undefined ||
        includeInherited ||
        textAt(assignment, 'properties.scope')?.toLowerCase() === scope.toLowerCase()) &&
      (id === undefined || textAt(assignment, 'properties.roleDefinitionId') === id) &&
      (objectId === undefined || includeGroups || textAt(assignment, 'properties.principalId') === objectId),
  );
}

async function listAssignments(
  context: CommandContext,
  search: AssignmentSearch & { readonly roleNames?: boolean; readonly principalNames?: boolean },
): Promise<readonly JsonObject[]> {
  const arm = await context.arm();
  let found = (await searchAssignments(arm, search)).map(shapeAssignment);
  if (found.length === 0) return found;
  if (search.roleNames ?? true) {
    const scope = search.scope ?? arm.subscription;
    const roles = await arm.list(`${scope}/providers/Microsoft.Authorization/roleDefinitions`, DEFINITION_API);
    const names = new Map(roles.map((role) => [textAt(role, 'id'), textAt(role, 'properties.roleName') ?? null]));
    found = found.map((item) => ({ ...item, roleDefinitionName: names.get(textAt(item, 'roleDefinitionId')) ?? null }));
  }
  if (search.principalNames ?? true) {
    const ids = [...new Set(found.map((item) => textAt(item, 'principalId') ?? ''))];
    const objects = await (await context.graph()).objects(ids);
    const names = new Map(objects.map((object) => [textAt(object, 'id'), displayedName(object)]));
    found = found.map((item) => ({ ...item, principalName: names.get(textAt(item, 'principalId')) ?? '' }));
  }
  return found;
}

/** An assignment without what is null, with times as Python writes them. */
function shapeAssignment(assignment: JsonObject): JsonObject {
  const flat = flattenResource(assignment);
  return Object.fromEntries(
    Object.entries(flat)
      .filter(([, value]) => value !== null && value !== undefined)
      .map(([key, value]) => [key, key.endsWith('On') ? pythonTime(value) : value]),
  );
}
