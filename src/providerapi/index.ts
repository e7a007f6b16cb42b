export {
  renderAttributes,
  TOKENS_ATTRIBUTE,
  type Provider,
  type ProviderFile,
  type ProviderMountRequest,
  type ProviderMountResult,
} from './provider.ts';
