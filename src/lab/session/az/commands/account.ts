import { Secret } from '#base';
import { ARM_URL, bodyOf } from '../arm.ts';
import type { CommandSpec } from '../command.ts';
import type { CommandContext } from '../context.ts';
import { AzError, usageError } from '../errors.ts';
import { objectsAt, textAt } from '../json.ts';
import { flag, text } from '../options.ts';
import {
  chooseAccount,
  findAccount,
  listedAccount,
  readAccounts,
  shownAccount,
  tenantNames,
  writeAccounts,
  type Account,
} from '../profile.ts';
import {
  bringUsersBack,
  forgetServicePrincipal,
  keepServicePrincipal,
  readSignIn,
  readUsers,
  setUsersAside,
  type SignIn,
} from '../sign-in.ts';
import { ARM_SCOPE, forgetTokens, requestToken } from '../tokens.ts';

const columns = [
  ['Name', 'name'],
  ['CloudName', 'cloudName'],
  ['SubscriptionId', 'id'],
  ['TenantId', 'tenantId'],
  ['State', 'state'],
  ['IsDefault', 'isDefault'],
] as const;

/** Resources that `get-access-token --resource-type` knows, by their scope's base. */
const RESOURCE_TYPES: Readonly<Record<string, string>> = {
  arm: 'https://management.core.windows.net/',
  'aad-graph': 'https://graph.windows.net/',
  'ms-graph': 'https://graph.microsoft.com/',
};

/** `az login`, `az logout` and `az account …`. */
export const accountCommands: readonly CommandSpec[] = [
  {
    path: 'login',
    summary: 'Sign in: as the user of the lab, or as a service principal.',
    options: [
      flag('servicePrincipal', '--service-principal', 'Sign in as a service principal.'),
      text('username', ['--username', '-u'], 'The client id of the service principal.'),
      text('password', ['--password', '-p'], 'Its client secret.'),
      text('federatedToken', '--federated-token', 'A token that a federated identity credential trusts.'),
      text('tenant', ['--tenant', '-t'], 'The tenant.'),
      flag('allowNoSubscriptions', '--allow-no-subscriptions', 'Succeed for a tenant without subscriptions.'),
      flag('useDeviceCode', '--use-device-code', 'Accepted; the lab needs no browser.'),
    ],
    example: 'login --service-principal --username CLIENT_ID --password SECRET --tenant TENANT',
    columns,
    run: async (context, args) => {
      const accounts = args.flag('servicePrincipal')
        ? await signInServicePrincipal(context, {
            clientId: args.optional('username'),
            secret: args.optional('password'),
            federatedToken: args.optional('federatedToken'),
            tenant: args.optional('tenant'),
          })
        : await signInUser(context);
      if (accounts.length === 0 && !args.flag('allowNoSubscriptions')) {
        throw new AzError('error', 'No subscriptions found for the account.');
      }
      await writeAccounts(context.io, mergeAccounts(await readAccounts(context.io.env), accounts));
      return accounts.map(listedAccount);
    },
  },
  {
    path: 'logout',
    summary: 'Sign out. The next "az login" signs the user of the lab in again.',
    options: [text('username', '--username', 'Who is signed out. Default: who is signed in.')],
    example: 'logout',
    run: async (context, args) => {
      const { io } = context;
      const accounts = await readAccounts(io.env);
      const who = args.optional('username') ?? accounts.find((account) => account.isDefault)?.user.name;
      const leaving = accounts.filter((account) => account.user.name === who);
      if (who === undefined || leaving.length === 0) {
        throw new AzError('error', 'There are no active accounts.');
      }
      const isUser = leaving.some((account) => account.user.type === 'user');
      await (isUser ? setUsersAside(io) : forgetServicePrincipal(io, who));
      await forgetTokens(io);
      await writeAccounts(io, withDefault(accounts.filter((account) => !leaving.includes(account))));
      return undefined;
    },
  },
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
    columns,
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

interface ServicePrincipalLogin {
  readonly clientId: string | undefined;
  readonly secret: string | undefined;
  readonly federatedToken: string | undefined;
  readonly tenant: string | undefined;
}

async function signInServicePrincipal(context: CommandContext, login: ServicePrincipalLogin): Promise<Account[]> {
  const { clientId, secret, federatedToken, tenant } = login;
  if (clientId === undefined || (secret === undefined && federatedToken === undefined) || tenant === undefined) {
    throw usageError(
      'usage error: --service-principal --username ID {--password SECRET | --federated-token TOKEN} --tenant TENANT',
    );
  }
  const signIn: SignIn =
    federatedToken === undefined
      ? { kind: 'client-secret', clientId, secret: new Secret(secret ?? '') }
      : { kind: 'federated-token', clientId, assertion: new Secret(federatedToken) };
  const accounts = await subscriptionsOf(context, signIn, tenant, { name: clientId, type: 'servicePrincipal' });
  await keepServicePrincipal(context.io, tenant, signIn);
  return accounts;
}

async function signInUser(context: CommandContext): Promise<Account[]> {
  const { io } = context;
  if ((await readUsers(io.env)).length > 0) context.warn('The lab is signed in already; its user is signed in again.');
  else await bringUsersBack(io);
  const user = (await readUsers(io.env))[0];
  const who = { name: user?.username ?? '', type: 'user' } as const;
  const signIn = user === undefined ? undefined : await readSignIn(io.env, { tenantId: user.tenantId, user: who });
  if (user === undefined || signIn === undefined) {
    throw new AzError('error', 'There is no user to sign in: the configuration folder holds no refresh token.', {
      recommendation:
        'Run az inside the lab (keyferry lab run -- …, keyferry lab shell), or sign in as a service principal.',
    });
  }
  return subscriptionsOf(context, signIn, user.tenantId, who);
}

/** The subscriptions that a sign-in may see. Proves the sign-in on the way. */
async function subscriptionsOf(
  context: CommandContext,
  signIn: SignIn,
  tenantId: string,
  user: Account['user'],
): Promise<Account[]> {
  const { io, http } = context;
  const { token } = await requestToken(io, http, tenantId, signIn, ARM_SCOPE);
  const list = async (what: string) =>
    objectsAt(
      bodyOf(await http.send({ method: 'GET', url: `${ARM_URL}/${what}?api-version=2022-12-01`, token })),
      'value',
    );
  // az asks for a user's tenants; a service principal names its own.
  const tenants = user.type === 'user' ? await list('tenants') : [];
  return (await list('subscriptions')).map((subscription, index) => {
    const home = textAt(subscription, 'tenantId') ?? tenantId;
    const tenant = tenants.find((candidate) => textAt(candidate, 'tenantId') === home);
    return {
      id: textAt(subscription, 'subscriptionId') ?? '',
      name: textAt(subscription, 'displayName') ?? '',
      state: textAt(subscription, 'state') ?? 'Enabled',
      tenantId: home,
      homeTenantId: home,
      environmentName: 'AzureCloud',
      isDefault: index === 0,
      ...tenantNames({
        tenantDefaultDomain: textAt(tenant, 'defaultDomain'),
        tenantDisplayName: textAt(tenant, 'displayName'),
      }),
      user,
    };
  });
}

/** A sign-in takes over its subscriptions; the first of them becomes the default. */
function mergeAccounts(before: readonly Account[], signedIn: readonly Account[]): readonly Account[] {
  const others = before.filter((account) => !signedIn.some((fresh) => fresh.id === account.id));
  return [
    ...others.map((account) => ({ ...account, isDefault: signedIn.length === 0 && account.isDefault })),
    ...signedIn,
  ];
}

function withDefault(accounts: readonly Account[]): readonly Account[] {
  if (accounts.some((account) => account.isDefault)) return accounts;
  return accounts.map((account, index) => ({ ...account, isDefault: index === 0 }));
}

/** az's `expiresOn`: local time without a zone. */
function localTime(atMs: number): string {
  const at = new Date(atMs);
  const two = (value: number) => String(value).padStart(2, '0');
  const day = `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`;
  return `${day} ${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}.000000`;
}
