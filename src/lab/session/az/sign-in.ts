import { Secret } from '#base';
import type { AzIo } from './io.ts';
import { isObject, objectsAt, textAt, type JsonObject } from './json.ts';
import { readConfigFile, writeConfigFile, type Account } from './profile.ts';

/** How the account that is signed in proves itself to Entra ID. */
export type SignIn =
  | { readonly kind: 'user'; readonly clientId: string; readonly refreshToken: Secret<string> }
  | { readonly kind: 'client-secret'; readonly clientId: string; readonly secret: Secret<string> }
  | { readonly kind: 'federated-token'; readonly clientId: string; readonly assertion: Secret<string> };

/** A user of msal_token_cache.json. */
export interface SignedInUser {
  readonly username: string;
  readonly tenantId: string;
}

const USERS = 'msal_token_cache.json';
const SERVICE_PRINCIPALS = 'service_principal_entries.json';
const SIGNED_OUT = 'keyferry_signed_out.json';

/** The client id of az itself, which user tokens belong to. */
const AZ_CLIENT_ID = '04b07795-8ddb-461a-bbee-02f9e1bf7b46';

/** How `account` signs in, from MSAL's cache or the list of service principals; undefined when nothing is kept for it. */
export async function readSignIn(
  env: AzIo['env'],
  account: Pick<Account, 'tenantId' | 'user'>,
): Promise<SignIn | undefined> {
  return account.user.type === 'servicePrincipal'
    ? readServicePrincipal(env, account)
    : readUserSignIn(env, account.user.name);
}

/** The users whose refresh tokens are kept. */
export async function readUsers(env: AzIo['env']): Promise<readonly SignedInUser[]> {
  return section(await readConfigFile(env, USERS), 'Account').map((entry) => ({
    username: textAt(entry, 'username') ?? '',
    tenantId: textAt(entry, 'realm') ?? (textAt(entry, 'home_account_id') ?? '').split('.')[1] ?? '',
  }));
}

async function readUserSignIn(env: AzIo['env'], username: string): Promise<SignIn | undefined> {
  const cache = await readConfigFile(env, USERS);
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
  const assertion = textAt(entry, 'client_assertion');
  return assertion === undefined ? undefined : { kind: 'federated-token', clientId, assertion: new Secret(assertion) };
}

/** Keeps a service principal's proof, as `az login --service-principal` does. */
export async function keepServicePrincipal(io: AzIo, tenantId: string, signIn: SignIn): Promise<void> {
  if (signIn.kind === 'user') return;
  const others = entries(await readConfigFile(io.env, SERVICE_PRINCIPALS)).filter(
    (entry) => !(textAt(entry, 'client_id') === signIn.clientId && textAt(entry, 'tenant') === tenantId),
  );
  const proof =
    signIn.kind === 'client-secret'
      ? { client_secret: signIn.secret.expose() }
      : { client_assertion: signIn.assertion.expose() };
  await writeConfigFile(io, SERVICE_PRINCIPALS, [
    ...others,
    { client_id: signIn.clientId, tenant: tenantId, ...proof },
  ]);
}

/** Takes a service principal off the list. */
export async function forgetServicePrincipal(io: AzIo, clientId: string): Promise<void> {
  const all = entries(await readConfigFile(io.env, SERVICE_PRINCIPALS));
  const others = all.filter((entry) => textAt(entry, 'client_id') !== clientId);
  if (others.length < all.length) await writeConfigFile(io, SERVICE_PRINCIPALS, others);
}

/**
 * Takes the users out of MSAL's cache and keeps them aside in the same folder: the lab has no browser to sign in with
 * again, so the next `az login` brings them back.
 */
export async function setUsersAside(io: AzIo): Promise<void> {
  const cache = await readConfigFile(io.env, USERS);
  if (section(cache, 'Account').length === 0) return;
  await writeConfigFile(io, SIGNED_OUT, cache ?? {});
  await writeConfigFile(io, USERS, {});
}

/** Brings back the users that {@link setUsersAside} put away. Answers false when there are none. */
export async function bringUsersBack(io: AzIo): Promise<boolean> {
  const aside = await readConfigFile(io.env, SIGNED_OUT);
  if (section(aside, 'Account').length === 0) return false;
  await writeConfigFile(io, USERS, aside ?? {});
  await writeConfigFile(io, SIGNED_OUT, {});
  return true;
}

function section(cache: unknown, name: string): readonly JsonObject[] {
  const found = isObject(cache) ? cache[name] : undefined;
  return isObject(found) ? Object.values(found).filter((entry) => isObject(entry)) : [];
}

function entries(list: unknown): readonly JsonObject[] {
  return objectsAt({ list: Array.isArray(list) ? list : [] }, 'list');
}
