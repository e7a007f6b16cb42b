import type { Clock, Random, Secret } from '#base';
import type { Directory } from './directory.ts';

/** What the files are made from. */
export interface AzureConfigRequest {
  readonly directory: Directory;
  /** A refresh token of the directory's user, good at the lab's token endpoint. */
  readonly refreshToken: Secret<string>;
  readonly clock: Clock;
  readonly random: Random;
}

/** The application id under which az signs users in, and the family whose members share refresh tokens. */
const AZ_CLIENT_ID = '04b07795-8ddb-461a-bbee-02f9e1bf7b46';
const FAMILY_ID = '1';
const ENVIRONMENT = 'login.microsoftonline.com';

/**
 * The files of an AZURE_CONFIG_DIR in which the directory's user is signed in, by name. The cloud is the plain
 * AzureCloud: nothing is registered. az makes no request to start with and trades the refresh token in when it needs to.
 */
export function renderAzureConfig(request: AzureConfigRequest): Record<string, string> {
  const { directory } = request;
  return {
    config: [
      '[cloud]',
      'name = AzureCloud',
      '[core]',
      'collect_telemetry = no',
      'survey_message = no',
      'login_experience_v2 = off',
      'encrypt_token_cache = false',
      '[auto-upgrade]',
      'enable = no',
      '',
    ].join('\n'),
    'clouds.config': `[AzureCloud]\nsubscription = ${directory.subscription.subscriptionId}\n`,
    'azureProfile.json': jsonFile(profile(request)),
    'msal_token_cache.json': jsonFile(tokenCache(request)),
  };
}

function profile({ directory, random }: AzureConfigRequest): object {
  const { tenant, subscription, user } = directory;
  return {
    installationId: random.uuid(),
    subscriptions: [
      {
        id: subscription.subscriptionId,
        name: subscription.displayName,
        state: 'Enabled',
        user: { name: user.userPrincipalName, type: 'user' },
        isDefault: true,
        tenantId: tenant.tenantId,
        environmentName: 'AzureCloud',
        homeTenantId: tenant.tenantId,
        tenantDefaultDomain: tenant.defaultDomain,
        tenantDisplayName: tenant.displayName,
        managedByTenants: [],
      },
    ],
  };
}

/** MSAL's cache: it looks entries up by their fields, the keys only have to differ. */
function tokenCache({ directory, refreshToken, clock }: AzureConfigRequest): object {
  const { tenant, user } = directory;
  const homeAccountId = `${user.objectId}.${tenant.tenantId}`;
  return {
    Account: {
      [`${homeAccountId}-${ENVIRONMENT}-${tenant.tenantId}`]: {
        home_account_id: homeAccountId,
        environment: ENVIRONMENT,
        realm: tenant.tenantId,
        local_account_id: user.objectId,
        username: user.userPrincipalName,
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
        last_modification_time: String(Math.floor(clock.now() / 1000)),
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

function jsonFile(value: object): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}
