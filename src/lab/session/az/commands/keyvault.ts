import type { Arm } from '../arm.ts';
import type { Args } from '../args.ts';
import type { CommandSpec, OptionSpec } from '../command.ts';
import type { CommandContext } from '../context.ts';
import { AzError } from '../errors.ts';
import type { Json, JsonObject } from '../json.ts';
import { boolean, flag, location, noWait, resourceGroup, tags, text } from '../options.ts';
import { rulesOf } from './network-rules.ts';
import { locationOf } from './resource-group.ts';
import { changing, givenProperties, propertyOptions } from './vault-change.ts';
import { findVaultPath, optionalGroup, SOFT_DELETE_PAGE, VAULT_API, vaultName, vaultPath } from './vault-lookup.ts';
import { shapeVault } from './vault-shape.ts';

const SOFT_DELETE_WARNING = `Warning! If you have soft-delete protection enabled on this key vault, you will not be able to reuse this key vault name until the key vault has been purged from the soft deleted state. Please see the following documentation for additional guidance.\n${SOFT_DELETE_PAGE}`;

const createOptions: readonly OptionSpec[] = [
  vaultName,
  resourceGroup,
  location,
  text('sku', '--sku', 'Pricing tier.', { choices: ['premium', 'standard'], fallback: 'standard' }),
  boolean(
    'rbac',
    '--enable-rbac-authorization',
    'Data actions are allowed by role assignments instead of access policies. Default here: false, as most tutorials expect; the az of today takes true.',
  ),
  flag('noSelfPerms', '--no-self-perms', 'Do not give the creator an access policy.'),
  ...propertyOptions,
  { key: 'networkAclsIps', names: ['--network-acls-ips'], kind: 'list', help: 'Addresses that are let through.' },
  {
    key: 'networkAclsVnets',
    names: ['--network-acls-vnets'],
    kind: 'list',
    help: 'Subnets that are let through: ids, or NETWORK/SUBNET.',
  },
  tags,
  noWait,
];

/** `az keyvault …`, without its subgroups, policies and deleted vaults. */
export const keyvaultCommands: readonly CommandSpec[] = [
  {
    path: 'keyvault create',
    summary: 'Create a vault. Its creator gets all permissions on it.',
    options: createOptions,
    example: 'keyvault create --name demo-vault --resource-group demo --location eastus',
    run: createVault,
  },
  {
    path: 'keyvault show',
    summary: 'Show a vault.',
    options: [vaultName, optionalGroup],
    example: 'keyvault show --name demo-vault --query properties.vaultUri --output tsv',
    run: async (context, args) => {
      const arm = await context.arm();
      const path = await findVaultPath(arm, args.text('name'), args.optional('resourceGroup'));
      return shapeVault(await arm.get(path, VAULT_API));
    },
  },
  {
    path: 'keyvault list',
    summary: 'List the vaults of a resource group, or of the subscription.',
    options: [{ ...resourceGroup, required: false }],
    example: 'keyvault list --resource-group demo --output table',
    run: async (context, args) => {
      const arm = await context.arm();
      const group = args.optional('resourceGroup');
      const found =
        group === undefined
          ? await arm.list(`${arm.subscription}/resources`, '2015-11-01', "resourceType eq 'Microsoft.KeyVault/vaults'")
          : await arm.list(
              `${arm.subscription}/resourceGroups/${group}/providers/Microsoft.KeyVault/vaults`,
              VAULT_API,
            );
      return found.map((vault) => shapeVault(vault));
    },
  },
  {
    path: 'keyvault delete',
    summary: 'Delete a vault. It can be recovered until its retention is over.',
    options: [vaultName, optionalGroup, noWait],
    example: 'keyvault delete --name demo-vault',
    run: async (context, args) => {
      const arm = await context.arm();
      context.warn(SOFT_DELETE_WARNING);
      const path = await findVaultPath(arm, args.text('name'), args.optional('resourceGroup'));
      await arm.delete(path, VAULT_API, { noWait: args.flag('noWait') });
      return undefined;
    },
  },
  {
    path: 'keyvault update',
    summary: 'Change the properties of a vault.',
    options: [
      vaultName,
      optionalGroup,
      boolean(
        'rbac',
        '--enable-rbac-authorization',
        'Whether role assignments, not access policies, allow data actions.',
      ),
      ...propertyOptions,
      noWait,
    ],
    example: 'keyvault update --name demo-vault --enable-rbac-authorization true',
    run: changing((properties, args) => {
      const [bypass, defaultAction] = [args.optional('bypass'), args.optional('defaultAction')];
      const given = {
        ...givenProperties(args),
        enableRbacAuthorization: args.boolean('rbac'),
        softDeleteRetentionInDays: args.integer('retentionDays'),
      };
      const rules = { ...rulesOf(properties), ...definedOnly({ bypass, defaultAction }) };
      const hasRules = bypass !== undefined || defaultAction !== undefined;
      return { ...properties, ...definedOnly(given), ...(hasRules ? { networkAcls: rules } : {}) };
    }),
  },
];

async function createVault(context: CommandContext, args: Args): Promise<Json | undefined> {
  const arm = await context.arm();
  const account = await context.account();
  const group = args.text('resourceGroup');
  const path = vaultPath(arm, group, args.text('name'));
  const region = args.optional('location') ?? (await locationOf(arm, group));
  // az asks first; every error, not only 404, means "go on".
  const existing = await arm.get(path, VAULT_API).catch(() => undefined);
  if (existing !== undefined) throw new AzError('error', `The specified vault: ${args.text('name')} already exists`);

  const rbac = args.boolean('rbac') ?? false;
  const self = rbac || args.flag('noSelfPerms') ? undefined : await (await context.graph()).signedInObjectId();
  const vault = await arm.put(
    path,
    VAULT_API,
    {
      location: region,
      ...(args.tags('tags') === undefined ? {} : { tags: args.tags('tags') }),
      properties: {
        tenantId: account.tenantId,
        sku: { family: 'A', name: args.text('sku') },
        accessPolicies: self === undefined ? [] : [fullAccess(account.tenantId, self)],
        enableRbacAuthorization: rbac,
        enableSoftDelete: true,
        softDeleteRetentionInDays: args.integer('retentionDays') ?? 90,
        networkAcls: networkAclsOf(arm, args),
        ...givenProperties(args),
      },
    },
    { noWait: args.flag('noWait') },
  );
  return vault === undefined ? undefined : shapeVault(vault);
}

function fullAccess(tenantId: string, objectId: string): JsonObject {
  const permissions = { keys: ['all'], secrets: ['all'], certificates: ['all'], storage: ['all'] };
  return { tenantId, objectId, permissions };
}

/** As az sends them: without any option about networks everybody is let in; with one, nothing is filled in. */
function networkAclsOf(arm: Arm, args: Args): JsonObject {
  const [bypass, defaultAction] = [args.optional('bypass'), args.optional('defaultAction')];
  const base =
    bypass === undefined && defaultAction === undefined
      ? { bypass: 'AzureServices', defaultAction: 'Allow' }
      : { bypass, defaultAction };
  const [addresses, subnets] = [args.list('networkAclsIps'), args.list('networkAclsVnets')];
  if (addresses === undefined && subnets === undefined) return base;
  return {
    ...base,
    ipRules: (addresses ?? []).map((value) => ({ value })),
    virtualNetworkRules: (subnets ?? []).map((subnet) => ({ id: subnetId(arm, args, subnet) })),
  };
}

function subnetId(arm: Arm, args: Args, subnet: string): string {
  const [network, name, ...more] = subnet.toLowerCase().split('/');
  if (subnet.startsWith('/subscriptions/')) return subnet.toLowerCase();
  if (name === undefined || more.length > 0) {
    throw new AzError('error', `Invalid VNet rule: ${subnet}. Format: {vnet_name}/{subnet_name} or {subnet_id}`);
  }
  const group = `${arm.subscription}/resourceGroups/${args.text('resourceGroup')}`;
  return `${group}/providers/Microsoft.Network/virtualNetworks/${network}/subnets/${name}`;
}

function definedOnly(object: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined));
}
