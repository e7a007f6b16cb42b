import type { FlagTable } from './flags.ts';

/** The flags that every process with the Azure provider in it takes. */
export const AZURE_PROVIDER_FLAGS = {
  'cloud-name': {
    kind: 'text',
    default: 'AzurePublicCloud',
    help: 'cloud of classes that name none',
    group: 'azure',
    from: 'provider',
    value: 'azure.cloudName',
  },
  'cloud-env-folders': {
    kind: 'text',
    default: '',
    help: 'folders, by commas, below which classes may name a cloudEnvFileName; empty: any file but those that pods may write',
    group: 'azure',
    value: 'azure.cloudEnvFolders',
  },
  'custom-user-agent': {
    kind: 'text',
    default: '',
    help: 'added to the user agent of requests to Azure',
    group: 'azure',
    from: 'provider',
    value: 'linux.customUserAgent',
  },
  'construct-pem-chain': {
    kind: 'bool',
    default: true,
    help: 'put the certificates of PKCS#12 in the order of their chain',
    group: 'azure',
    from: 'provider',
    value: 'constructPEMChain',
  },
  'write-cert-and-key-in-separate-files': {
    kind: 'bool',
    default: false,
    help: 'write certificate and key of a certificate also to FILE.crt and FILE.key',
    group: 'azure',
    from: 'provider',
    value: 'writeCertAndKeyInSeparateFiles',
  },
  'upstream-version-history': {
    kind: 'bool',
    default: false,
    help: 'objectVersionHistory: N writes N + 1 files, as secrets-store-csi-driver-provider-azure does',
    group: 'azure',
    value: 'azure.upstreamVersionHistory',
  },
  'freshness-window': {
    kind: 'duration',
    default: 30_000,
    help: 'how long an answer of Azure serves pods of the same proved identity; 0: never',
    group: 'azure',
    value: 'azure.freshnessWindow',
  },
  'token-proxy-url': {
    kind: 'text',
    default: 'https://kubernetes.default.svc.cluster.local',
    help: 'token proxy of the cluster, for classes with useAzureTokenProxy (AKS identity bindings)',
    group: 'identity',
    from: 'provider',
    value: 'azure.tokenProxyUrl',
  },
  'sni-name': {
    kind: 'text',
    default: '',
    help: "TLS server name of the token proxy; without it derived from the API server's certificate",
    group: 'identity',
    from: 'provider',
    value: 'azure.sniName',
  },
} as const satisfies FlagTable;
