import type { CommandSpec } from '../command.ts';
import type { CommandContext } from '../context.ts';
import { AzError } from '../errors.ts';
import type { JsonObject } from '../json.ts';
import { flag, text } from '../options.ts';
import {
  ACCOUNT_COLUMNS,
  chooseAccount,
  findAccount,
  listedAccount,
  readAccounts,
  shownAccount,
  writeAccounts,
  type Account,
} from '../profile.ts';
import { ARM_SCOPE } from '../tokens.ts';

/** Resources that `get-access-token --resource-type` knows, by their scope's base. */
const RESOURCE_TYPES: Readonly<Record<string, string>> = {
  arm: 'https://management.core.windows.net/',
  'aad-graph': 'https://graph.windows.net/',
  'ms-graph': 'https://graph.microsoft.com/',
};

/** `az account …`. */
export const accountCommands: readonly CommandSpec[] = [
  {
    path: 'account show',
    summary: 'Show the subscription that commands work with.',
    options: [text('wanted', ['--name', '-n', '-s'], 'Name or id of a subscription.')],
    example: 'account show --query tenantId --output tsv',
    run: async (context, args) => {
      const wanted = args.optional('wanted');
      if (wanted === undefined) return shownAccount(await context.account());
      return shownAccount(chooseAccount(await readAccounts(context.io.env), wanted));
    },
  },
  {
    path: 'account list',
    summary: 'List the subscriptions that are signed in to.',
    options: [
      flag('all', '--all', 'Also those that are not enabled.'),
      flag('refresh', '--refresh', 'Accepted; the list is always current.'),
    ],
    example: 'account list --output table',
    columns: ACCOUNT_COLUMNS,
    run: async (context, args) => {
      const accounts = await readAccounts(context.io.env);
      if (accounts.length === 0) context.warn('Please run "az login" to access your accounts.');
      return accounts.filter((account) => args.flag('all') || account.state === 'Enabled').map(listedAccount);
    },
  },
  {
    path: 'account set',
    summary: 'Choose the subscription that commands work with.',
    options: [text('wanted', ['--name', '-n', '-s'], 'Name or id of the subscription.')],
    example: 'account set --name SUBSCRIPTION',
    run: async (context, args) => {
      // az spells it --subscription too, which is read as the global option.
      const chosen = await (args.optional('wanted') === undefined
        ? context.account()
        : namedAccount(context, args.text('wanted')));
      const accounts = await readAccounts(context.io.env);
      await writeAccounts(
        context.io,
        accounts.map((account) => ({ ...account, isDefault: account.id === chosen.id })),
      );
      return undefined;
    },
  },
  {
    path: 'account list-locations',
    summary: 'List the regions of the subscription.',
    options: [flag('extended', '--include-extended-locations', 'Also edge zones. The lab has none.')],
    example: 'account list-locations --query "[].name" --output tsv',
    columns: [
      ['DisplayName', 'displayName'],
      ['Name', 'name'],
      ['RegionalDisplayName', 'regionalDisplayName'],
    ],
    run: async (context) => {
      const arm = await context.arm();
      return (await arm.list(`${arm.subscription}/locations`, '2022-12-01')).map(shapeLocation);
    },
  },
  {
    path: 'account get-access-token',
    summary: 'Print an access token.',
    options: [
      text('resource', '--resource', 'The resource that the token is for. Default: Azure Resource Manager.'),
      text('resourceType', '--resource-type', 'A well-known resource.', { choices: Object.keys(RESOURCE_TYPES) }),
      {
        key: 'scope',
        names: ['--scope'],
        kind: 'list',
        help: 'The scope, for example https://vault.azure.net/.default.',
      },
      text('tenant', ['--tenant', '-t'], 'The tenant. Default: that of the subscription.'),
    ],
    example: 'account get-access-token --resource https://vault.azure.net --query accessToken --output tsv',
    run: async (context, args) => {
      const account = await context.account();
      const resource = args.optional('resource') ?? RESOURCE_TYPES[args.optional('resourceType') ?? ''];
      const scope = args.list('scope')?.join(' ') ?? (resource === undefined ? ARM_SCOPE : `${resource}/.default`);
      const tenant = args.optional('tenant');
      const { token, expiresAtMs } = await context.tokens.get(
        { ...account, tenantId: tenant ?? account.tenantId },
        scope,
      );
      return {
        accessToken: token.expose(),
        expiresOn: localTime(expiresAtMs),
        expires_on: Math.floor(expiresAtMs / 1000),
        // A token of a tenant belongs to no subscription.
        ...(tenant === undefined ? { subscription: account.id } : {}),
        tenant: tenant ?? account.tenantId,
        tokenType: 'Bearer',
      };
    },
  },
];

async function namedAccount(context: CommandContext, wanted: string): Promise<Account> {
  const accounts = await readAccounts(context.io.env);
  const found = findAccount(accounts, wanted);
  if (found !== undefined) return found;
  throw new AzError('error', `The subscription of '${wanted}' doesn't exist in cloud 'AzureCloud'.`);
}

/** az's `expiresOn`: local time without a zone. */
function localTime(atMs: number): string {
  const at = new Date(atMs);
  const two = (value: number) => String(value).padStart(2, '0');
  const day = `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`;
  return `${day} ${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}.000000`;
}

/** A region as az prints it: without the subscription's id, and with every field of its model. */
function shapeLocation(location: JsonObject): JsonObject {
  return location;
}
