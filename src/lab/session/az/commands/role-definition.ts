import type { CommandSpec } from '../command.ts';
import { AzError } from '../errors.ts';
import { fillFields } from '../fields.ts';
import { at, textAt, type JsonObject } from '../json.ts';
import { boolean, resourceGroup, text } from '../options.ts';
import { flattenResource } from '../shape.ts';
import { DEFINITION_API, findDefinitions, roleScope } from './role-scope.ts';

/** `--scope`. */
export const scopeOption = text(
  'scope',
  '--scope',
  'Where it applies: the id of a subscription, resource group or resource. Default: the subscription.',
);

/** `--resource-group`, instead of a scope. */
export const scopeGroup = { ...resourceGroup, required: false, help: 'The resource group as the scope.' };

const FIELDS = {
  '': 'createdBy createdOn description systemData updatedBy updatedOn',
  'permissions[]': 'actions condition conditionVersion dataActions notActions notDataActions',
};

/** A role definition as az prints it: its type is the resource's, the kind of role is `roleType`. */
function shapeDefinition(definition: JsonObject): JsonObject {
  const { resourceGroup: _group, ...flat } = flattenResource(definition);
  const { type: _kind, ...rest } = flat;
  return fillFields(
    { ...rest, roleType: at(definition, 'properties.type') ?? null, type: definition['type'] ?? null },
    FIELDS,
  );
}

/** `az role definition …`. */
export const roleDefinitionCommands: readonly CommandSpec[] = [
  {
    path: 'role definition list',
    summary: 'List the roles of a scope.',
    options: [
      text('name', ['--name', '-n'], 'Only the role with this name or GUID.'),
      scopeOption,
      scopeGroup,
      boolean('customOnly', '--custom-role-only', 'No built-in roles.'),
    ],
    example: 'role definition list --name "Key Vault Secrets User"',
    columns: [
      ['Name', 'roleName'],
      ['Type', 'type'],
      ['Description', 'description'],
    ],
    run: async (context, args) => {
      const arm = await context.arm();
      const scope = roleScope(arm, args.optional('scope'), args.optional('resourceGroup'));
      const found = await findDefinitions(arm, scope, args.optional('name'));
      return found
        .filter((definition) => !args.flag('customOnly') || textAt(definition, 'properties.type') === 'CustomRole')
        .map(shapeDefinition);
    },
  },
  {
    path: 'role definition show',
    summary: 'Show a role.',
    options: [
      text('name', ['--name', '-n'], 'The GUID of the role.'),
      scopeOption,
      text('id', '--id', 'The id of the role, instead of --name and --scope.'),
    ],
    example: 'role definition show --name 4633458b-17de-408a-b874-0445c86b69e6 --scope /subscriptions/SUBSCRIPTION',
    run: async (context, args) => {
      const [id, name, scope] = [args.optional('id'), args.optional('name'), args.optional('scope')];
      if (id === undefined && (name === undefined || scope === undefined)) {
        const given = name !== undefined || scope !== undefined;
        throw new AzError(
          'error',
          given ? 'Usage error: Provide both --scope and --name' : 'Usage error: Provide --scope and --name, or --id',
        );
      }
      const arm = await context.arm();
      const path = id ?? `${scope}/providers/Microsoft.Authorization/roleDefinitions/${name}`;
      return shapeDefinition(await arm.get(path, DEFINITION_API));
    },
  },
];
