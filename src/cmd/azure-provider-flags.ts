import type { FlagTable } from './flags.ts';

/** The flags that every process with the Azure provider in it takes. */
export const AZURE_PROVIDER_FLAGS = {
  'cloud-name': {
    kind: 'text',
    default: 'AzurePublicCloud',
    help: 'cloud of classes that name none',
    group: 'azure',
    from: 'provider',
  },
  'cloud-env-folders': {
    kind: 'text',
    default: '',
    help: 'folders, by commas, below which classes may name a cloudEnvFileName; empty: any file but those that pods may write',
    group: 'azure',
  },
  'custom-user-agent': {
    kind: 'text',
    default: '',
    help: 'added to the user agent of requests to Azure',
    group: 'azure',
    from: 'provider',
  },
  'construct-pem-chain': {
    kind: 'bool',
    default: true,
    help: 'put the certificates of PKCS#12 in the order of their chain',
    group: 'azure',
    from: 'provider',
  },
  'write-cert-and-key-in-separate-files': {
    kind: 'bool',
    default: false,
    help: 'write certificate and key of a certificate also to FILE.crt and FILE.key',
    group: 'azure',
    from: 'provider',
  },
  'upstream-version-history': {
    kind: 'bool',
    default: false,
    help: 'objectVersionHistory: N writes N + 1 files, as secrets-store-csi-driver-provider-azure does',
    group: 'azure',
  },
  'freshness-window': {
    kind: 'duration',
    default: 30_000,
    help: 'how long an answer of Azure serves pods of the same proved identity; 0: never',
    group: 'azure',
  },
  'token-proxy-url': {
    kind: 'text',
    default: 'https://kubernetes.default.svc.cluster.local',
    help: 'token proxy of the cluster, for classes with useAzureTokenProxy (AKS identity bindings)',
    group: 'identity',
    from: 'provider',
  },
  'sni-name': {
    kind: 'text',
    default: '',
    help: "TLS server name of the token proxy; without it derived from the API server's certificate",
    group: 'identity',
    from: 'provider',
  },
} as const satisfies FlagTable;
