import { isObject, objectsAt, type JsonObject } from '../json.ts';
import { pythonTime, shapeResource, withNulls } from '../shape.ts';

const PROPERTY_NULLS = [
  'createMode',
  'enablePurgeProtection',
  'enabledForDeployment',
  'enabledForDiskEncryption',
  'enabledForTemplateDeployment',
  'hsmPoolResourceId',
  'privateEndpointConnections',
];

const PERMISSION_NULLS = ['certificates', 'keys', 'secrets', 'storage'];

/** A vault as az prints it. */
export function shapeVault(vault: JsonObject): JsonObject {
  const shaped = withNulls(shapeResource(vault), ['systemData', 'tags']);
  const properties = shaped['properties'];
  if (!isObject(properties)) return shaped;
  const accessPolicies = objectsAt(properties, 'accessPolicies').map((policy) => ({
    ...withNulls(policy, ['applicationId']),
    permissions: withNulls(isObject(policy['permissions']) ? policy['permissions'] : {}, PERMISSION_NULLS),
  }));
  const acls = properties['networkAcls'];
  const networkAcls = isObject(acls) ? withNulls(acls, ['ipRules', 'virtualNetworkRules']) : null;
  return { ...shaped, properties: withNulls({ ...properties, accessPolicies, networkAcls }, PROPERTY_NULLS) };
}

/** A deleted vault as az prints it. */
export function shapeDeletedVault(vault: JsonObject): JsonObject {
  const properties = isObject(vault['properties']) ? vault['properties'] : {};
  const withTimes = Object.fromEntries(
    Object.entries(properties).map(([key, value]) => [key, key.endsWith('Date') ? pythonTime(value) : value]),
  );
  // The resource group of a deleted vault is only in its vaultId.
  return withNulls({ ...vault, properties: withNulls(withTimes, ['purgeProtectionEnabled', 'tags']) }, ['systemData']);
}
