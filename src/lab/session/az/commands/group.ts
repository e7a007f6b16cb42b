import type { CommandSpec, OptionSpec } from '../command.ts';
import { location, name, noWait, tags, text } from '../options.ts';
import { withNulls, shapeResource } from '../shape.ts';

const API = '2024-11-01';

const groupName: OptionSpec = {
  ...name('Name of the resource group.'),
  names: ['--name', '--resource-group', '-n', '-g'],
  configured: 'defaults.group',
};

const NULLS = ['managedBy', 'tags'];

const columns = [
  ['Name', 'name'],
  ['Location', 'location'],
  ['Status', 'properties.provisioningState'],
] as const;

/** A resource group as az prints it: without `resourceGroup`. */
function shapeGroup(group: Parameters<typeof shapeResource>[0]) {
  const { resourceGroup: _own, ...shaped } = shapeResource(group);
  return withNulls(shaped, NULLS);
}

/** `az group …`. */
export const groupCommands: readonly CommandSpec[] = [
  {
    path: 'group create',
    summary: 'Create a resource group.',
    options: [groupName, { ...location, required: true, help: 'Azure region, for example eastus.' }, tags],
    example: 'group create --name demo --location eastus',
    run: async (context, args) => {
      const arm = await context.arm();
      // az sends `resourcegroups` in lower case here.
      const group = await arm.put(`${arm.subscription}/resourcegroups/${args.text('name')}`, API, {
        location: args.text('location'),
        ...(args.tags('tags') === undefined ? {} : { tags: args.tags('tags') }),
      });
      return shapeGroup(group ?? {});
    },
  },
  {
    path: 'group show',
    summary: 'Show a resource group.',
    options: [groupName],
    example: 'group show --name demo',
    run: async (context, args) => {
      const arm = await context.arm();
      return shapeGroup(await arm.get(`${arm.subscription}/resourcegroups/${args.text('name')}`, API));
    },
  },
  {
    path: 'group list',
    summary: 'List the resource groups of the subscription.',
    options: [text('tag', '--tag', 'Only groups with this tag: key[=value].')],
    example: 'group list --output table',
    columns,
    run: async (context, args) => {
      const arm = await context.arm();
      const [key = '', value] = (args.optional('tag') ?? '').split('=');
      const filter =
        key === '' ? undefined : `tagname eq '${key}'${value === undefined ? '' : ` and tagvalue eq '${value}'`}`;
      return (await arm.list(`${arm.subscription}/resourcegroups`, API, filter)).map(shapeGroup);
    },
  },
  {
    path: 'group exists',
    summary: 'Say whether a resource group exists.',
    options: [groupName],
    example: 'group exists --name demo',
    run: async (context, args) => {
      const arm = await context.arm();
      return arm.exists(`${arm.subscription}/resourcegroups/${args.text('name')}`, API);
    },
  },
  {
    path: 'group delete',
    summary: 'Delete a resource group and all that is in it.',
    options: [groupName, noWait],
    example: 'group delete --name demo --yes',
    confirm: true,
    run: async (context, args) => {
      const arm = await context.arm();
      const path = `${arm.subscription}/resourcegroups/${args.text('name')}`;
      await arm.delete(path, API, { noWait: args.flag('noWait') });
      return undefined;
    },
  },
];
