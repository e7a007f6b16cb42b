import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { AzError } from './errors.ts';
import { homeOf, type AzIo } from './io.ts';
import { isObject, objectsAt, parseJson, textAt, type Json, type JsonObject } from './json.ts';
import type { AssignedIdentityInfo } from './managed-identity.ts';
import { writePrivateFile } from './private-file.ts';

/** A subscription of azureProfile.json, with who is signed in to it. */
export interface Account {
  readonly id: string;
  readonly name: string;
  readonly state: string;
  readonly tenantId: string;
  readonly homeTenantId: string;
  readonly environmentName: string;
  readonly isDefault: boolean;
  readonly tenantDefaultDomain?: string;
  readonly tenantDisplayName?: string;
  readonly user: {
    readonly name: string;
    readonly type: 'user' | 'servicePrincipal';
    /** Which managed identity it is; absent for everybody else. */
    readonly assignedIdentityInfo?: AssignedIdentityInfo;
  };
}

/** Columns of accounts in `-o table`. */
export const ACCOUNT_COLUMNS = [
  ['Name', 'name'],
  ['CloudName', 'cloudName'],
  ['SubscriptionId', 'id'],
  ['TenantId', 'tenantId'],
  ['State', 'state'],
  ['IsDefault', 'isDefault'],
] as const;

/** The folder of az's own files: `AZURE_CONFIG_DIR`, else `~/.azure`. */
export function configFolder(env: AzIo['env']): string {
  return env['AZURE_CONFIG_DIR'] || join(homeOf(env), '.azure');
}

/** Reads a JSON file of the configuration folder; undefined when there is none. */
export async function readConfigFile(env: AzIo['env'], name: string): Promise<Json | undefined> {
  const path = join(configFolder(env), name);
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw new AzError('error', `cannot read ${path}: ${(error as Error).message}`, { cause: error });
  }
  // The real az writes azureProfile.json with a byte order mark.
  const parsed = parseJson(text.replace(/^\uFEFF/, ''));
  if (parsed === undefined) throw new AzError('error', `${path} is not JSON`);
  return parsed;
}

/** Writes a JSON file of the configuration folder, mode 0600, in one step. */
export async function writeConfigFile(io: AzIo, name: string, value: Json): Promise<void> {
  await writePrivateFile(join(configFolder(io.env), name), JSON.stringify(value), io.random);
}

/** The accounts of azureProfile.json. */
export async function readAccounts(env: AzIo['env']): Promise<readonly Account[]> {
  return objectsAt(await readConfigFile(env, 'azureProfile.json'), 'subscriptions').map((entry) => {
    const tenantId = textAt(entry, 'tenantId') ?? '';
    const assignedIdentityInfo = textAt(entry, 'user.assignedIdentityInfo');
    return {
      id: textAt(entry, 'id') ?? '',
      name: textAt(entry, 'name') ?? '',
      state: textAt(entry, 'state') ?? 'Enabled',
      tenantId,
      homeTenantId: textAt(entry, 'homeTenantId') ?? tenantId,
      environmentName: textAt(entry, 'environmentName') ?? 'AzureCloud',
      isDefault: entry['isDefault'] === true,
      ...tenantNames(entry),
      user: {
        name: textAt(entry, 'user.name') ?? '',
        type: textAt(entry, 'user.type') === 'servicePrincipal' ? 'servicePrincipal' : 'user',
        ...(assignedIdentityInfo === undefined ? {} : { assignedIdentityInfo }),
      },
    };
  });
}

/** Writes the accounts back, keeping what else the file holds. */
export async function writeAccounts(io: AzIo, accounts: readonly Account[]): Promise<void> {
  const before = await readConfigFile(io.env, 'azureProfile.json');
  const subscriptions = accounts.map((account) => ({ ...account, managedByTenants: [] }));
  await writeConfigFile(io, 'azureProfile.json', { ...(isObject(before) ? before : {}), subscriptions });
}

/** The account that a command works with: the one named by id or name, else the default. */
export function chooseAccount(accounts: readonly Account[], wanted: string | undefined): Account {
  if (accounts.length === 0) {
    throw new AzError('error', "Please run 'az login' to setup account.");
  }
  if (wanted === undefined) {
    const current = accounts.find((account) => account.isDefault) ?? accounts[0];
    return current as Account;
  }
  const found = findAccount(accounts, wanted);
  if (found !== undefined) return found;
  throw new AzError('error', `Subscription '${wanted}' not found. Check the spelling and casing and try again.`);
}

/** The account with this id or name, without regard to case. */
export function findAccount(accounts: readonly Account[], wanted: string): Account | undefined {
  const key = wanted.toLowerCase();
  return accounts.find((account) => account.id.toLowerCase() === key || account.name.toLowerCase() === key);
}

/** An account as `az account list` and `az login` print it. */
export function listedAccount(account: Account): JsonObject {
  const { environmentName, ...rest } = account;
  return { ...rest, cloudName: environmentName, managedByTenants: [] };
}

/** An account as `az account show` prints it. */
export function shownAccount(account: Account): JsonObject {
  return { ...account, managedByTenants: [] };
}

/** The names of a tenant, as far as an entry of azureProfile.json has them. */
export function tenantNames(entry: Json | undefined): Pick<Account, 'tenantDefaultDomain' | 'tenantDisplayName'> {
  const tenantDefaultDomain = textAt(entry, 'tenantDefaultDomain');
  const tenantDisplayName = textAt(entry, 'tenantDisplayName');
  return {
    ...(tenantDefaultDomain === undefined ? {} : { tenantDefaultDomain }),
    ...(tenantDisplayName === undefined ? {} : { tenantDisplayName }),
  };
}
