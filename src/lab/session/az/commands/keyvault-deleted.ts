import type { Arm } from '../arm.ts';
import type { Args } from '../args.ts';
import type { CommandSpec } from '../command.ts';
import { AzError, AzHttpError } from '../errors.ts';
import { textAt, type JsonObject } from '../json.ts';
import { noWait, resourceGroup, text } from '../options.ts';
import { VAULT_API, vaultName, vaultPath } from './vault-lookup.ts';
import { shapeDeletedVault, shapeVault } from './vault-shape.ts';

const PROVIDER = 'providers/Microsoft.KeyVault';

const deletedLocation = text('location', ['--location', '-l'], 'Where the deleted vault was. Looked up where absent.');

/** `az keyvault …` for vaults that were deleted and can be had back until their retention is over. */
export const deletedVaultCommands: readonly CommandSpec[] = [
  {
    path: 'keyvault list-deleted',
    summary: 'List the deleted vaults of the subscription.',
    options: [text('resourceType', '--resource-type', 'vault, or hsm. Default: both.')],
    example: 'keyvault list-deleted --output table',
    run: async (context, args) => {
      const arm = await context.arm();
      const kind = args.optional('resourceType');
      if (kind !== undefined && kind !== 'vault' && kind !== 'hsm') {
        throw new AzError('error', `Unsupported resource type: ${kind}`);
      }
      const list = (what: string) => arm.list(`${arm.subscription}/${PROVIDER}/${what}`, VAULT_API);
      const vaults = kind === 'hsm' ? [] : await list('deletedVaults');
      const modules = kind === 'vault' ? [] : await list('deletedManagedHSMs');
      return [...vaults, ...modules].map(shapeDeletedVault);
    },
  },
  {
    path: 'keyvault show-deleted',
    summary: 'Show a deleted vault.',
    options: [vaultName, deletedLocation],
    example: 'keyvault show-deleted --name demo-vault',
    run: async (context, args) => {
      const arm = await context.arm();
      return shapeDeletedVault(await findDeleted(arm, args));
    },
  },
  {
    path: 'keyvault recover',
    summary: 'Bring a deleted vault back, with all that is in it.',
    options: [vaultName, { ...resourceGroup, required: false }, deletedLocation, noWait],
    example: 'keyvault recover --name demo-vault',
    run: async (context, args) => {
      const arm = await context.arm();
      const deleted = await findDeleted(arm, args);
      const before = /\/resourceGroups\/([^/]+)\//i.exec(textAt(deleted, 'properties.vaultId') ?? '')?.[1] ?? '';
      const group = args.optional('resourceGroup') ?? before;
      if (group !== before) {
        throw new AzError(
          'error',
          `The specified resource group does not match that of the deleted vault or hsm ${args.text('name')}. The vault or hsm must be recovered to the original resource group ${before}.`,
        );
      }
      const { tenantId } = await context.account();
      const body = {
        location: textAt(deleted, 'properties.location'),
        properties: { tenantId, sku: { name: 'standard', family: 'A' }, createMode: 'recover' },
      };
      const path = vaultPath(arm, group, args.text('name'));
      const vault = await arm.put(path, VAULT_API, body, { noWait: args.flag('noWait') });
      return vault === undefined ? undefined : shapeVault(vault);
    },
  },
  {
    path: 'keyvault purge',
    summary: 'Remove a deleted vault for good.',
    options: [vaultName, deletedLocation, noWait],
    example: 'keyvault purge --name demo-vault',
    run: async (context, args) => {
      const arm = await context.arm();
      const location = textAt(await findDeleted(arm, args), 'properties.location') ?? '';
      await arm.act(`${deletedPath(arm, location, args)}/purge`, VAULT_API, { noWait: args.flag('noWait') });
      return undefined;
    },
  },
];

function deletedPath(arm: Arm, location: string, args: Args): string {
  return `${arm.subscription}/${PROVIDER}/locations/${location}/deletedVaults/${args.text('name')}`;
}

/** az looks for the deleted vault while it checks the command line: what it does not find ends as wrong usage. */
function asUsage(error: unknown): never {
  throw error instanceof AzHttpError ? new AzError('usage', error.message, { cause: error }) : error;
}

/** The deleted vault of the name: asked for where its location is given, else looked for among all of them. */
async function findDeleted(arm: Arm, args: Args): Promise<JsonObject> {
  const location = args.optional('location');
  if (location !== undefined) return arm.get(deletedPath(arm, location, args), VAULT_API).catch(asUsage);
  const all = await arm.list(`${arm.subscription}/${PROVIDER}/deletedVaults`, VAULT_API);
  const wanted = args.text('name').toLowerCase();
  const found = all.find((vault) => textAt(vault, 'properties.vaultId')?.split('/').at(-1)?.toLowerCase() === wanted);
  if (found !== undefined) return found;
  throw new AzError('error', `No deleted Vault or HSM was found with name ${args.text('name')}`);
}
