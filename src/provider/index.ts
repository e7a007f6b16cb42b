export { createClusterKeys } from './broker/cluster-keys.ts';
export { createProviderMetrics, PROVIDER_METRICS, type ProviderMetrics } from './metrics.ts';
export { createAzureProvider, type AzureProvider } from './provider.ts';
