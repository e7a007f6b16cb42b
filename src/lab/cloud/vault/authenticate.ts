import { AzureError } from '../rest/azure-error.ts';
import type { AzureCloud } from '../azure-clouds.ts';
import type { AccessToken, TokenRefusal, TokenVerifier } from '../service.ts';
import { vaultAudiences, vaultResource } from './vault-hosts.ts';
import type { VaultRecord } from './vault-registry.ts';

interface RefusalFacts {
  readonly vault: VaultRecord;
  readonly cloud: AzureCloud;
  readonly found: string;
}

/**
 * The text of each 401. `missing` and `issuer` follow answers in the recordings of the SDKs' tests, `audience` and
 * `expired` are as users quote them; the others are our wording, since no recording of them is at hand.
 */
const REFUSAL_TEXTS: Record<TokenRefusal, (facts: RefusalFacts) => string> = {
  missing: () => 'AKV10000: Request is missing a Bearer or PoP token.',
  malformed: () => 'AKV10001: The Bearer token is malformed.',
  signature: () => 'AKV10046: Unable to resolve the key used for signature validation.',
  issuer: ({ vault, cloud, found }) =>
    `AKV10032: Invalid issuer. Expected one of https://${cloud.tokenIssuerHost}/${vault.tenantId}/, found ${found}.`,
  audience: ({ cloud, found }) => `AKV10022: Invalid audience. Expected ${vaultResource(cloud)}, found: ${found}.`,
  expired: () => "[TokenExpired] Error validating token: 'S2S12086'.",
  'not-yet-valid': () => '[TokenNotYetValid] Error validating token: its nbf is in the future.',
};

/**
 * The verified token of a request. Throws the 401 challenge otherwise: with exactly one space after `Bearer` and after
 * the comma, since SDKs split on them.
 */
export async function authenticate(
  tokens: TokenVerifier,
  request: Request,
  vault: VaultRecord,
  cloud: AzureCloud,
): Promise<AccessToken> {
  const verdict = await tokens.verify(request.headers.get('authorization') ?? undefined, vaultAudiences(cloud));
  const refuse = (refusal: TokenRefusal, found: string) =>
    new AzureError(401, 'Unauthorized', REFUSAL_TEXTS[refusal]({ vault, cloud, found }), {
      headers: {
        'www-authenticate': `Bearer authorization="https://${cloud.loginHosts[0]}/${vault.tenantId}", resource="${vaultResource(cloud)}"`,
      },
    });
  if (!verdict.ok) throw refuse(verdict.refusal, verdict.found ?? 'none');
  if (verdict.token.tenantId !== vault.tenantId) throw refuse('issuer', verdict.token.issuer);
  return verdict.token;
}
