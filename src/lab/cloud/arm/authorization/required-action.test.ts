import { expect, it } from 'vitest';
import type { Method } from '../../rest/router.ts';
import { requiredAction } from './required-action.ts';

const S = '/subscriptions/s';
const RG = `${S}/resourceGroups/rg`;
const VAULT = `${RG}/providers/Microsoft.KeyVault/vaults/v`;

// The actions' names: Azure documentation, "Azure permissions", by resource provider.
it.each<[Method, string, string, string]>([
  ['GET', VAULT, 'Microsoft.KeyVault/vaults/read', VAULT],
  ['PUT', VAULT, 'Microsoft.KeyVault/vaults/write', VAULT],
  ['PATCH', VAULT, 'Microsoft.KeyVault/vaults/write', VAULT],
  ['DELETE', VAULT, 'Microsoft.KeyVault/vaults/delete', VAULT],
  ['GET', `${RG}/providers/Microsoft.KeyVault/vaults`, 'Microsoft.KeyVault/vaults/read', RG],
  ['GET', `${S}/providers/Microsoft.KeyVault/vaults`, 'Microsoft.KeyVault/vaults/read', S],
  [
    'POST',
    `${S}/providers/Microsoft.KeyVault/locations/eastus/deletedVaults/v/purge`,
    'Microsoft.KeyVault/locations/deletedVaults/purge/action',
    `${S}/providers/Microsoft.KeyVault/locations/eastus/deletedVaults/v`,
  ],
  [
    'POST',
    `${S}/providers/Microsoft.KeyVault/checkNameAvailability`,
    'Microsoft.KeyVault/checkNameAvailability/read',
    S,
  ],
  [
    'POST',
    `${RG}/providers/Microsoft.ContainerService/managedClusters/c/listClusterUserCredential`,
    'Microsoft.ContainerService/managedClusters/listClusterUserCredential/action',
    `${RG}/providers/Microsoft.ContainerService/managedClusters/c`,
  ],
  ['HEAD', RG, 'Microsoft.Resources/subscriptions/resourceGroups/read', RG],
  ['DELETE', RG, 'Microsoft.Resources/subscriptions/resourceGroups/delete', RG],
  ['GET', `${S}/providers`, 'Microsoft.Resources/subscriptions/providers/read', S],
  ['GET', `${S}/providers/Microsoft.KeyVault`, 'Microsoft.Resources/subscriptions/providers/read', S],
  ['POST', `${S}/providers/Microsoft.KeyVault/register`, 'Microsoft.KeyVault/register/action', S],
  [
    'PUT',
    `${VAULT}/providers/Microsoft.Authorization/roleAssignments/a`,
    'Microsoft.Authorization/roleAssignments/write',
    `${VAULT}/providers/Microsoft.Authorization/roleAssignments/a`,
  ],
  [
    'GET',
    `${VAULT}/providers/Microsoft.Authorization/roleAssignments`,
    'Microsoft.Authorization/roleAssignments/read',
    VAULT,
  ],
])('%s %s needs %s', (method, path, action, scope) => {
  expect(requiredAction(method, path.split('/').slice(1))).toEqual({ action, scope });
});
