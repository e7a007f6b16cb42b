import { AZURE_CLOUDS } from '../azure-clouds.ts';
import type { Tenant } from '../directory.ts';
import { AzureError } from '../rest/azure-error.ts';
import type { AccessToken, TokenRefusal, TokenVerifier } from '../service.ts';

const AUDIENCES: readonly string[] = AZURE_CLOUDS.flatMap(({ managementHosts }) =>
  managementHosts.flatMap((host) => [`https://${host}/`, `https://${host}`]),
);

interface RefusalFacts {
  readonly tenant: Tenant;
  readonly found: string;
}

const NAMED_AUDIENCES = AUDIENCES.slice(0, 4)
  .map((audience) => `'${audience}'`)
  .join(',');

/** ARM's codes and texts for tokens, as users quote them in issues. */
const REFUSALS: Record<TokenRefusal, (facts: RefusalFacts) => readonly [code: string, message: string]> = {
  missing: () => ['AuthenticationFailed', "Authentication failed. The 'Authorization' header is missing."],
  malformed: () => ['InvalidAuthenticationToken', 'The access token is invalid.'],
  signature: () => ['InvalidAuthenticationToken', 'The access token is invalid.'],
  issuer: ({ tenant, found }) => [
    'InvalidAuthenticationTokenTenant',
    `The access token is from the wrong issuer '${found}'. It must match the tenant ` +
      `'https://sts.windows.net/${tenant.tenantId}/' associated with this subscription. Please use the authority (URL) ` +
      `'https://login.windows.net/${tenant.tenantId}' to get the token. Note, if the subscription is transferred to ` +
      'another tenant there is no impact to the services, but information about new tenant could take time to ' +
      'propagate (up to an hour). If you just transferred your subscription and see this error message, please try ' +
      'back later.',
  ],
  audience: ({ found }) => [
    'InvalidAuthenticationTokenAudience',
    `The access token has been obtained for wrong audience or resource '${found}'. It should exactly match with one ` +
      `of the allowed audiences ${NAMED_AUDIENCES}.`,
  ],
  expired: () => ['ExpiredAuthenticationToken', 'The access token expiry time is earlier than current UTC time.'],
  'not-yet-valid': () => ['InvalidAuthenticationToken', 'The access token is not yet valid.'],
};

/** The verified token of a request to ARM. Throws 401 otherwise. */
export async function authenticate(tokens: TokenVerifier, request: Request, tenant: Tenant): Promise<AccessToken> {
  const header = request.headers.get('authorization') ?? undefined;
  const verdict = await tokens.verify(header, AUDIENCES);
  if (verdict.ok) return verdict.token;
  const [code, message] =
    verdict.refusal === 'missing' && header !== undefined
      ? [
          'AuthenticationFailedMissingToken',
          "Authentication failed. The 'Authorization' header is missing the access token.",
        ]
      : REFUSALS[verdict.refusal]({ tenant, found: verdict.found ?? 'none' });
  throw new AzureError(401, code, message, {
    headers: {
      'www-authenticate': `Bearer authorization_uri="https://login.windows.net/${tenant.tenantId}", error="invalid_token", error_description="${message}"`,
    },
  });
}
