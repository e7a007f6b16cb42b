import { describe, expect, it } from 'vitest';
import { BUILT_IN_ROLES } from './built-in-roles.ts';
import { roleAllows, scopeHolds } from './permissions.ts';

describe('a pattern of actions', () => {
  it.each([
    ['*', 'Microsoft.KeyVault/vaults/read', true],
    ['*/read', 'Microsoft.KeyVault/vaults/read', true],
    ['*/read', 'Microsoft.KeyVault/vaults/write', false],
    ['Microsoft.KeyVault/vaults/*/read', 'microsoft.keyvault/vaults/secrets/READ', true],
    ['Microsoft.KeyVault/vaults/*/read', 'Microsoft.KeyVault/vaults/read', false],
    ['Microsoft.KeyVault/vaults/secrets/*', 'Microsoft.KeyVault/vaults/secrets/getSecret/action', true],
    ['Microsoft.KeyVault/vaults/secrets/*', 'Microsoft.KeyVault/vaults/keys/read', false],
    ['Microsoft.KeyVault/vaults/read', 'Microsoft.KeyVault/vaults/reads', false],
    ['Microsoft.Authorization/*/Delete', 'Microsoft.Authorization/roleAssignments/delete', true],
    ['a*b*c', 'abc', true],
    ['ab*bc', 'abc', false],
  ])('%s, asked for %s: %s', (pattern, action, fits) => {
    const permissions = [{ actions: [pattern], notActions: [], dataActions: [], notDataActions: [] }];
    const role = {
      name: '',
      roleName: '',
      description: '',
      type: 'CustomRole',
      permissions,
      assignableScopes: [],
    } as const;
    expect(roleAllows(role, { plane: 'control', action })).toBe(fits);
  });
});

describe('a scope', () => {
  it.each([
    ['/', '/subscriptions/s', true],
    ['/subscriptions/s', '/subscriptions/S/resourceGroups/rg', true],
    ['/subscriptions/s/resourceGroups/rg', '/subscriptions/s/resourceGroups/rg', true],
    ['/subscriptions/s/resourceGroups/rg', '/subscriptions/s/resourceGroups/rg2', false],
    ['/subscriptions/s/resourceGroups/rg', '/subscriptions/s', false],
  ])('%s holds %s: %s', (outer, inner, holds) => {
    expect(scopeHolds(outer, inner)).toBe(holds);
  });
});

describe('a built-in role', () => {
  const find = (name: string) => {
    const role = BUILT_IN_ROLES.find(({ roleName }) => roleName === name);
    if (role === undefined) throw new Error(`no role ${name}`);
    return role;
  };

  // Azure documentation, "Azure built-in roles".
  it.each([
    ['Owner', '8e3af657-a8ff-443c-a75c-2fe8c4bcb635'],
    ['Contributor', 'b24988ac-6180-42a0-ab88-20f7382dd24c'],
    ['Reader', 'acdd72a7-3385-48ef-bd42-f606fba81ae7'],
    ['Key Vault Administrator', '00482a5a-887f-4fb3-b363-3b7fe8e74483'],
    ['Key Vault Secrets Officer', 'b86a8fe4-44ce-4948-aee5-eccb2c155cd7'],
    ['Key Vault Secrets User', '4633458b-17de-408a-b874-0445c86b69e6'],
    ['Key Vault Reader', '21090545-7ca7-4776-b22c-e363652d74d2'],
  ])('%s is %s', (roleName, name) => {
    expect(find(roleName).name).toBe(name);
  });

  it('has a name and a GUID that no other has', () => {
    expect(new Set(BUILT_IN_ROLES.map(({ name }) => name)).size).toBe(BUILT_IN_ROLES.length);
    expect(new Set(BUILT_IN_ROLES.map(({ roleName }) => roleName)).size).toBe(BUILT_IN_ROLES.length);
  });

  it.each([
    ['Owner', 'control', 'Microsoft.Authorization/roleAssignments/write', true],
    ['Owner', 'data', 'Microsoft.KeyVault/vaults/secrets/getSecret/action', false],
    ['Contributor', 'control', 'Microsoft.KeyVault/vaults/write', true],
    ['Contributor', 'control', 'Microsoft.Authorization/roleAssignments/write', false],
    ['Reader', 'control', 'Microsoft.KeyVault/vaults/write', false],
    ['Key Vault Contributor', 'control', 'Microsoft.KeyVault/vaults/delete', true],
    ['Key Vault Contributor', 'control', 'Microsoft.KeyVault/locations/deletedVaults/purge/action', false],
    ['Key Vault Contributor', 'data', 'Microsoft.KeyVault/vaults/secrets/getSecret/action', false],
    ['Key Vault Reader', 'data', 'Microsoft.KeyVault/vaults/secrets/readMetadata/action', true],
    ['Key Vault Reader', 'data', 'Microsoft.KeyVault/vaults/secrets/getSecret/action', false],
    ['Key Vault Secrets User', 'data', 'Microsoft.KeyVault/vaults/secrets/setSecret/action', false],
    ['Key Vault Crypto Officer', 'data', 'Microsoft.KeyVault/vaults/secrets/getSecret/action', false],
    ['Key Vault Administrator', 'data', 'Microsoft.KeyVault/vaults/secrets/purge/action', true],
  ] as const)('%s, asked for the %s action %s: %s', (roleName, plane, action, allowed) => {
    expect(roleAllows(find(roleName), { plane, action })).toBe(allowed);
  });
});
