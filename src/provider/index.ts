export { createClusterKeys } from './broker/cluster-keys.ts';
export { createProviderMetrics, PROVIDER_METRICS, type ProviderMetrics } from './metrics.ts';
export { createAzureProvider, type AzureProvider } from './provider.ts';
export { reviewClass, type ClassReview } from './review-class.ts';
export { createServiceAccounts } from './service-accounts.ts';
