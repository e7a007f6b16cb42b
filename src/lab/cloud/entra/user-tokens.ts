import type { Principal } from '../directory.ts';
import { AadstsError } from './aadsts.ts';
import { issueAccessToken, issueIdToken, type AccessTokenRequest, type TokenIssuerDeps } from './access-token.ts';
import type { AuthorizationCodes } from './authorization-codes.ts';
import { findClient, verifyClientCredential, type ClientAuthenticationDeps } from './client-authentication.ts';
import { findResource, narrowedTo, userScopeAudience, type Resource } from './resources.ts';
import { parseCapabilities, parseClientCredential, type TokenRequest } from './token-request.ts';
import type { UserGrantKind, UserGrants } from './user-grants.ts';

/** What giving tokens to users needs. */
export interface UserTokenDeps extends TokenIssuerDeps, ClientAuthenticationDeps {
  readonly grants: UserGrants;
  readonly codes: AuthorizationCodes;
}

interface SignIn {
  /** As the audit log tells it. */
  readonly grant: string;
  readonly user: Principal | undefined;
  /** The scope of the sign-in, for a request that does not name it again. */
  readonly scope: string;
  readonly nonce?: string | undefined;
}

/**
 * Turns a user's grant into tokens. Any program may ask: the lab's user has consented to everything. One that proves itself
 * (a web application does) has to do it right.
 */
export async function grantUser(
  deps: UserTokenDeps,
  request: TokenRequest,
  kind: UserGrantKind,
  field: 'refresh_token' | 'device_code',
): Promise<object> {
  await authenticateApplication(deps, request, request.form.require('client_id'), undefined);
  const grant = deps.grants.read(kind, request.form.require(field));
  const user = grant === undefined ? undefined : deps.directory.byObjectId(grant.userObjectId);
  // A device code was asked for with a scope, and MSAL does not name it again.
  return userAnswer(deps, request, { grant: field, user, scope: grant?.scope ?? '' });
}

/** The end of a sign-in with a browser. An application's web page proves itself with its own credential, too. */
export async function grantCode(deps: UserTokenDeps, request: TokenRequest): Promise<object> {
  const { form, note } = request;
  const clientId = form.require('client_id');
  note({ details: { grant: 'authorization_code', clientId } });
  const redemption = {
    clientId,
    code: form.require('code'),
    redirectUri: form.get('redirect_uri'),
    verifier: form.get('code_verifier'),
  };
  await authenticateApplication(deps, request, clientId, redemption.redirectUri);
  const { userObjectId, scope, nonce } = deps.codes.redeem(redemption);
  const user = deps.directory.byObjectId(userObjectId);
  return userAnswer(deps, request, { grant: 'authorization_code', user, scope, nonce });
}

/**
 * A sign-in by user name and password. The lab keeps no passwords: its users have any, since whoever can reach the lab is
 * its user already. Throws AADSTS50034 for a name that the tenant does not have.
 */
export async function grantPassword(deps: UserTokenDeps, request: TokenRequest): Promise<object> {
  const { form, note } = request;
  const clientId = form.require('client_id');
  const name = form.require('username');
  form.require('password');
  note({ details: { grant: 'password', clientId } });
  await authenticateApplication(deps, request, clientId, undefined);
  const user = deps.directory
    .principals()
    .find((each) => each.type === 'User' && each.userPrincipalName?.toLowerCase() === name.toLowerCase());
  if (user === undefined) {
    throw new AadstsError(
      50034,
      `The user account {EUII Hidden} does not exist in the ${deps.tenant.tenantId} directory. To sign into this ` +
        'application, the account must be added to the directory.',
    );
  }
  return userAnswer(deps, request, { grant: 'password', user, scope: '' });
}

/** A public client has nothing to prove; one that sends a credential, or comes from a web page's address, has. */
async function authenticateApplication(
  deps: UserTokenDeps,
  { form }: TokenRequest,
  clientId: string,
  redirectUri: string | undefined,
): Promise<void> {
  const web = deps.directory.applicationByClientId(clientId)?.properties['web'] as
    undefined | { readonly redirectUris?: readonly unknown[] };
  const proves = form.get('client_secret') !== undefined || form.get('client_assertion') !== undefined;
  if (!proves && web?.redirectUris?.includes(redirectUri) !== true) return;
  if (!proves) {
    throw new AadstsError(
      7000218,
      "The request body must contain the following parameter: 'client_assertion' or 'client_secret'.",
    );
  }
  await verifyClientCredential(deps, findClient(deps, clientId), parseClientCredential(form), () => undefined);
}

async function userAnswer(
  deps: UserTokenDeps,
  { form, version, loginHost, note }: TokenRequest,
  { grant, user, scope: grantScope, nonce }: SignIn,
): Promise<object> {
  const clientId = form.require('client_id');
  const scope = form.get('scope') ?? grantScope;
  const audience = version === 'v1' ? form.require('resource') : userScopeAudience(scope);
  note({ details: { grant, clientId, resource: audience } });
  if (user === undefined) throw new AadstsError(9002313, 'Invalid request. Request is malformed or invalid.');
  note({ identity: { objectId: user.objectId, clientId, name: user.displayName } });
  const resource = narrowedTo(scope, findResource(audience, deps.directory));
  const request: AccessTokenRequest = {
    principal: user,
    clientId,
    proof: 'public',
    resource,
    loginHost,
    capabilities: parseCapabilities(form),
  };
  const { token, expiresInSec } = await issueAccessToken(deps, request);
  const wantsIdToken = scope.split(' ').includes('openid');
  return {
    token_type: 'Bearer',
    scope: grantedScope(resource, scope),
    expires_in: expiresInSec,
    ext_expires_in: expiresInSec,
    access_token: token.expose(),
    refresh_token: deps.grants.issue('refresh', { userObjectId: user.objectId, scope: '' }).expose(),
    foci: '1',
    ...(wantsIdToken ? { id_token: (await issueIdToken(deps, { ...request, nonce })).expose() } : {}),
    client_info: Buffer.from(JSON.stringify({ uid: user.objectId, utid: deps.tenant.tenantId })).toString('base64url'),
  };
}

/** MSAL looks a token up in its cache by the scope that it asked for: `/.default` is named again, beside what it stood for. */
function grantedScope({ audience, userScope }: Resource, asked: string): string {
  const names = userScope.split(' ').map((name) => `${audience}/${name}`);
  const isDefault = asked.split(' ').includes(`${audience}/.default`);
  return [...names, ...(isDefault ? [`${audience}/.default`] : [])].join(' ');
}
