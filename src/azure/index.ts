export type {
  AccessToken,
  AzureClients,
  AzureRequest,
  CallOptions,
  Credential,
  CredentialMode,
  FetchedSecret,
  SecretReader,
  TokenOptions,
  TokenSource,
  VaultOptions,
} from './access.ts';
export { createAzureClients, type AzureClientsOptions } from './azure-clients.ts';
export { CUSTOM_CLOUD_NAME, findCloud, isCustomCloud, parseCloudEnvironment, type Cloud } from './clouds.ts';
