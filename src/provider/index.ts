export { createClusterKeys } from './broker/cluster-keys.ts';
export { createProviderMetrics } from './metrics.ts';
export { createAzureProvider, type AzureProvider } from './provider.ts';
