/** The host names of one of Azure's clouds, all in lower case. */
export interface AzureCloud {
  /** The name that az and the SDKs give it. */
  readonly name: string;
  /** Where tokens are had; the first is the one that documents name. */
  readonly loginHosts: readonly string[];
  /** Services that stay in one region ask for tokens at `<region>.<suffix>` (MSAL's `azure_region`); the public cloud alone. */
  readonly regionalLoginSuffix?: string;
  /** What discovery documents call it. */
  readonly instanceName: string;
  /** The host of the issuer of v1.0 access tokens. */
  readonly tokenIssuerHost: string;
  readonly graphHosts: readonly string[];
  readonly managementHosts: readonly string[];
  /** A vault's host is `<name>.<suffix>`. */
  readonly vaultSuffix: string;
  /** A cluster's issuer host is `<region>.<suffix>`; only the public cloud's form is known. */
  readonly clusterIssuerSuffix?: string;
}

/** The clouds whose host names the lab answers for. The first is the one that the lab's tenant calls home. */
export const AZURE_CLOUDS = [
  {
    name: 'AzureCloud',
    loginHosts: ['login.microsoftonline.com', 'login.windows.net', 'login.microsoft.com', 'sts.windows.net'],
    regionalLoginSuffix: 'login.microsoft.com',
    instanceName: 'microsoftonline.com',
    tokenIssuerHost: 'sts.windows.net',
    graphHosts: ['graph.microsoft.com'],
    managementHosts: ['management.azure.com', 'management.core.windows.net'],
    vaultSuffix: 'vault.azure.net',
    clusterIssuerSuffix: 'oic.prod-aks.azure.com',
  },
  {
    name: 'AzureUSGovernment',
    loginHosts: ['login.microsoftonline.us', 'login.usgovcloudapi.net'],
    instanceName: 'microsoftonline.us',
    tokenIssuerHost: 'sts.windows.net',
    graphHosts: ['graph.microsoft.us'],
    managementHosts: ['management.usgovcloudapi.net', 'management.core.usgovcloudapi.net'],
    vaultSuffix: 'vault.usgovcloudapi.net',
  },
  {
    name: 'AzureChinaCloud',
    loginHosts: ['login.partner.microsoftonline.cn', 'login.chinacloudapi.cn'],
    instanceName: 'partner.microsoftonline.cn',
    tokenIssuerHost: 'sts.chinacloudapi.cn',
    graphHosts: ['microsoftgraph.chinacloudapi.cn'],
    managementHosts: ['management.chinacloudapi.cn', 'management.core.chinacloudapi.cn'],
    vaultSuffix: 'vault.azure.cn',
  },
] as const satisfies readonly AzureCloud[];

/** Whether `host` is `<one label>.<suffix>`. */
export function isChildHost(host: string, suffix: string): boolean {
  if (!host.endsWith(`.${suffix}`)) return false;
  const label = host.slice(0, -suffix.length - 1);
  return label !== '' && !label.includes('.');
}

/** The cloud whose tokens are had at `host` (lower case, no port), regional hosts included. */
export function cloudOfLoginHost(host: string): AzureCloud | undefined {
  const clouds: readonly AzureCloud[] = AZURE_CLOUDS;
  return clouds.find(
    ({ loginHosts, regionalLoginSuffix }) =>
      loginHosts.includes(host) || (regionalLoginSuffix !== undefined && isChildHost(host, regionalLoginSuffix)),
  );
}
