/**
 * The api-versions that resource providers announce for the lab's types, newest first. Requests may carry any version; these
 * are for clients that ask which there are before they ask for a resource (`az resource`, Terraform).
 */
const API_VERSIONS: Readonly<Record<string, readonly string[]>> = {
  'Microsoft.Authorization/roleAssignments': ['2022-04-01', '2020-04-01-preview', '2018-07-01'],
  'Microsoft.Authorization/roleDefinitions': ['2022-05-01-preview', '2022-04-01', '2018-07-01'],
  'Microsoft.Compute/virtualMachineScaleSets': ['2024-11-01', '2024-07-01', '2023-09-01'],
  'Microsoft.ContainerService/managedClusters': ['2025-05-01', '2025-01-01', '2024-02-01'],
  'Microsoft.ContainerService/managedClusters/agentPools': ['2025-05-01', '2025-01-01', '2024-02-01'],
  'Microsoft.KeyVault/deletedVaults': ['2023-07-01', '2022-07-01'],
  'Microsoft.KeyVault/vaults': ['2026-02-01', '2024-11-01', '2023-07-01', '2022-07-01'],
  'Microsoft.ManagedIdentity/userAssignedIdentities': ['2024-11-30', '2023-01-31', '2018-11-30'],
  'Microsoft.ManagedIdentity/userAssignedIdentities/federatedIdentityCredentials': ['2024-11-30', '2023-01-31'],
  'Microsoft.Resources/resourceGroups': ['2024-11-01', '2024-03-01', '2022-09-01'],
  'Microsoft.Resources/subscriptions': ['2022-12-01', '2020-01-01'],
  'Microsoft.Resources/tags': ['2024-11-01', '2021-04-01'],
};

/** Providers that are registered although the lab has none of their types: clients ask for them in passing. */
const OTHERS = ['Microsoft.Insights', 'Microsoft.Network', 'Microsoft.OperationalInsights', 'Microsoft.Storage'];

/** The namespaces of all resource providers. */
export const PROVIDER_NAMESPACES: readonly string[] = [
  ...new Set([...Object.keys(API_VERSIONS).map((type) => type.split('/', 1)[0] ?? type), ...OTHERS]),
].toSorted((a, b) => a.localeCompare(b));

/** The resource types of a provider, without its namespace, and their api-versions. */
export function resourceTypesOf(namespace: string): readonly (readonly [type: string, versions: readonly string[]])[] {
  return Object.entries(API_VERSIONS)
    .filter(([type]) => type.toLowerCase().startsWith(`${namespace.toLowerCase()}/`))
    .map(([type, versions]) => [type.slice(namespace.length + 1), versions]);
}
