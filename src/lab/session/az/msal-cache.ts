import type { Secret } from '#base';
import type { JsonObject } from './json.ts';

/**
 * The file in which the real az keeps its tokens where they are not encrypted, as MSAL for Python writes it: a map of
 * entries a kind. MSAL looks entries up by their fields; the keys only have to differ
 * (https://github.com/AzureAD/microsoft-authentication-library-for-python, msal/token_cache.py).
 */
export const MSAL_CACHE = 'msal_token_cache.json';

/** The client id of az itself, which user tokens belong to. */
export const AZ_CLIENT_ID = '04b07795-8ddb-461a-bbee-02f9e1bf7b46';

const ENVIRONMENT = 'login.microsoftonline.com';
/** The applications of Microsoft that share refresh tokens; az is one of them. */
const FAMILY_ID = '1';

/** A user who signed in. */
export interface SignedInUser {
  readonly username: string;
  readonly tenantId: string;
  readonly objectId: string;
}

/** What MSAL knows a user by, in every tenant. */
export function homeAccountIdOf({ objectId, tenantId }: SignedInUser): string {
  return `${objectId}.${tenantId}`;
}

/** What the cache holds of a user who has signed in with az: entries by their keys, by kind. */
export function userEntries(
  user: SignedInUser,
  refreshToken: Secret<string>,
  nowMs: number,
): { readonly Account: JsonObject; readonly RefreshToken: JsonObject; readonly AppMetadata: JsonObject } {
  const homeAccountId = homeAccountIdOf(user);
  return {
    Account: {
      [`${homeAccountId}-${ENVIRONMENT}-${user.tenantId}`]: {
        home_account_id: homeAccountId,
        environment: ENVIRONMENT,
        realm: user.tenantId,
        local_account_id: user.objectId,
        username: user.username,
        authority_type: 'MSSTS',
      },
    },
    RefreshToken: {
      [`${homeAccountId}-${ENVIRONMENT}-refreshtoken-${FAMILY_ID}--`]: {
        credential_type: 'RefreshToken',
        secret: refreshToken.expose(),
        home_account_id: homeAccountId,
        environment: ENVIRONMENT,
        client_id: AZ_CLIENT_ID,
        target: '',
        last_modification_time: String(Math.floor(nowMs / 1000)),
        family_id: FAMILY_ID,
      },
    },
    AppMetadata: {
      [`appmetadata-${ENVIRONMENT}-${AZ_CLIENT_ID}`]: {
        client_id: AZ_CLIENT_ID,
        environment: ENVIRONMENT,
        family_id: FAMILY_ID,
      },
    },
  };
}
