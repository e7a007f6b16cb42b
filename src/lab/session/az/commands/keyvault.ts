import type { Arm } from '../arm.ts';
import type { Args } from '../args.ts';
import type { CommandSpec, OptionSpec } from '../command.ts';
import type { CommandContext } from '../context.ts';
import { AzError, usageError } from '../errors.ts';
import { at, isObject, objectsAt, textAt, type Json, type JsonObject } from '../json.ts';
import { boolean, flag, location, name, noWait, resourceGroup, tags, text } from '../options.ts';
import { shapeResource, withNulls } from '../shape.ts';
import {
  applyPolicy,
  PERMISSION_KINDS,
  PERMISSIONS,
  type PermissionKind,
  type PolicySubject,
} from './access-policy.ts';
import { locationOf } from './resource-group.ts';
import { findVaultPath, SOFT_DELETE_PAGE, VAULT_API, vaultPath } from './vault-lookup.ts';

const vaultName = name('Name of the vault: 3 to 24 letters, digits and hyphens.');
const optionalGroup: OptionSpec = {
  ...resourceGroup,
  required: false,
  help: 'Resource group of the vault. Looked up where it is absent.',
};

const PROPERTY_NULLS = [
  'createMode',
  'enablePurgeProtection',
  'enabledForDeployment',
  'enabledForDiskEncryption',
  'enabledForTemplateDeployment',
  'hsmPoolResourceId',
  'privateEndpointConnections',
];

const PERMISSION_NULLS = ['certificates', 'keys', 'secrets', 'storage'];

const SOFT_DELETE_WARNING = `Warning! If you have soft-delete protection enabled on this key vault, you will not be able to reuse this key vault name until the key vault has been purged from the soft deleted state. Please see the following documentation for additional guidance.\n${SOFT_DELETE_PAGE}`;

function shapeVault(vault: JsonObject): JsonObject {
  const shaped = withNulls(shapeResource(vault), ['systemData', 'tags']);
  const properties = shaped['properties'];
  if (!isObject(properties)) return shaped;
  const accessPolicies = objectsAt(properties, 'accessPolicies').map((policy) => ({
    ...withNulls(policy, ['applicationId']),
    permissions: withNulls(isObject(policy['permissions']) ? policy['permissions'] : {}, PERMISSION_NULLS),
  }));
  const acls = properties['networkAcls'];
  const networkAcls = isObject(acls) ? withNulls(acls, ['ipRules', 'virtualNetworkRules']) : null;
  return { ...shaped, properties: withNulls({ ...properties, accessPolicies, networkAcls }, PROPERTY_NULLS) };
}

const networkOptions: readonly OptionSpec[] = [
  text('publicNetworkAccess', '--public-network-access', 'Whether the vault answers on public networks.', {
    choices: ['Disabled', 'Enabled'],
  }),
  text('defaultAction', '--default-action', 'What happens to callers that no rule names.', {
    choices: ['Allow', 'Deny'],
  }),
  text('bypass', '--bypass', 'Who is let through in spite of the rules.', { choices: ['AzureServices', 'None'] }),
];

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
  {
    key: 'retentionDays',
    names: ['--retention-days'],
    kind: 'integer',
    help: 'Days that deleted things are kept: 7 to 90. Default: 90.',
  },
  boolean('purgeProtection', '--enable-purge-protection', 'Nothing can be purged before the retention is over.'),
  boolean('forDeployment', '--enabled-for-deployment', 'Virtual machines may read certificates.'),
  boolean('forDiskEncryption', '--enabled-for-disk-encryption', 'Disk Encryption may read secrets and unwrap keys.'),
  boolean('forTemplateDeployment', '--enabled-for-template-deployment', 'Resource Manager may read secrets.'),
  ...networkOptions,
  tags,
  noWait,
];

const policyTarget: readonly OptionSpec[] = [
  text('objectId', '--object-id', 'The object (principal) id of who the policy is for.'),
  text('spn', '--spn', 'Its client id instead.'),
  text('upn', '--upn', "A user's principal name instead."),
  text('applicationId', '--application-id', 'The application that acts for the principal.'),
];

const permissionOptions: readonly OptionSpec[] = PERMISSION_KINDS.map((kind) => ({
  key: `${kind}Permissions`,
  names: [`--${kind}-permissions`],
  kind: 'list',
  help: `What it may do with ${kind === 'storage' ? 'storage accounts' : `${kind}s`}.`,
  choices: PERMISSIONS[kind],
}));

/** `az keyvault …`, without its subgroups. */
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
    path: 'keyvault set-policy',
    summary: 'Set what a principal may do in a vault that uses access policies.',
    options: [vaultName, optionalGroup, ...policyTarget, ...permissionOptions, noWait],
    example: 'keyvault set-policy --name demo-vault --spn CLIENT_ID --secret-permissions get list',
    run: (context, args) =>
      writePolicies(context, args, (policies, who) => applyPolicy(policies, who, permissionsOf(args))),
  },
  {
    path: 'keyvault delete-policy',
    summary: 'Take a principal out of a vault’s access policies.',
    options: [vaultName, optionalGroup, ...policyTarget, noWait],
    example: 'keyvault delete-policy --name demo-vault --object-id OBJECT_ID',
    run: (context, args) =>
      writePolicies(context, args, (policies, who) => {
        const left = policies.filter(
          (policy) => textAt(policy, 'objectId')?.toLowerCase() !== who.objectId.toLowerCase(),
        );
        if (left.length === policies.length) throw new AzError('error', 'No matching policies found');
        return left;
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
  const optional: JsonObject = {
    enablePurgeProtection: args.boolean('purgeProtection'),
    enabledForDeployment: args.boolean('forDeployment'),
    enabledForDiskEncryption: args.boolean('forDiskEncryption'),
    enabledForTemplateDeployment: args.boolean('forTemplateDeployment'),
    publicNetworkAccess: args.optional('publicNetworkAccess'),
  };
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
        networkAcls: {
          bypass: args.optional('bypass') ?? 'AzureServices',
          defaultAction: args.optional('defaultAction') ?? 'Allow',
        },
        ...optional,
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

/** Reads the vault, changes its policies and writes all of it back: az itself merges them. */
async function writePolicies(
  context: CommandContext,
  args: Args,
  change: (policies: readonly JsonObject[], who: PolicySubject) => readonly JsonObject[],
): Promise<Json | undefined> {
  const arm: Arm = await context.arm();
  const path = await findVaultPath(arm, args.text('name'), args.optional('resourceGroup'));
  const objectId = await policyObjectId(context, args);
  const vault = await arm.get(path, VAULT_API);
  if (at(vault, 'properties.enableRbacAuthorization') === true) {
    throw new AzError('error', "Cannot set policies to a vault with '--enable-rbac-authorization' specified");
  }
  const { id: _id, name: _name, type: _type, systemData: _systemData, ...writable } = vault;
  const properties = isObject(vault['properties']) ? vault['properties'] : {};
  const tenantId = textAt(properties, 'tenantId') ?? '';
  const who = { tenantId, objectId, applicationId: args.optional('applicationId') };
  const written = await arm.put(
    path,
    VAULT_API,
    {
      ...writable,
      properties: { ...properties, accessPolicies: change(objectsAt(properties, 'accessPolicies'), who) },
    },
    { noWait: args.flag('noWait') },
  );
  return written === undefined ? undefined : shapeVault(written);
}

async function policyObjectId(context: CommandContext, args: Args): Promise<string> {
  const given = args.optional('objectId');
  const spn = args.optional('spn');
  const upn = args.optional('upn');
  if ([given, spn, upn].filter((value) => value !== undefined).length !== 1) {
    throw usageError('specify exactly one: --object-id, --spn, --upn');
  }
  if (given !== undefined) return given;
  const graph = await context.graph();
  const found = spn === undefined ? await graph.userObjectId(upn ?? '') : await graph.servicePrincipalObjectId(spn);
  if (found !== undefined) return found;
  context.warn(
    spn === undefined ? `Unable to find user with upn '${upn}'` : `Unable to find service principal with spn '${spn}'`,
  );
  throw new AzError('error', 'Unable to get object id from principal name.');
}

function permissionsOf(args: Args): Partial<Record<PermissionKind, readonly string[]>> {
  const given = PERMISSION_KINDS.map((kind) => [kind, args.list(`${kind}Permissions`)] as const);
  if (given.every(([, list]) => list === undefined)) {
    throw usageError(
      'specify at least one: --key-permissions, --secret-permissions, --certificate-permissions --storage-permissions',
    );
  }
  return Object.fromEntries(given.filter(([, list]) => list !== undefined));
}
