import { timingSafeEqual } from 'node:crypto';
import type { AuditFacts } from '../service.ts';
import type { Directory, Principal } from '../directory.ts';
import { secretDigest } from '../directory-store.ts';
import { AadstsError } from './aadsts.ts';
import { issueAccessToken, issueIdToken, type AccessTokenRequest, type TokenIssuerDeps } from './access-token.ts';
import { parseAssertion, verifyFederatedAssertion } from './federated-assertion.ts';
import type { IssuerKeys } from './issuer-keys.ts';
import { applicationScopeAudience, findResource, userScopeAudience, type Resource } from './resources.ts';
import { resolveTenant, type TenantSegment } from './tenant-segment.ts';
import { parseCapabilities, parseClientCredential, type ClientCredential, type TokenForm } from './token-request.ts';
import type { UserGrantKind, UserGrants } from './user-grants.ts';

/** What the token endpoint needs. */
export interface TokenEndpointDeps extends TokenIssuerDeps {
  readonly directory: Directory;
  readonly issuerKeys: IssuerKeys;
  readonly grants: UserGrants;
}

/** One token request: the tenant of its path, its form, and whom to tell about it. */
export interface TokenRequest {
  readonly tenantSegment: string;
  readonly form: TokenForm;
  /** `v1` is `/oauth2/token`: it takes `resource` instead of `scope` and answers numbers as strings. */
  readonly version: 'v1' | 'v2';
  readonly note: (facts: AuditFacts) => void;
}

type Grant = (deps: TokenEndpointDeps, request: TokenRequest, tenant: TenantSegment) => Promise<object>;

const GRANTS: Readonly<Record<string, Grant>> = {
  client_credentials: grantClientCredentials,
  refresh_token: (deps, request) => grantUser(deps, request, 'refresh', 'refresh_token'),
  device_code: (deps, request) => grantUser(deps, request, 'device', 'device_code'),
  'urn:ietf:params:oauth:grant-type:device_code': (deps, request) => grantUser(deps, request, 'device', 'device_code'),
};

/** Answers a token request with the body of a success, or throws the {@link AadstsError} of its first fault. */
export async function answerTokenRequest(deps: TokenEndpointDeps, request: TokenRequest): Promise<object> {
  const tenant = resolveTenant(request.tenantSegment, deps.tenant);
  const grantType = request.form.require('grant_type');
  const grant = Object.hasOwn(GRANTS, grantType) ? GRANTS[grantType] : undefined;
  if (grant === undefined) throw new AadstsError(70003, `The app requested an unsupported grant type '${grantType}'.`);
  return grant(deps, request, tenant);
}

/** The order of the checks is Entra's: form, application, credential, resource. The first fault decides the answer. */
async function grantClientCredentials(
  deps: TokenEndpointDeps,
  request: TokenRequest,
  tenant: TenantSegment,
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
  const principal = findApplication(deps, clientId);
  note({ identity: { objectId: principal.objectId, clientId, name: principal.displayName } });
  await verifyCredential(deps, principal, credential, (details) =>
    note({ details: { grant: credential.kind, clientId, resource: audience, ...details } }),
  );
  return appAnswer(deps, request, {
    principal,
    clientId: principal.clientId ?? clientId,
    proof: credential.kind,
    resource: findResource(audience, deps.tenant),
    capabilities: parseCapabilities(form),
  });
}

function findApplication({ directory, tenant }: TokenEndpointDeps, clientId: string): Principal {
  if (/^[0-]+$/.test(clientId)) throw new AadstsError(700038, `${clientId} is not a valid application identifier.`);
  const principal = directory.byClientId(clientId);
  if (principal !== undefined) return principal;
  throw new AadstsError(
    700016,
    `Application with identifier '${clientId}' was not found in the directory '${tenant.displayName}'. This can happen if ` +
      `the application has not been installed by the administrator of the tenant or consented to by any user in the ` +
      `tenant. You may have sent your authentication request to the wrong tenant.`,
  );
}

async function verifyCredential(
  deps: TokenEndpointDeps,
  principal: Principal,
  credential: ClientCredential,
  noteAssertion: (details: Record<string, string>) => void,
): Promise<void> {
  if (credential.kind === 'secret') {
    verifySecret(principal, credential.secret.expose(), deps.clock.now());
    return;
  }
  const assertion = credential.assertion.expose();
  const claims = parseAssertion(assertion);
  noteAssertion({ issuer: claims.issuer, subject: claims.subject, audience: claims.audiences.join(', ') });
  await verifyFederatedAssertion(deps, principal, assertion, claims);
}

function verifySecret(principal: Principal, secret: string, nowMs: number): void {
  const digest = Buffer.from(secretDigest(secret), 'hex');
  const found = principal.secrets.find(({ sha256 }) => {
    const kept = Buffer.from(sha256, 'hex');
    return kept.length === digest.length && timingSafeEqual(kept, digest);
  });
  if (found === undefined) {
    throw new AadstsError(
      7000215,
      `Invalid client secret provided. Ensure the secret being sent in the request is the client secret value, not the ` +
        `client secret ID, for a secret added to app '${principal.clientId}'.`,
    );
  }
  if (found.expiresAtMs !== undefined && found.expiresAtMs <= nowMs) {
    throw new AadstsError(
      7000222,
      `The provided client secret keys for app '${principal.clientId}' are expired. Visit the Azure portal to create new ` +
        `keys for your app, or consider using certificate credentials for added security.`,
    );
  }
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

/** Turns a user's grant into tokens. Any program may ask: the lab's user has consented to everything. */
async function grantUser(
  deps: TokenEndpointDeps,
  { form, version, note }: TokenRequest,
  kind: UserGrantKind,
  field: 'refresh_token' | 'device_code',
): Promise<object> {
  const clientId = form.require('client_id');
  const grant = deps.grants.read(kind, form.require(field));
  const user = grant === undefined ? undefined : deps.directory.byObjectId(grant.userObjectId);
  // A device code was asked for with a scope, and MSAL does not name it again.
  const scope = form.get('scope') ?? grant?.scope ?? '';
  const audience = version === 'v1' ? form.require('resource') : userScopeAudience(scope);
  note({ details: { grant: field, clientId, resource: audience } });
  if (user === undefined) throw new AadstsError(9002313, 'Invalid request. Request is malformed or invalid.');
  note({ identity: { objectId: user.objectId, clientId, name: user.displayName } });
  const resource = findResource(audience, deps.tenant);
  const request: AccessTokenRequest = {
    principal: user,
    clientId,
    proof: 'public',
    resource,
    capabilities: parseCapabilities(form),
  };
  const { token, expiresInSec } = await issueAccessToken(deps, request);
  return {
    token_type: 'Bearer',
    scope: grantedScope(resource, scope),
    expires_in: expiresInSec,
    ext_expires_in: expiresInSec,
    access_token: token.expose(),
    refresh_token: deps.grants.issue('refresh', { userObjectId: user.objectId, scope: '' }).expose(),
    foci: '1',
    ...(scope.split(' ').includes('openid') ? { id_token: (await issueIdToken(deps, request)).expose() } : {}),
    client_info: Buffer.from(JSON.stringify({ uid: user.objectId, utid: deps.tenant.tenantId })).toString('base64url'),
  };
}

/** MSAL looks a token up in its cache by the scope that it asked for: `/.default` is named again, beside what it stood for. */
function grantedScope({ audience, userScope }: Resource, asked: string): string {
  const names = userScope.split(' ').map((name) => `${audience}/${name}`);
  const isDefault = asked.split(' ').includes(`${audience}/.default`);
  return [...names, ...(isDefault ? [`${audience}/.default`] : [])].join(' ');
}
