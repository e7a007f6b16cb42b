export { createProviderDirectory, type ProviderDirectory, type ProviderDirectoryOptions } from './directory.ts';
export {
  renderAttributes,
  TOKENS_ATTRIBUTE,
  type Provider,
  type ProviderFile,
  type ProviderMountRequest,
  type ProviderMountResult,
  type ProviderNotice,
} from './provider.ts';
export { startProviderServer, type ProviderServerOptions } from './server.ts';
export { startProviderHealthChecks, type ProviderHealthOptions } from './health.ts';
export { ProviderCodeError } from './wire.ts';
