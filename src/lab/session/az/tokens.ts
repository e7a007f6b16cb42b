import { createHash } from 'node:crypto';
import { Secret } from '#base';
import { AzError } from './errors.ts';
import type { AzHttp } from './http.ts';
import type { AzIo } from './io.ts';
import { isObject, parseJson, textAt, type JsonObject } from './json.ts';
import { requestManagedIdentityToken } from './managed-identity.ts';
import { readConfigFile, writeConfigFile, type Account } from './profile.ts';
import { readSignIn, type SignIn } from './sign-in.ts';

/** The scope of ARM as az asks for it; the two slashes are az's own. */
export const ARM_SCOPE = 'https://management.core.windows.net//.default';

/** Where users and applications sign in. */
export const LOGIN_URL = 'https://login.microsoftonline.com';

/** The scope of Microsoft Graph. */
export const GRAPH_SCOPE = 'https://graph.microsoft.com//.default';

/** An access token with its end. */
export interface AccessToken {
  readonly token: Secret<string>;
  readonly expiresAtMs: number;
}

/** Gets access tokens for the signed-in account. */
export interface Tokens {
  /** A token for `scope`: a kept one that is good for five more minutes, else a new one (`fresh`: always a new one). */
  get(account: Account, scope: string, options?: { readonly fresh?: boolean }): Promise<AccessToken>;
}

/** The file of kept access tokens, in the configuration folder. */
export const ACCESS_TOKEN_CACHE = 'keyferry_access_tokens.json';

/** A kept token that is good for less is not used, by the real az either (MSAL). */
export const SPARE_MS = 5 * 60_000;

/** Tokens from the lab's Entra ID, kept in the configuration folder so that most commands need no token call. */
export function createTokens(io: AzIo, http: AzHttp): Tokens {
  return {
    async get(account, scope, { fresh = false } = {}) {
      const signIn = await readSignIn(io.env, account);
      if (signIn === undefined) throw notSignedIn(account);
      const key = cacheKey(account, signIn, scope);
      const cache = await readConfigFile(io.env, ACCESS_TOKEN_CACHE).catch(() => undefined);
      const kept = isObject(cache) ? cache : {};
      const found = fresh ? undefined : readEntry(kept[key]);
      if (found !== undefined && found.expiresAtMs - SPARE_MS > io.clock.now()) return found;

      const token = await requestToken(io, http, account.tenantId, signIn, scope);
      const alive = Object.entries(kept).filter(([, entry]) => (readEntry(entry)?.expiresAtMs ?? 0) > io.clock.now());
      const entry = { access_token: token.token.expose(), expires_at_ms: token.expiresAtMs };
      await writeConfigFile(io, ACCESS_TOKEN_CACHE, { ...Object.fromEntries(alive), [key]: entry });
      return token;
    },
  };
}

/** Forgets all kept access tokens. */
export async function forgetTokens(io: AzIo): Promise<void> {
  if ((await readConfigFile(io.env, ACCESS_TOKEN_CACHE).catch(() => ({}))) !== undefined)
    await writeConfigFile(io, ACCESS_TOKEN_CACHE, {});
}

/** Asks Entra ID for a token. Throws its AADSTS text when it refuses. */
export async function requestToken(
  io: AzIo,
  http: AzHttp,
  tenantId: string,
  signIn: SignIn,
  scope: string,
): Promise<AccessToken> {
  if (signIn.kind === 'managed-identity') return requestManagedIdentityToken(io, signIn.info, scope);
  const url = `${LOGIN_URL}/${encodeURIComponent(tenantId)}/oauth2/v2.0/token`;
  const proof = await proofOf(io, signIn, url);
  const answer = await http.send({
    method: 'POST',
    url,
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: new URLSearchParams({
      client_id: signIn.clientId,
      client_info: '1',
      claims: '{"access_token":{"xms_cc":{"values":["CP1"]}}}',
      scope: signIn.kind === 'user' ? `${scope} offline_access openid profile` : scope,
      ...proof,
    }).toString(),
  });
  const parsed = parseJson(answer.body);
  const accessToken = textAt(parsed, 'access_token');
  if (answer.status !== 200 || accessToken === undefined) {
    const description = textAt(parsed, 'error_description') ?? `the token endpoint answered ${answer.status}`;
    throw new AzError('error', description, {
      recommendation: 'To see what Entra ID was asked: keyferry lab audit',
    });
  }
  const expiresInSeconds = Number((isObject(parsed) ? parsed['expires_in'] : undefined) ?? 3599);
  return { token: new Secret(accessToken), expiresAtMs: io.clock.now() + expiresInSeconds * 1000 };
}

type RequestedSignIn = Exclude<SignIn, { readonly kind: 'managed-identity' }>;

async function proofOf(io: AzIo, signIn: RequestedSignIn, tokenEndpoint: string): Promise<Record<string, string>> {
  switch (signIn.kind) {
    case 'user':
      return { grant_type: 'refresh_token', refresh_token: signIn.refreshToken.expose() };
    case 'client-secret':
      return { grant_type: 'client_credentials', client_secret: signIn.secret.expose() };
    case 'certificate': {
      const { file, clientId } = signIn;
      const { createAssertion } = await import('./certificate-assertion.ts');
      return assertionProof(
        await createAssertion({ file, clientId, tokenEndpoint, clock: io.clock, random: io.random }),
      );
    }
    case 'federated-token':
    default:
      return assertionProof(signIn.assertion);
  }
}

function assertionProof(assertion: Secret<string>): Record<string, string> {
  return {
    grant_type: 'client_credentials',
    client_assertion: assertion.expose(),
    client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
  };
}

function notSignedIn(account: Account): AzError {
  return account.user.type === 'user'
    ? new AzError('error', `User '${account.user.name}' does not exist in MSAL token cache. Run \`az login\`.`)
    : new AzError(
        'error',
        `Service principal '${account.user.name}' does not exist in the list of service principals. Run \`az login\`.`,
      );
}

/** Tokens of another sign-in, even of the same name, are never reused: the key holds a digest of the proof. */
function cacheKey(account: Account, signIn: SignIn, scope: string): string {
  const { tenantId, user } = account;
  const digest = createHash('sha256').update(keyText(signIn)).digest('hex').slice(0, 16);
  return [tenantId, user.name, digest, scope].join(' ');
}

function keyText(signIn: SignIn): string {
  switch (signIn.kind) {
    case 'user':
      return signIn.refreshToken.expose();
    case 'client-secret':
      return signIn.secret.expose();
    case 'certificate':
      return signIn.file;
    case 'managed-identity':
      return signIn.info;
    case 'federated-token':
    default:
      return signIn.assertion.expose();
  }
}

function readEntry(entry: JsonObject[string]): AccessToken | undefined {
  const token = textAt(entry, 'access_token');
  const expiresAtMs = isObject(entry) ? entry['expires_at_ms'] : undefined;
  if (token === undefined || typeof expiresAtMs !== 'number') return undefined;
  return { token: new Secret(token), expiresAtMs };
}
