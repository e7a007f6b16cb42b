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

/** The hosts of the emulated Azure, by name or, where there are many of a kind, as a pattern with `*`. */
export interface CloudHosts {
  readonly publicCloud: readonly string[];
  readonly otherClouds: readonly string[];
}

/** The hosts of {@link AZURE_CLOUDS}, and `metadataHost` beside those of the public one. */
export function cloudHosts(metadataHost: string): CloudHosts {
  const hostsOf = ({ loginHosts, graphHosts, managementHosts, ...suffixes }: AzureCloud) => {
    const { vaultSuffix, clusterIssuerSuffix, regionalLoginSuffix } = suffixes;
    const patterns = [vaultSuffix, clusterIssuerSuffix, regionalLoginSuffix].flatMap((suffix) =>
      suffix === undefined ? [] : [`*.${suffix}`],
    );
    return [...loginHosts, ...managementHosts, ...graphHosts, ...patterns];
  };
  const [publicCloud, ...others] = AZURE_CLOUDS;
  return {
    publicCloud: [...hostsOf(publicCloud), metadataHost],
    otherClouds: [...new Set(others.flatMap(hostsOf))],
  };
}

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
