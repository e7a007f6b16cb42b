import { AadstsError } from './aadsts.ts';
import { issueAccessToken, type AccessTokenRequest } from './access-token.ts';
import { findClient, verifyClientCredential } from './client-authentication.ts';
import { applicationScopeAudience, findResource } from './resources.ts';
import { resolveSignInTenant, resolveTenant } from './tenant-segment.ts';
import { parseCapabilities, parseClientCredential, type TokenRequest } from './token-request.ts';
import { grantCode, grantPassword, grantUser, type UserTokenDeps } from './user-tokens.ts';

/** What the token endpoint needs. */
export type TokenEndpointDeps = UserTokenDeps;

type Grant = (deps: TokenEndpointDeps, request: TokenRequest, tenant: 'tenant' | 'any') => Promise<object>;

const GRANTS: Readonly<Record<string, Grant>> = {
  client_credentials: grantClientCredentials,
  refresh_token: (deps, request) => grantUser(deps, request, 'refresh', 'refresh_token'),
  device_code: (deps, request) => grantUser(deps, request, 'device', 'device_code'),
  'urn:ietf:params:oauth:grant-type:device_code': (deps, request) => grantUser(deps, request, 'device', 'device_code'),
  authorization_code: grantCode,
  password: grantPassword,
};

/** Answers a token request with the body of a success, or throws the {@link AadstsError} of its first fault. */
export async function answerTokenRequest(deps: TokenEndpointDeps, request: TokenRequest): Promise<object> {
  resolveTenant(request.tenantSegment, deps.tenant);
  const grantType = request.form.require('grant_type');
  const grant = Object.hasOwn(GRANTS, grantType) ? GRANTS[grantType] : undefined;
  if (grant === undefined) throw new AadstsError(70003, `The app requested an unsupported grant type '${grantType}'.`);
  const clientId = request.form.require('client_id');
  return grant(deps, request, resolveSignInTenant(request.tenantSegment, deps.tenant, clientId));
}

/** The order of the checks is Entra's: form, application, credential, resource. The first fault decides the answer. */
async function grantClientCredentials(
  deps: TokenEndpointDeps,
  request: TokenRequest,
  tenant: 'tenant' | 'any',
): Promise<object> {
  const { form, version, note } = request;
  if (tenant === 'any') {
    throw new AadstsError(
      50059,
      'No tenant-identifying information found in either the request or implied by any provided credentials.',
    );
  }
  const clientId = form.require('client_id');
  const audience = version === 'v2' ? applicationScopeAudience(form.require('scope')) : form.require('resource');
  const credential = parseClientCredential(form);
  note({ details: { grant: credential.kind, clientId, resource: audience } });
  const client = findClient(deps, clientId);
  const { principal } = client;
  note({ identity: { objectId: principal.objectId, clientId, name: principal.displayName } });
  await verifyClientCredential(deps, client, credential, (details) =>
    note({ details: { grant: credential.kind, clientId, resource: audience, ...details } }),
  );
  return appAnswer(deps, request, {
    principal,
    clientId: client.clientId,
    proof: credential.kind,
    resource: findResource(audience, deps.directory),
    loginHost: request.loginHost,
    capabilities: parseCapabilities(form),
  });
}

async function appAnswer(
  deps: TokenEndpointDeps,
  { version }: TokenRequest,
  request: AccessTokenRequest,
): Promise<object> {
  const { token, issuedAtSec, expiresInSec } = await issueAccessToken(deps, request);
  if (version === 'v1') {
    return {
      token_type: 'Bearer',
      expires_in: String(expiresInSec),
      ext_expires_in: String(expiresInSec),
      expires_on: String(issuedAtSec + expiresInSec),
      not_before: String(issuedAtSec - 300),
      resource: request.resource.audience,
      access_token: token.expose(),
    };
  }
  return {
    token_type: 'Bearer',
    expires_in: expiresInSec,
    ext_expires_in: expiresInSec,
    ...(request.principal.type === 'ManagedIdentity' ? { refresh_in: 43_200 } : {}),
    access_token: token.expose(),
  };
}
