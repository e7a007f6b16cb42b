import { resolve } from 'node:path';
import { Secret } from '#base';
import type { Args } from '../args.ts';
import { ARM_URL, bodyOf } from '../arm.ts';
import type { CommandSpec, OptionSpec } from '../command.ts';
import type { CommandContext } from '../context.ts';
import { signInByDeviceCode } from '../device-code.ts';
import { AzError } from '../errors.ts';
import { objectsAt, parseJson, textAt, type JsonObject } from '../json.ts';
import { tenantOf } from '../managed-identity.ts';
import { AZ_CLIENT_ID } from '../msal-cache.ts';
import { flag, text } from '../options.ts';
import { listedAccount, readAccounts, tenantNames, writeAccounts, type Account } from '../profile.ts';
import { forgetServicePrincipal, forgetUser, keepServicePrincipal, keepUser, type SignIn } from '../sign-in.ts';
import { ARM_SCOPE, forgetTokens, LOGIN_URL, requestToken } from '../tokens.ts';
import { isGuid } from './principals.ts';

const identityOptions: readonly OptionSpec[] = [
  flag('identity', ['--identity', '-i'], 'Sign in as an identity of this machine.'),
  text('clientId', '--client-id', 'Client id of a user-assigned identity.'),
  text('objectId', '--object-id', 'Object id of a user-assigned identity.'),
  text('resourceId', '--resource-id', 'Resource id of a user-assigned identity.'),
];

/** `az login` and `az logout`. */
export const loginCommands: readonly CommandSpec[] = [
  {
    path: 'login',
    summary: 'Sign in: as the user of the lab, as a service principal, or as a managed identity.',
    options: [
      flag('servicePrincipal', '--service-principal', 'Sign in as a service principal.'),
      text('username', ['--username', '-u'], 'The client id of the service principal.'),
      text('password', ['--password', '-p'], 'Its client secret.'),
      text('certificate', '--certificate', 'A PEM file with its private key and certificate.'),
      text('federatedToken', '--federated-token', 'A token that a federated identity credential trusts.'),
      text('tenant', ['--tenant', '-t'], 'The tenant: id or domain.'),
      ...identityOptions,
      flag('allowNoSubscriptions', '--allow-no-subscriptions', 'Succeed for a tenant without subscriptions.'),
      flag('useDeviceCode', '--use-device-code', 'Accepted; a user signs in by a device code anyway.'),
    ],
    example: 'login --service-principal --username CLIENT_ID --password SECRET --tenant TENANT',
    run: async (context, args) => {
      checkUsage(args);
      const accounts = args.flag('identity')
        ? await signInIdentity(context, args)
        : args.flag('servicePrincipal')
          ? await signInServicePrincipal(context, args)
          : await signInUser(context, args);
      await writeAccounts(context.io, mergeAccounts(await readAccounts(context.io.env), accounts));
      return accounts.map(listedAccount);
    },
  },
  {
    path: 'logout',
    summary: 'Sign out.',
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
      await forgetUser(io, who);
      await forgetServicePrincipal(io, who);
      await forgetTokens(io);
      await writeAccounts(io, withDefault(accounts.filter((account) => !leaving.includes(account))));
      return undefined;
    },
  },
];

/** The combinations that az refuses before it does anything. */
function checkUsage(args: Args): void {
  const has = (key: string) => args.optional(key) !== undefined;
  const isPrincipal = args.flag('servicePrincipal');
  if (args.flag('identity') && (has('password') || isPrincipal || has('tenant'))) {
    throw new AzError('error', "usage error: '--identity' is not applicable with other arguments");
  }
  if (args.flag('useDeviceCode') && (has('password') || isPrincipal || has('username') || args.flag('identity'))) {
    throw new AzError('error', "usage error: '--use-device-code' is not applicable with other arguments");
  }
  if (isPrincipal && !has('username')) {
    throw new AzError('error', 'usage error: --service-principal --username NAME --password SECRET --tenant TENANT');
  }
  const proofs = ['password', 'certificate', 'federatedToken'];
  if (has('username') && !proofs.some((key) => has(key))) {
    throw new AzError('error', 'Please specify both username and password in non-interactive mode.');
  }
  if (has('username') && !isPrincipal) {
    throw new AzError('error', 'The built-in az signs no user in by name and password.', {
      recommendation: 'Sign the user of the lab in with: az login',
    });
  }
}

async function signInServicePrincipal(context: CommandContext, args: Args): Promise<Account[]> {
  const clientId = args.text('username');
  const signIn = proofOf(args, clientId);
  const given = args.optional('tenant');
  // Without a tenant Entra ID is asked at its common endpoint, which refuses (AADSTS50059).
  const tenant = given === undefined ? 'organizations' : await tenantId(context, given);
  const who = { name: clientId, type: 'servicePrincipal' } as const;
  const accounts = await accountsOf(context, args, { signIn, tenant, who });
  await keepServicePrincipal(context.io, tenant, signIn);
  return accounts;
}

function proofOf(args: Args, clientId: string): SignIn {
  const [secret, file, token] = [
    args.optional('password'),
    args.optional('certificate'),
    args.optional('federatedToken'),
  ];
  if (secret !== undefined) return { kind: 'client-secret', clientId, secret: new Secret(secret) };
  if (file !== undefined) return { kind: 'certificate', clientId, file: resolve(file) };
  return { kind: 'federated-token', clientId, assertion: new Secret(token ?? '') };
}

async function signInUser(context: CommandContext, args: Args): Promise<Account[]> {
  const { io, http } = context;
  const tenant = args.optional('tenant') ?? 'organizations';
  const { user, refreshToken } = await signInByDeviceCode(io, http, tenant, (message) => context.warn(message));
  await keepUser(io, user, refreshToken);
  return accountsOf(context, args, {
    signIn: { kind: 'user', clientId: AZ_CLIENT_ID, refreshToken },
    tenant: user.tenantId,
    who: { name: user.username, type: 'user' },
  });
}

async function signInIdentity(context: CommandContext, args: Args): Promise<Account[]> {
  const ids = [
    ['MSIClient', args.optional('clientId')],
    ['MSIObject', args.optional('objectId')],
    ['MSIResource', args.optional('resourceId')],
  ] as const;
  const given = ids.filter(([, id]) => id !== undefined);
  if (given.length > 1) {
    throw new AzError('error', 'Usage error: Provide only one of --client-id, --object-id, --resource-id.');
  }
  const [kind, id] = given[0] ?? ['MSI', undefined];
  const info = id === undefined ? kind : `${kind}-${id}`;
  const name = id === undefined ? 'systemAssignedIdentity' : 'userAssignedIdentity';
  const signIn: SignIn = { kind: 'managed-identity', info };
  const { token } = await requestToken(context.io, context.http, '', signIn, ARM_SCOPE);
  const tenant = tenantOf(token) ?? '';
  const who = { name, type: 'servicePrincipal', assignedIdentityInfo: info } as const;
  return accountsOf(context, args, { signIn, tenant, who });
}

interface SignedIn {
  readonly signIn: SignIn;
  readonly tenant: string;
  readonly who: Account['user'];
}

/** The subscriptions that a sign-in may see, the first of them the default. Proves the sign-in on the way. */
async function accountsOf(context: CommandContext, args: Args, { signIn, tenant, who }: SignedIn): Promise<Account[]> {
  const { io, http } = context;
  const { token } = await requestToken(io, http, tenant, signIn, ARM_SCOPE);
  const list = async (what: string) =>
    objectsAt(
      bodyOf(await http.send({ method: 'GET', url: `${ARM_URL}/${what}?api-version=2022-12-01`, token })),
      'value',
    );
  // az asks for a user's tenants; a service principal names its own.
  const tenants = who.type === 'user' ? await list('tenants') : [];
  const found = (await list('subscriptions')).map((subscription, index): Account => {
    const home = textAt(subscription, 'tenantId') ?? tenant;
    return {
      id: textAt(subscription, 'subscriptionId') ?? '',
      name: textAt(subscription, 'displayName') ?? '',
      state: textAt(subscription, 'state') ?? 'Enabled',
      tenantId: home,
      homeTenantId: home,
      environmentName: 'AzureCloud',
      isDefault: index === 0,
      ...namesOf(tenants.find((candidate) => textAt(candidate, 'tenantId') === home)),
      user: who,
    };
  });
  if (found.length > 0) return found;
  if (!args.flag('allowNoSubscriptions')) throw noSubscriptions(who);
  return [tenantAccount(tenant, who)];
}

/** The names of a tenant of ARM's list. */
function namesOf(tenant: JsonObject | undefined): ReturnType<typeof tenantNames> {
  return tenantNames({
    tenantDefaultDomain: textAt(tenant, 'defaultDomain'),
    tenantDisplayName: textAt(tenant, 'displayName'),
  });
}

function noSubscriptions(who: Account['user']): AzError {
  return who.assignedIdentityInfo === undefined
    ? new AzError('error', `No subscriptions found for ${who.name}.`)
    : new AzError(
        'error',
        "No access was configured for the managed identity, hence no subscriptions were found. If this is expected, use '--allow-no-subscriptions' to have tenant level access.",
      );
}

/** az's stand-in for a subscription where there is none. */
function tenantAccount(tenant: string, user: Account['user']): Account {
  return {
    id: tenant,
    name: 'N/A(tenant level account)',
    state: 'Enabled',
    tenantId: tenant,
    homeTenantId: tenant,
    environmentName: 'AzureCloud',
    isDefault: true,
    user,
  };
}

/** The id of a tenant that is named by its domain: from the issuer that its metadata names. */
async function tenantId(context: CommandContext, tenant: string): Promise<string> {
  if (isGuid(tenant)) return tenant;
  const url = `${LOGIN_URL}/${encodeURIComponent(tenant)}/v2.0/.well-known/openid-configuration`;
  const answer = await context.http.send({ method: 'GET', url });
  const id = textAt(parseJson(answer.body), 'issuer')?.split('/')[3];
  if (answer.status === 200 && id !== undefined) return id;
  throw new AzError('usage', `Failed to resolve tenant '${tenant}'.\n\nError detail: ${answer.body}`);
}

/** A sign-in takes over its subscriptions; the first of them becomes the default. */
function mergeAccounts(before: readonly Account[], signedIn: readonly Account[]): readonly Account[] {
  const others = before.filter((account) => !signedIn.some((fresh) => fresh.id === account.id));
  return [...others.map((account) => ({ ...account, isDefault: false })), ...signedIn];
}

function withDefault(accounts: readonly Account[]): readonly Account[] {
  if (accounts.some((account) => account.isDefault)) return accounts;
  return accounts.map((account, index) => ({ ...account, isDefault: index === 0 }));
}
