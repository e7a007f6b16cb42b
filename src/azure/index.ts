export type {
  AccessToken,
  AzureClients,
  AzureRequest,
  Credential,
  FetchedSecret,
  SecretReader,
  TokenSource,
} from './access.ts';
export { createAzureClients } from './azure-clients.ts';
export { findCloud, isCustomCloud, parseCloudEnvironment, type Cloud } from './clouds.ts';
