import type { FederatedIdentityCredential } from '../directory.ts';
import type { AssertionClaims } from './assertion.ts';

/**
 * Says for the audit log which federated credential an assertion meets, or which one comes nearest and where it differs.
 * It decides nothing: federated-assertion.ts does.
 */
export function describeCredentialMatch(
  credentials: readonly FederatedIdentityCredential[],
  claims: Pick<AssertionClaims, 'issuer' | 'subject' | 'audiences'>,
): Record<string, string> {
  const rated = credentials
    .map((credential) => ({ credential, differs: differences(credential, claims) }))
    .sort((a, b) => a.differs.length - b.differs.length);
  const [nearest] = rated;
  if (nearest === undefined) return { federatedCredential: 'none is configured' };
  const { credential, differs } = nearest;
  if (differs.length === 0) return { federatedCredential: credential.name };
  return { nearestCredential: `${credential.name} expects ${differs.join(' and ')}` };
}

function differences(
  { issuer, subject, audiences }: FederatedIdentityCredential,
  claims: Pick<AssertionClaims, 'issuer' | 'subject' | 'audiences'>,
): string[] {
  return [
    ...(issuer === claims.issuer ? [] : [`issuer ${issuer}`]),
    ...(subject === claims.subject ? [] : [`subject ${subject}`]),
    ...(audiences.some((audience) => claims.audiences.includes(audience)) ? [] : [`audience ${audiences.join(', ')}`]),
  ];
}
