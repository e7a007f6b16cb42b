export type {
  AccessToken,
  AzureClients,
  AzureRequest,
  CallOptions,
  Credential,
  FetchedCertificate,
  FetchedKey,
  FetchedSecret,
  TokenSource,
  VaultReader,
} from './access.ts';
export { createAzureClients } from './azure-clients.ts';
export { findCloud, isCustomCloud, parseCloudEnvironment, type Cloud } from './clouds.ts';
