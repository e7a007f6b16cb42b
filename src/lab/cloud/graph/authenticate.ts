import { AZURE_CLOUDS } from '../azure-clouds.ts';
import { AzureError } from '../rest/azure-error.ts';
import type { AccessToken, TokenRefusal, TokenVerifier } from '../service.ts';

const GRAPH_APPLICATION_ID = '00000003-0000-0000-c000-000000000000';
const AUDIENCES: readonly string[] = [
  ...AZURE_CLOUDS.flatMap(({ graphHosts }) => graphHosts.flatMap((host) => [`https://${host}`, `https://${host}/`])),
  GRAPH_APPLICATION_ID,
];

/** Graph's texts for tokens, as users quote them in issues. Its code is always the same. */
const REFUSALS: Record<TokenRefusal, string> = {
  missing: 'Access token is empty.',
  malformed: 'CompactToken parsing failed with error code: 80049217',
  signature: 'Access token validation failure. Invalid signature.',
  issuer: 'Access token validation failure. Invalid issuer.',
  audience: 'Access token validation failure. Invalid audience.',
  expired: 'Lifetime validation failed, the token is expired.',
  'not-yet-valid': 'Lifetime validation failed, the token is not yet valid.',
};

/** The verified token of a request to Graph. Throws 401 InvalidAuthenticationToken otherwise. */
export async function authenticate(tokens: TokenVerifier, request: Request): Promise<AccessToken> {
  const verdict = await tokens.verify(request.headers.get('authorization') ?? undefined, AUDIENCES);
  if (verdict.ok) return verdict.token;
  throw new AzureError(401, 'InvalidAuthenticationToken', REFUSALS[verdict.refusal]);
}
