import { SignJWT, type JWTPayload } from 'jose';
import { Secret, type Clock, type Random } from '#base';
import { machineTime } from '#lab/clock';
import type { Principal, Tenant } from '../directory.ts';
import type { Resource } from './resources.ts';
import type { SigningKey } from './signing-key.ts';

/** How the client proved who it is; the values are those of the claim `appidacr`. */
export const CLIENT_PROOF = { public: '0', secret: '1', assertion: '2' } as const;

/** An access token to be made. */
export interface AccessTokenRequest {
  readonly principal: Principal;
  /** The client that asks: the principal's own id, or the program that a user signed in with. */
  readonly clientId: string;
  readonly proof: keyof typeof CLIENT_PROOF;
  readonly resource: Resource;
  /** The sign-in host that v2.0 tokens name as their issuer. */
  readonly loginHost: string;
  /** Values of the client capability claim `xms_cc`, for example `CP1`. */
  readonly capabilities: readonly string[];
}

/** A token and how long it lives. */
export interface IssuedToken {
  readonly token: Secret<string>;
  /** By the clock of the client, for what it is told beside the token; the claims are the lab's time. */
  readonly issuedAtSec: number;
  readonly expiresInSec: number;
}

/** What issuing tokens needs. */
export interface TokenIssuerDeps {
  readonly clock: Clock;
  readonly random: Random;
  readonly tenant: Tenant;
  readonly key: Promise<SigningKey>;
}

const APP_LIFETIME_SEC = 3599;
const MANAGED_IDENTITY_LIFETIME_SEC = 86_399;
const BACKDATE_SEC = 300;

/**
 * Makes a v1.0 access token, the version that Key Vault, ARM and Graph take, or a v2.0 one for a resource that takes those.
 */
export async function issueAccessToken(deps: TokenIssuerDeps, request: AccessTokenRequest): Promise<IssuedToken> {
  const { clock, random, tenant } = deps;
  const { principal, resource, capabilities } = request;
  const nowSec = Math.floor(clock.now() / 1000);
  const expiresInSec = principal.type === 'ManagedIdentity' ? MANAGED_IDENTITY_LIFETIME_SEC : APP_LIFETIME_SEC;
  const token = await sign(await deps.key, {
    iat: nowSec,
    nbf: nowSec - BACKDATE_SEC,
    exp: nowSec + expiresInSec,
    aio: random.bytes(24).toString('base64'),
    ...(resource.v2Audience === undefined ? v1Claims(tenant, request) : v2Claims(tenant, request, resource.v2Audience)),
    oid: principal.objectId,
    sub: principal.objectId,
    rh: `1.${random.bytes(30).toString('base64url')}.`,
    tid: tenant.tenantId,
    uti: random.bytes(16).toString('base64url'),
    ...(capabilities.length > 0 ? { xms_cc: capabilities } : {}),
  });
  return { token: new Secret(token), issuedAtSec: Math.floor(machineTime(clock).now() / 1000), expiresInSec };
}

/** Makes the id token of a user's sign-in, with the `nonce` of the sign-in's request. */
export async function issueIdToken(
  deps: TokenIssuerDeps,
  {
    principal,
    clientId,
    loginHost,
    nonce,
  }: Pick<AccessTokenRequest, 'principal' | 'clientId' | 'loginHost'> & { readonly nonce?: string | undefined },
): Promise<Secret<string>> {
  const { clock, tenant } = deps;
  // For the client's eyes alone, which looks at them with its own clock.
  const nowSec = Math.floor(machineTime(clock).now() / 1000);
  const token = await sign(await deps.key, {
    aud: clientId,
    iss: v2Issuer(loginHost, tenant.tenantId),
    iat: nowSec,
    nbf: nowSec,
    exp: nowSec + APP_LIFETIME_SEC,
    name: principal.displayName,
    ...(nonce === undefined ? {} : { nonce }),
    oid: principal.objectId,
    preferred_username: principal.userPrincipalName,
    sub: principal.objectId,
    tid: tenant.tenantId,
    ver: '2.0',
  });
  return new Secret(token);
}

/** The issuer of v1.0 access tokens, with its slash. */
export function v1Issuer(host: string, tenantId: string): string {
  return `https://${host}/${tenantId}/`;
}

/** The issuer of v2.0 tokens. */
export function v2Issuer(host: string, tenantId: string): string {
  return `https://${host}/${tenantId}/v2.0`;
}

function v1Claims({ tenantId }: Tenant, { principal, clientId, proof, resource }: AccessTokenRequest): JWTPayload {
  const issuer = v1Issuer(resource.tokenIssuerHost, tenantId);
  return {
    aud: resource.audience,
    iss: issuer,
    appid: clientId,
    appidacr: CLIENT_PROOF[proof],
    ...(principal.type === 'User' ? userClaims(principal, resource) : applicationClaims(principal, issuer)),
    ver: '1.0',
  };
}

/** As Entra ID documents them ("Access token claims reference"); `idtyp` is an optional claim of v2.0 tokens. */
function v2Claims(
  { tenantId }: Tenant,
  { principal, clientId, proof, resource, loginHost }: AccessTokenRequest,
  audience: string,
): JWTPayload {
  return {
    aud: audience,
    iss: v2Issuer(loginHost, tenantId),
    azp: clientId,
    azpacr: CLIENT_PROOF[proof],
    ...(principal.type === 'User'
      ? { name: principal.displayName, preferred_username: principal.userPrincipalName, scp: resource.userScope }
      : {}),
    ver: '2.0',
  };
}

function applicationClaims(principal: Principal, issuer: string): JWTPayload {
  return {
    idp: issuer,
    idtyp: 'app',
    // Azure writes this claim with a lower-case "resourcegroups".
    ...(principal.armId === undefined
      ? {}
      : { xms_mirid: principal.armId.replace(/\/resourceGroups\//i, '/resourcegroups/') }),
  };
}

function userClaims(principal: Principal, resource: Resource): JWTPayload {
  return {
    acr: '1',
    amr: ['pwd'],
    idtyp: 'user',
    name: principal.displayName,
    scp: resource.userScope,
    unique_name: principal.userPrincipalName,
    upn: principal.userPrincipalName,
  };
}

function sign(key: SigningKey, claims: JWTPayload): Promise<string> {
  return new SignJWT(claims)
    .setProtectedHeader({ typ: 'JWT', alg: 'RS256', x5t: key.kid, kid: key.kid })
    .sign(key.privateKey);
}
