import type { Clock, Random, Secret } from '#base';
import type { Directory } from '#lab/cloud';
import { MSAL_CACHE, userEntries } from './az/index.ts';

/** What the files are made from. */
export interface AzureConfigRequest {
  readonly directory: Directory;
  /** A refresh token of the directory's user, good at the lab's token endpoint. */
  readonly refreshToken: Secret<string>;
  readonly clock: Clock;
  readonly random: Random;
}

/**
 * The files of an AZURE_CONFIG_DIR in which the directory's user is signed in, by name. The cloud is the plain
 * AzureCloud: nothing is registered. az makes no request to start with and trades the refresh token in when it needs to.
 */
export function renderAzureConfig(request: AzureConfigRequest): Record<string, string> {
  const { directory, refreshToken, clock } = request;
  const { tenant, user } = directory;
  const signedIn = { username: user.userPrincipalName ?? '', tenantId: tenant.tenantId, objectId: user.objectId };
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
    [MSAL_CACHE]: jsonFile(userEntries(signedIn, refreshToken, clock.now())),
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

function jsonFile(value: object): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}
