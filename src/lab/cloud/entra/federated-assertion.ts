import { compactVerify, errors } from 'jose';
import type { Clock } from '#base';
import type { FederatedIdentityCredential, Tenant } from '../directory.ts';
import { AadstsError } from './aadsts.ts';
import { checkTimes, malformedAssertion, unsupportedAlgorithm, type AssertionClaims } from './assertion.ts';
import type { IssuerKeys } from './issuer-keys.ts';

/** The client whose token an assertion may stand for. */
export interface FederatedClient {
  readonly clientId: string;
  readonly principal: { readonly displayName: string };
  readonly federatedCredentials: readonly FederatedIdentityCredential[];
}

/** What checking assertions needs. */
export interface AssertionDeps {
  readonly clock: Clock;
  readonly tenant: Tenant;
  readonly issuerKeys: IssuerKeys;
}

const DOCUMENTATION = 'https://learn.microsoft.com/entra/workload-id/workload-identity-federation';

/**
 * Checks that `assertion` stands for `client`, in Entra's order: a credential by issuer, then
 * subject, then audience, all compared exactly; then the issuer's published key, the signature and the times.
 */
export async function verifyFederatedAssertion(
  deps: AssertionDeps,
  client: FederatedClient,
  assertion: string,
  claims: AssertionClaims,
): Promise<void> {
  if (claims.algorithm !== 'RS256') throw unsupportedAlgorithm(claims.algorithm);
  const { kid } = claims;
  if (kid === undefined) throw malformedAssertion();
  refuseOwnTokens(deps.tenant, claims);
  matchCredential(client, claims);
  await verifySignature(deps.issuerKeys, assertion, { issuer: claims.issuer, kid });
  checkTimes(claims, deps.clock.now());
}

/** Tokens that Entra ID itself issued belong to other flows, which the lab's applications are not set up for. */
function refuseOwnTokens(tenant: Tenant, { issuer }: AssertionClaims): void {
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

function matchCredential(
  { clientId, principal, federatedCredentials }: FederatedClient,
  claims: AssertionClaims,
): void {
  if (federatedCredentials.length === 0) {
    throw new AadstsError(
      70025,
      `The client '${clientId}'(${principal.displayName}) has no configured federated identity credentials.`,
    );
  }
  const ofIssuer = federatedCredentials.filter(({ issuer }) => issuer === claims.issuer);
  if (ofIssuer.length === 0) {
    throw new AadstsError(700211, `${noMatch('issuer', claims.issuer)} Please check ${CHECK}`);
  }
  const ofSubject = ofIssuer.filter(({ subject }) => subject === claims.subject);
  if (ofSubject.length === 0) throw subjectMismatch(ofIssuer, claims.subject);
  if (!ofSubject.some(({ audiences }) => audiences.some((audience) => claims.audiences.includes(audience)))) {
    throw new AadstsError(700212, `${noMatch('audience', claims.audiences.join(', '))} Please check ${CHECK}`);
  }
}

// Sources: 700211 as recorded in 2025 ("Please check"), 700213 as recorded in 2026 ("Check").
const CHECK = `your federated identity credential Subject, Audience and Issuer against the presented assertion. ${DOCUMENTATION}`;

function noMatch(claim: 'issuer' | 'subject' | 'audience', presented: string): string {
  return `No matching federated identity record found for presented assertion ${claim} '${presented}'.`;
}

function subjectMismatch(ofIssuer: readonly FederatedIdentityCredential[], presented: string): AadstsError {
  const start = noMatch('subject', presented);
  const onlyCase = ofIssuer.some(({ subject }) => subject.toLowerCase() === presented.toLowerCase());
  return onlyCase
    ? new AadstsError(
        7002138,
        `${start} The subject matches with case-insensitive comparison, but not with case-sensitive comparison. ` +
          `Check ${CHECK}`,
      )
    : new AadstsError(700213, `${start} Check ${CHECK}`);
}

async function verifySignature(
  issuerKeys: IssuerKeys,
  assertion: string,
  { issuer, kid }: { readonly issuer: string; readonly kid: string },
): Promise<void> {
  const key = await issuerKeys.find(issuer, kid);
  try {
    await compactVerify(assertion, key, { algorithms: ['RS256'] });
  } catch (error) {
    if (!(error instanceof errors.JOSEError || error instanceof TypeError)) throw error;
    throw new AadstsError(
      700027,
      `Client assertion contains an invalid signature. [Reason - The provided signature value did not match the ` +
        `expected signature value., Thumbprint of key used by client: '${kid}']`,
    );
  }
}
