import { SignJWT, type JWTPayload } from 'jose';
import { Secret, type Clock, type Random } from '#base';
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
  /** Values of the client capability claim `xms_cc`, for example `CP1`. */
  readonly capabilities: readonly string[];
}

/** A token and how long it lives. */
export interface IssuedToken {
  readonly token: Secret<string>;
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

/** Makes a v1.0 access token, the version that Key Vault, ARM and Graph take. */
export async function issueAccessToken(deps: TokenIssuerDeps, request: AccessTokenRequest): Promise<IssuedToken> {
  const { clock, random, tenant } = deps;
  const { principal, clientId, proof, resource, capabilities } = request;
  const issuedAtSec = Math.floor(clock.now() / 1000);
  const expiresInSec = principal.type === 'ManagedIdentity' ? MANAGED_IDENTITY_LIFETIME_SEC : APP_LIFETIME_SEC;
  const issuer = v1Issuer(resource.tokenIssuerHost, tenant.tenantId);
  const token = await sign(await deps.key, {
    aud: resource.audience,
    iss: issuer,
    iat: issuedAtSec,
    nbf: issuedAtSec - BACKDATE_SEC,
    exp: issuedAtSec + expiresInSec,
    aio: random.bytes(24).toString('base64'),
    appid: clientId,
    appidacr: CLIENT_PROOF[proof],
    ...(principal.type === 'User' ? userClaims(principal, resource) : applicationClaims(principal, issuer)),
    oid: principal.objectId,
    sub: principal.objectId,
    rh: `1.${random.bytes(30).toString('base64url')}.`,
    tid: tenant.tenantId,
    uti: random.bytes(16).toString('base64url'),
    ver: '1.0',
    ...(capabilities.length > 0 ? { xms_cc: capabilities } : {}),
  });
  return { token: new Secret(token), issuedAtSec, expiresInSec };
}

/** Makes the id token of a user's sign-in, with the `nonce` of the sign-in's request. */
export async function issueIdToken(
  deps: TokenIssuerDeps,
  {
    principal,
    clientId,
    nonce,
  }: Pick<AccessTokenRequest, 'principal' | 'clientId'> & { readonly nonce?: string | undefined },
): Promise<Secret<string>> {
  const { clock, tenant } = deps;
  const nowSec = Math.floor(clock.now() / 1000);
  const token = await sign(await deps.key, {
    aud: clientId,
    iss: `https://login.microsoftonline.com/${tenant.tenantId}/v2.0`,
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
