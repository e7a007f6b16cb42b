import { json, type JsonObject } from '../../rest/request.ts';
import { AzureError } from '../../rest/azure-error.ts';
import type { ArmCall, ArmRoute } from '../arm-call.ts';
import type { ArmContext } from '../arm-context.ts';
import { authorizationFailed } from '../authorization/index.ts';
import { LOCATIONS } from '../locations.ts';
import { PROVIDER_NAMESPACES, resourceTypesOf } from './api-versions.ts';

const BASE = '/subscriptions/:subscription';

/**
 * Tenants, the subscription, its locations and its resource providers, which are always registered: az waits ten seconds
 * for a registration.
 */
export function createSubscriptionRoutes(context: ArmContext): readonly ArmRoute[] {
  const { tenant, subscription } = context.directory;
  const subscriptionId = subscription.subscriptionId;

  const tenants = () =>
    json(200, {
      value: [
        {
          id: `/tenants/${tenant.tenantId}`,
          tenantId: tenant.tenantId,
          displayName: tenant.displayName,
          defaultDomain: tenant.defaultDomain,
          domains: [tenant.defaultDomain],
          tenantCategory: 'Home',
          tenantType: 'AAD',
          countryCode: 'US',
        },
      ],
      nextLink: '',
    });

  const shown = {
    id: `/subscriptions/${subscriptionId}`,
    authorizationSource: 'RoleBased',
    managedByTenants: [],
    subscriptionId,
    tenantId: tenant.tenantId,
    displayName: subscription.displayName,
    state: 'Enabled',
    subscriptionPolicies: {
      locationPlacementId: 'Public_2014-09-01',
      quotaId: 'PayAsYouGo_2014-09-01',
      spendingLimit: 'Off',
    },
  };

  const locations = () =>
    json(200, {
      value: Object.entries(LOCATIONS).map(([name, displayName]) => ({
        id: `/subscriptions/${subscriptionId}/locations/${name}`,
        name,
        type: 'Region',
        displayName,
        regionalDisplayName: displayName,
        metadata: { regionType: 'Physical', regionCategory: 'Recommended' },
      })),
    });

  const provider = (asked: string): JsonObject => {
    const namespace = PROVIDER_NAMESPACES.find((known) => known.toLowerCase() === asked.toLowerCase());
    if (namespace === undefined) {
      throw new AzureError(404, 'InvalidResourceNamespace', `The resource namespace '${asked}' is invalid.`);
    }
    return {
      id: `/subscriptions/${subscriptionId}/providers/${namespace}`,
      namespace,
      registrationPolicy: 'RegistrationRequired',
      registrationState: 'Registered',
      resourceTypes: resourceTypesOf(namespace).map(([resourceType, apiVersions]) => ({
        resourceType,
        locations: Object.values(LOCATIONS),
        apiVersions,
        capabilities: 'SupportsTags, SupportsLocation',
      })),
    };
  };

  const row = (method: ArmRoute['method'], path: string, operation: string, handle: ArmRoute['handle']): ArmRoute => ({
    method,
    path,
    operation,
    handle,
  });
  // A subscription is seen by whoever has any role in it.
  const visible = ({ token }: ArmCall) => (context.access.sees(token.objectId, shown.id) ? [shown] : []);
  const list = (call: ArmCall) => {
    const value = visible(call);
    return json(200, { value, nextLink: '', count: { type: 'Total', value: value.length } });
  };
  const get = (call: ArmCall) => {
    const [subscriptionShown] = visible(call);
    if (subscriptionShown === undefined) {
      throw authorizationFailed(context.directory, call.token, { action: read, scope: shown.id });
    }
    return json(200, subscriptionShown);
  };
  const read = 'Microsoft.Resources/subscriptions/read';
  return [
    { ...row('GET', '/tenants', 'Microsoft.Resources/tenants/read', tenants), open: true },
    { ...row('GET', '/subscriptions', read, list), open: true },
    { ...row('GET', BASE, read, get), open: true },
    row('GET', `${BASE}/locations`, 'Microsoft.Resources/subscriptions/locations/read', locations),
    row('GET', `${BASE}/providers`, 'Microsoft.Resources/subscriptions/providers/read', () =>
      json(200, { value: PROVIDER_NAMESPACES.map(provider) }),
    ),
    row('GET', `${BASE}/providers/:namespace`, 'Microsoft.Resources/subscriptions/providers/read', (call) =>
      json(200, provider(call.params['namespace'] ?? '')),
    ),
    row('POST', `${BASE}/providers/:namespace/register`, 'Microsoft.Resources/register/action', (call) =>
      json(200, provider(call.params['namespace'] ?? '')),
    ),
  ];
}
