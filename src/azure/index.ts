export type {
  AccessToken,
  AzureClients,
  AzureRequest,
  CallOptions,
  FetchedCertificate,
  FetchedKey,
  FetchedSecret,
  ListedObject,
  ListedVersion,
  TokenSource,
  VaultReader,
} from './access.ts';
export { createAzureClients } from './azure-clients.ts';
export { clientIdOf, type Credential, type Identity, type TokenProxy } from './credential.ts';
export { parseTokenProxyUrl } from './token-proxy.ts';
export { CLOUD_NAMES, findCloud, isCustomCloud, parseCloudEnvironment, type Cloud } from './clouds.ts';
