import { compactVerify, decodeJwt, decodeProtectedHeader, errors } from 'jose';
import { z } from 'zod';
import type { Clock } from '#base';
import type { FederatedIdentityCredential, Principal, Tenant } from '../directory.ts';
import { AadstsError, entraTimestamp } from './aadsts.ts';
import type { IssuerKeys } from './issuer-keys.ts';

/** What a token claims before anything about it has been checked. */
export interface AssertionClaims {
  readonly issuer: string;
  readonly subject: string;
  readonly audiences: readonly string[];
  readonly kid: string;
  readonly notBeforeSec: number | undefined;
  readonly expiresAtSec: number;
}

/** What checking assertions needs. */
export interface AssertionDeps {
  readonly clock: Clock;
  readonly tenant: Tenant;
  readonly issuerKeys: IssuerKeys;
}

const DOCUMENTATION = 'https://learn.microsoft.com/entra/workload-id/workload-identity-federation';
const SKEW_SEC = 300;

const headerSchema = z.object({ alg: z.string(), kid: z.string().optional() });
const claimsSchema = z.object({
  iss: z.string().min(1),
  sub: z.string().min(1),
  aud: z.union([z.string().transform((audience) => [audience]), z.array(z.string())]),
  nbf: z.number().optional(),
  exp: z.number(),
});

/** Reads an assertion without believing it. Throws AADSTS50027 for what is no JWT, 5002738 for another algorithm than RS256. */
export function parseAssertion(assertion: string): AssertionClaims {
  const malformed = () => new AadstsError(50027, 'JWT token is invalid or malformed.');
  let header: unknown;
  let claims: unknown;
  try {
    header = decodeProtectedHeader(assertion);
    claims = decodeJwt(assertion);
  } catch {
    throw malformed();
  }
  const parsedHeader = headerSchema.safeParse(header).data;
  if (parsedHeader === undefined) throw malformed();
  const { alg, kid } = parsedHeader;
  if (alg !== 'RS256') {
    throw new AadstsError(
      5002738,
      `Invalid JWT token. '${alg}' is not a supported signature algorithm. Supported signing algorithms are: 'RS256'`,
    );
  }
  const parsed = claimsSchema.safeParse(claims).data;
  if (parsed === undefined || kid === undefined) throw malformed();
  return {
    issuer: parsed.iss,
    subject: parsed.sub,
    audiences: parsed.aud,
    kid,
    notBeforeSec: parsed.nbf,
    expiresAtSec: parsed.exp,
  };
}

/**
 * Checks that `assertion` stands for `principal`, in Entra's order: a credential by issuer, then
 * subject, then audience, all compared exactly; then the issuer's published key, the signature and the times.
 */
export async function verifyFederatedAssertion(
  deps: AssertionDeps,
  principal: Principal,
  assertion: string,
  claims: AssertionClaims,
): Promise<void> {
  refuseOwnTokens(deps.tenant, principal, claims);
  matchCredential(principal.federatedCredentials, claims);
  await verifySignature(deps.issuerKeys, assertion, claims);
  checkTimes(claims, deps.clock.now());
}

/** Tokens that the client or Entra ID itself issued belong to other flows, which the lab's applications are not set up for. */
function refuseOwnTokens(tenant: Tenant, principal: Principal, { issuer, kid }: AssertionClaims): void {
  if (issuer.toLowerCase() === principal.clientId?.toLowerCase()) {
    throw new AadstsError(
      700027,
      `Client assertion contains an invalid signature. [Reason - The key was not found., Thumbprint of key used by ` +
        `client: '${kid}']`,
    );
  }
  if (
    issuer.includes(tenant.tenantId) &&
    /^https:\/\/(?:sts\.windows\.net|login\.microsoftonline\.com)\//.test(issuer)
  ) {
    throw new AadstsError(
      700222,
      'Microsoft Entra ID issued tokens may not be used for federated identity credential flows.',
    );
  }
}

function matchCredential(credentials: readonly FederatedIdentityCredential[], claims: AssertionClaims): void {
  if (credentials.length === 0) {
    throw new AadstsError(70025, 'Client application has no configured federated identity credentials.');
  }
  const ofIssuer = credentials.filter(({ issuer }) => issuer === claims.issuer);
  if (ofIssuer.length === 0) {
    throw new AadstsError(
      700211,
      `No matching federated identity record found for presented assertion issuer '${claims.issuer}'. Please make sure ` +
        `the federated identity credential Issuer is '${claims.issuer}'. ${DOCUMENTATION}`,
    );
  }
  const ofSubject = ofIssuer.filter(({ subject }) => subject === claims.subject);
  if (ofSubject.length === 0) throw subjectMismatch(ofIssuer, claims.subject);
  if (!ofSubject.some(({ audiences }) => audiences.some((audience) => claims.audiences.includes(audience)))) {
    const presented = claims.audiences.join(', ');
    throw new AadstsError(
      700212,
      `No matching federated identity record found for presented assertion audience '${presented}'. Please make sure ` +
        `the federated identity credential Audience is '${presented}'. ${DOCUMENTATION}`,
    );
  }
}

function subjectMismatch(ofIssuer: readonly FederatedIdentityCredential[], presented: string): AadstsError {
  const start = `No matching federated identity record found for presented assertion subject '${presented}'. `;
  const check =
    'Check your federated identity credential Subject, Audience and Issuer against the presented assertion. ';
  const onlyCase = ofIssuer.some(({ subject }) => subject.toLowerCase() === presented.toLowerCase());
  return onlyCase
    ? new AadstsError(
        7002138,
        `${start}The subject matches with case-insensitive comparison, but not with case-sensitive comparison. ` +
          `${check}${DOCUMENTATION}`,
      )
    : new AadstsError(700213, `${start}${check}${DOCUMENTATION}`);
}

async function verifySignature(issuerKeys: IssuerKeys, assertion: string, claims: AssertionClaims): Promise<void> {
  const key = await issuerKeys.find(claims.issuer, claims.kid);
  try {
    await compactVerify(assertion, key, { algorithms: ['RS256'] });
  } catch (error) {
    if (!(error instanceof errors.JOSEError || error instanceof TypeError)) throw error;
    throw new AadstsError(
      700027,
      `Client assertion contains an invalid signature. [Reason - The provided signature value did not match the ` +
        `expected signature value., Thumbprint of key used by client: '${claims.kid}']`,
    );
  }
}

function checkTimes({ notBeforeSec, expiresAtSec }: AssertionClaims, nowMs: number): void {
  const nowSec = nowMs / 1000;
  if (expiresAtSec + SKEW_SEC > nowSec && (notBeforeSec ?? 0) - SKEW_SEC <= nowSec) return;
  const written = (sec: number) => entraTimestamp(Math.min(Math.max(sec, 0), 253_402_300_799) * 1000);
  throw new AadstsError(
    700024,
    `Client assertion is not within its valid time range. Current time: ${entraTimestamp(nowMs)}, assertion valid from ` +
      `${written(notBeforeSec ?? 0)}, expiry time of assertion ${written(expiresAtSec)}. Review the documentation at ` +
      `https://learn.microsoft.com/entra/identity-platform/certificate-credentials .`,
  );
}
