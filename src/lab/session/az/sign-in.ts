import { Secret } from '#base';
import type { AzIo } from './io.ts';
import { isObject, objectsAt, textAt, type JsonObject } from './json.ts';
import type { AssignedIdentityInfo } from './managed-identity.ts';
import { AZ_CLIENT_ID, homeAccountIdOf, MSAL_CACHE, userEntries, type SignedInUser } from './msal-cache.ts';
import { readConfigFile, writeConfigFile, type Account } from './profile.ts';

/** How the account that is signed in proves itself to Entra ID. */
export type SignIn =
  | { readonly kind: 'user'; readonly clientId: string; readonly refreshToken: Secret<string> }
  | { readonly kind: 'client-secret'; readonly clientId: string; readonly secret: Secret<string> }
  | { readonly kind: 'federated-token'; readonly clientId: string; readonly assertion: Secret<string> }
  /** `file` holds the private key and the certificate. */
  | { readonly kind: 'certificate'; readonly clientId: string; readonly file: string }
  | { readonly kind: 'managed-identity'; readonly info: AssignedIdentityInfo };

const SERVICE_PRINCIPALS = 'service_principal_entries.json';

/** How `account` signs in, from MSAL's cache or the list of service principals; undefined when nothing is kept for it. */
export async function readSignIn(
  env: AzIo['env'],
  account: Pick<Account, 'tenantId' | 'user'>,
): Promise<SignIn | undefined> {
  if (account.user.assignedIdentityInfo !== undefined) {
    return { kind: 'managed-identity', info: account.user.assignedIdentityInfo };
  }
  return account.user.type === 'servicePrincipal'
    ? readServicePrincipal(env, account)
    : readUserSignIn(env, account.user.name);
}

async function readUserSignIn(env: AzIo['env'], username: string): Promise<SignIn | undefined> {
  const cache = await readConfigFile(env, MSAL_CACHE);
  const account = section(cache, 'Account').find((entry) => textAt(entry, 'username') === username);
  const home = textAt(account, 'home_account_id');
  const entry = section(cache, 'RefreshToken').find((token) => textAt(token, 'home_account_id') === home);
  const refreshToken = textAt(entry, 'secret');
  if (refreshToken === undefined) return undefined;
  const clientId = textAt(entry, 'client_id') ?? AZ_CLIENT_ID;
  return { kind: 'user', clientId, refreshToken: new Secret(refreshToken) };
}

async function readServicePrincipal(
  env: AzIo['env'],
  account: Pick<Account, 'tenantId' | 'user'>,
): Promise<SignIn | undefined> {
  const clientId = account.user.name;
  const entry = entries(await readConfigFile(env, SERVICE_PRINCIPALS)).find(
    (candidate) => textAt(candidate, 'client_id') === clientId && textAt(candidate, 'tenant') === account.tenantId,
  );
  const secret = textAt(entry, 'client_secret');
  if (secret !== undefined) return { kind: 'client-secret', clientId, secret: new Secret(secret) };
  const file = textAt(entry, 'certificate');
  if (file !== undefined) return { kind: 'certificate', clientId, file };
  const assertion = textAt(entry, 'client_assertion');
  return assertion === undefined ? undefined : { kind: 'federated-token', clientId, assertion: new Secret(assertion) };
}

/** Keeps a service principal's proof, as `az login --service-principal` does. */
export async function keepServicePrincipal(io: AzIo, tenantId: string, signIn: SignIn): Promise<void> {
  if (signIn.kind === 'user' || signIn.kind === 'managed-identity') return;
  const others = entries(await readConfigFile(io.env, SERVICE_PRINCIPALS)).filter(
    (entry) => !(textAt(entry, 'client_id') === signIn.clientId && textAt(entry, 'tenant') === tenantId),
  );
  await writeConfigFile(io, SERVICE_PRINCIPALS, [
    ...others,
    { client_id: signIn.clientId, tenant: tenantId, ...keptProof(signIn) },
  ]);
}

function keptProof(signIn: Extract<SignIn, { readonly kind: 'client-secret' | 'certificate' | 'federated-token' }>) {
  if (signIn.kind === 'client-secret') return { client_secret: signIn.secret.expose() };
  return signIn.kind === 'certificate' ? { certificate: signIn.file } : { client_assertion: signIn.assertion.expose() };
}

/** Takes a service principal off the list. */
export async function forgetServicePrincipal(io: AzIo, clientId: string): Promise<void> {
  const all = entries(await readConfigFile(io.env, SERVICE_PRINCIPALS));
  const others = all.filter((entry) => textAt(entry, 'client_id') !== clientId);
  if (others.length < all.length) await writeConfigFile(io, SERVICE_PRINCIPALS, others);
}

/** Keeps a user's refresh token in MSAL's cache, in place of what was kept of the same user. */
export async function keepUser(io: AzIo, user: SignedInUser, refreshToken: Secret<string>): Promise<void> {
  const home = homeAccountIdOf(user);
  const others = await usersWithout(io, (entry) => textAt(entry, 'home_account_id') === home);
  const entriesOfUser = Object.entries(userEntries(user, refreshToken, io.clock.now()));
  await writeConfigFile(io, MSAL_CACHE, {
    ...others,
    ...Object.fromEntries(entriesOfUser.map(([kind, entry]) => [kind, { ...objectAt(others, kind), ...entry }])),
  });
}

/** Takes a user with all tokens out of MSAL's cache. */
export async function forgetUser(io: AzIo, username: string): Promise<void> {
  const cache = await readConfigFile(io.env, MSAL_CACHE);
  const homes = section(cache, 'Account')
    .filter((entry) => textAt(entry, 'username') === username)
    .map((entry) => textAt(entry, 'home_account_id'));
  if (homes.length === 0) return;
  await writeConfigFile(
    io,
    MSAL_CACHE,
    await usersWithout(io, (entry) => homes.includes(textAt(entry, 'home_account_id'))),
  );
}

/** MSAL's cache without the entries that `leaves` names, of every kind. */
async function usersWithout(io: AzIo, leaves: (entry: JsonObject) => boolean): Promise<JsonObject> {
  const cache = await readConfigFile(io.env, MSAL_CACHE);
  if (!isObject(cache)) return {};
  return Object.fromEntries(
    Object.entries(cache).map(([kind, entriesOfKind]) => [
      kind,
      isObject(entriesOfKind)
        ? Object.fromEntries(Object.entries(entriesOfKind).filter(([, entry]) => !isObject(entry) || !leaves(entry)))
        : entriesOfKind,
    ]),
  );
}

function objectAt(value: JsonObject, key: string): JsonObject {
  const found = value[key];
  return isObject(found) ? found : {};
}

function section(cache: unknown, name: string): readonly JsonObject[] {
  const found = isObject(cache) ? cache[name] : undefined;
  return isObject(found) ? Object.values(found).filter((entry) => isObject(entry)) : [];
}

function entries(list: unknown): readonly JsonObject[] {
  return objectsAt({ list: Array.isArray(list) ? list : [] }, 'list');
}
