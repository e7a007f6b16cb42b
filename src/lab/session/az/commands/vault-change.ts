import type { Args } from '../args.ts';
import type { CommandSpec, OptionSpec } from '../command.ts';
import type { CommandContext } from '../context.ts';
import { isObject, type Json, type JsonObject } from '../json.ts';
import { boolean, text } from '../options.ts';
import { findVaultPath, VAULT_API } from './vault-lookup.ts';
import { shapeVault } from './vault-shape.ts';

/** Options of a vault's properties that `create` and `update` share. */
export const propertyOptions: readonly OptionSpec[] = [
  {
    key: 'retentionDays',
    names: ['--retention-days'],
    kind: 'integer',
    help: 'Days that deleted things are kept: 7 to 90.',
  },
  boolean('purgeProtection', '--enable-purge-protection', 'Nothing can be purged before the retention is over.'),
  boolean('forDeployment', '--enabled-for-deployment', 'Virtual machines may read certificates.'),
  boolean('forDiskEncryption', '--enabled-for-disk-encryption', 'Disk Encryption may read secrets and unwrap keys.'),
  boolean('forTemplateDeployment', '--enabled-for-template-deployment', 'Resource Manager may read secrets.'),
  text('publicNetworkAccess', '--public-network-access', 'Whether the vault answers on public networks.', {
    choices: ['Enabled', 'Disabled', 'SecuredByPerimeter'],
  }),
  text('defaultAction', '--default-action', 'What happens to callers that no rule names.', {
    choices: ['Allow', 'Deny'],
  }),
  text('bypass', '--bypass', 'Who is let through in spite of the rules.', { choices: ['AzureServices', 'None'] }),
];

/** The properties that these options name, without the rules about networks. */
export function givenProperties(args: Args): JsonObject {
  return {
    enablePurgeProtection: args.boolean('purgeProtection'),
    enabledForDeployment: args.boolean('forDeployment'),
    enabledForDiskEncryption: args.boolean('forDiskEncryption'),
    enabledForTemplateDeployment: args.boolean('forTemplateDeployment'),
    publicNetworkAccess: args.optional('publicNetworkAccess'),
  };
}

/**
 * Reads the vault that the options name, changes its properties and writes all of it back, as az does. `edit` may answer
 * undefined: then there is nothing to write, and the vault is printed as it is.
 */
export async function changeVault(
  context: CommandContext,
  args: Args,
  edit: (properties: JsonObject, vault: JsonObject) => Promise<JsonObject | undefined> | JsonObject | undefined,
): Promise<Json | undefined> {
  const arm = await context.arm();
  const path = await findVaultPath(arm, args.text('name'), args.optional('resourceGroup'));
  const vault = await arm.get(path, VAULT_API);
  const before = isObject(vault['properties']) ? vault['properties'] : {};
  const properties = await edit(before, vault);
  if (properties === undefined) return shapeVault(vault);
  const { location, tags } = vault;
  const written = await arm.put(path, VAULT_API, { location, tags, properties }, { noWait: args.flag('noWait') });
  return written === undefined ? undefined : shapeVault(written);
}

/** A handler that does nothing but change a vault. */
export function changing(edit: (properties: JsonObject, args: Args) => JsonObject | undefined): CommandSpec['run'] {
  return (context, args) => changeVault(context, args, (properties) => edit(properties, args));
}
