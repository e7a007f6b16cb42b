export { createClusterKeys, type ClusterKeys, type ClusterKeysOptions } from './broker/cluster-keys.ts';
export { createProviderMetrics, PROVIDER_METRICS, type ProviderMetrics } from './metrics.ts';
export { createAzureProvider, PROVIDER_NAME, type AzureProvider, type AzureProviderOptions } from './provider.ts';
