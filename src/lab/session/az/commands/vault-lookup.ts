import type { Arm } from '../arm.ts';
import type { Args } from '../args.ts';
import type { OptionSpec } from '../command.ts';
import { AzError, usageError } from '../errors.ts';
import { textAt } from '../json.ts';
import { name, resourceGroup } from '../options.ts';

/** The api-version that az sends for vaults. */
export const VAULT_API = '2026-02-01';

/** `--name` of a vault. */
export const vaultName: OptionSpec = name('Name of the vault: 3 to 24 letters, digits and hyphens.');

/** `--resource-group` of a vault that exists. */
export const optionalGroup: OptionSpec = {
  ...resourceGroup,
  required: false,
  help: 'Resource group of the vault. Looked up where it is absent.',
};

/** The page that az points to before it deletes a vault or an object in it. */
export const SOFT_DELETE_PAGE = 'https://learn.microsoft.com/azure/key-vault/general/soft-delete-overview';

/** The ARM path of a vault in a known resource group. */
export function vaultPath(arm: Arm, group: string, vault: string): string {
  return `${arm.subscription}/resourceGroups/${group}/providers/Microsoft.KeyVault/vaults/${vault}`;
}

/** The ARM path of a vault of which perhaps only the name is known: then it is looked up as az does. */
export async function findVaultPath(arm: Arm, vault: string, group: string | undefined): Promise<string> {
  if (group !== undefined) return vaultPath(arm, group, vault);
  const filter = `resourceType eq 'Microsoft.KeyVault/vaults' and name eq '${vault.replaceAll("'", "''")}'`;
  const found = await arm.list(`${arm.subscription}/resources`, '2015-11-01', filter);
  const id = textAt(found[0], 'id');
  if (id !== undefined) return id;
  throw new AzError('error', `The Vault '${vault}' not found within subscription.`);
}

/** A kind of objects in a vault, as commands and paths call it. */
export type ObjectNoun = 'secret' | 'key' | 'certificate';

/** An object's place: its vault's URL, its name, and its version where one was named. */
export interface ObjectPlace {
  readonly vaultUrl: string;
  readonly name: string;
  readonly version: string | undefined;
}

/** Options that name an object: by vault and name, or by its id. */
export function objectOptions(noun: ObjectNoun): readonly OptionSpec[] {
  return [
    { key: 'name', names: ['--name', '-n'], kind: 'text', help: `Name of the ${noun}. Required without --id.` },
    { key: 'vaultName', names: ['--vault-name'], kind: 'text', help: 'Name of the vault. Required without --id.' },
    { key: 'id', names: ['--id'], kind: 'text', help: `URL of the ${noun}, instead of --vault-name and --name.` },
  ];
}

/** `--version`. */
export const versionOption: OptionSpec = {
  key: 'version',
  names: ['--version', '-v'],
  kind: 'text',
  help: 'The version. Default: the latest.',
};

/** `--maxresults` of lists. */
export const mostResults: OptionSpec = {
  key: 'most',
  names: ['--maxresults'],
  kind: 'integer',
  help: 'At most so many.',
};

/** Options that name a vault: by its name, or by its URL. */
export const vaultOptions: readonly OptionSpec[] = [
  { key: 'vaultName', names: ['--vault-name'], kind: 'text', help: 'Name of the vault. Required without --id.' },
  { key: 'id', names: ['--id'], kind: 'text', help: 'URL of the vault, instead of --vault-name.' },
];

/** The URL of the vault that the options name. Throws az's own error when they name none. */
export function vaultPlace(args: Args): string {
  const [id, name] = [args.optional('id'), args.optional('vaultName')];
  if (id !== undefined) {
    if (name !== undefined) throw new AzError('error', '--vault-name and --id are mutually exclusive.');
    if (!URL.canParse(id)) throw new AzError('error', 'Invalid id for Vault or HSM.');
    return new URL(id).origin;
  }
  if (name === undefined) throw new AzError('error', 'Please specify --vault-name or --hsm-name.');
  return vaultUrl(name);
}

/** Which object the options name. Throws az's own error, which is none of usage, when they name none. */
export function objectPlace(args: Args, noun: ObjectNoun): ObjectPlace {
  const id = args.optional('id');
  if (id !== undefined) {
    const url = URL.canParse(id) ? new URL(id) : undefined;
    const [, kind, name, version] = url?.pathname.split('/') ?? [];
    if (url === undefined || (kind !== `${noun}s` && kind !== `deleted${noun}s`) || !name)
      throw usageError(`'${id}' is not the URL of a ${noun}`);
    return { vaultUrl: url.origin, name, version: version === '' ? undefined : version };
  }
  if (args.optional('name') === undefined || args.optional('vaultName') === undefined) {
    throw new AzError(
      'error',
      'incorrect usage: --id ID | --vault-name/--hsm-name VAULT/HSM --name/-n NAME [--version VERSION]',
    );
  }
  return { vaultUrl: vaultUrl(args.text('vaultName')), name: args.text('name'), version: undefined };
}

/** Where a version of the object is that the options name; az leaves the version empty for the latest one. */
export function versionPlace(args: Args, noun: ObjectNoun): { readonly vaultUrl: string; readonly path: string } {
  const { vaultUrl: url, name, version } = objectPlace(args, noun);
  return { vaultUrl: url, path: `/${noun}s/${name}/${args.optional('version') ?? version ?? ''}` };
}

/** The data plane URL of a vault: az builds it from the name, whatever ARM says. */
export function vaultUrl(vault: string): string {
  if (!/^[A-Za-z0-9-]+$/.test(vault)) throw new AzError('error', `'${vault}' is not the name of a vault`);
  return `https://${vault.toLowerCase()}.vault.azure.net`;
}

/** What az warns of before it deletes an object. */
export function softDeleteWarning(noun: ObjectNoun): string {
  return `Warning! If you have soft-delete protection enabled on this key vault, this ${noun} will be moved to the soft deleted state. You will not be able to create a ${noun} with the same name within this key vault until the ${noun} has been purged from the soft-deleted state. Please see the following documentation for additional guidance.\n${SOFT_DELETE_PAGE}`;
}
