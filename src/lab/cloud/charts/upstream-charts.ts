/** A chart repository of upstream's, and its chart as the lab serves it. */
export interface UpstreamChart {
  readonly host: string;
  /** The repository's path, with a slash at its end. */
  readonly path: string;
  readonly name: string;
  /** Upstream's version whose interface Keyferry's chart has: the only one that is served. */
  readonly version: string;
  readonly description: string;
  /** What upstream's chart does without a word, where Keyferry's chart has another default; by paths of its values. */
  readonly defaults: Readonly<Record<string, unknown>>;
}

/** Off in both of upstream's charts: a script that relies on it in the lab would fail on a cluster where upstream's are had. */
const UPSTREAM_DEFAULTS = { enableSecretRotation: false, 'syncSecret.enabled': false };

/** The chart repositories that stand behind the two addresses of upstream's documentation. */
export const UPSTREAM_CHARTS: readonly UpstreamChart[] = [
  {
    host: 'kubernetes-sigs.github.io',
    path: '/secrets-store-csi-driver/charts/',
    name: 'secrets-store-csi-driver',
    version: '1.6.0',
    description: 'The Secrets Store CSI driver without a provider: Keyferry under the name of upstream’s chart',
    // No provider is in it, and nobody asked kubelet for tokens.
    defaults: { ...UPSTREAM_DEFAULTS, 'azure.enabled': false, tokenRequests: [] },
  },
  {
    host: 'azure.github.io',
    path: '/secrets-store-csi-driver-provider-azure/charts/',
    name: 'csi-secrets-store-provider-azure',
    version: '1.8.2',
    description: 'The Secrets Store CSI driver with its Azure provider: Keyferry under the name of upstream’s chart',
    defaults: UPSTREAM_DEFAULTS,
  },
];
