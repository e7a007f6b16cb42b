import { isAbsolute } from 'node:path';
import {
  errorText,
  KeyferryError,
  trimEndSlashes,
  VERSION,
  withDeadline,
  type Clock,
  type Log,
  type Random,
} from '#base';
import { createAzureClients, parseTokenProxyUrl } from '#azure';
import type { KubeClient } from '#kube';
import {
  createAzureProvider,
  createClusterKeys,
  createServiceAccounts,
  type AzureProvider,
  type ProviderMetrics,
} from '#provider';
import type { AZURE_PROVIDER_FLAGS } from './azure-provider-flags.ts';
import type { FlagValues } from './flags.ts';

/** The authorities of the cluster, as kubelet gives them to a pod. */
const CLUSTER_CA_FILE = '/var/run/secrets/kubernetes.io/serviceaccount/ca.crt';

/** What {@link wireAzureProvider} joins. */
export interface AzureProviderWiring {
  readonly flags: FlagValues<typeof AZURE_PROVIDER_FLAGS>;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly metrics: ProviderMetrics;
  /**
   * The way to the cluster's published keys and its service accounts; undefined: none, answers are shared with nobody, and the
   * annotations of service accounts have no say.
   */
  readonly kube: Pick<KubeClient, 'get' | 'getPath'> | undefined;
}

/** The Azure provider of a process. */
export interface WiredAzureProvider extends AzureProvider {
  /**
   * Does what the first mount would wait for: the libraries' code is run once, with no request to Azure, and the cluster's keys
   * are read, for a moment at most. It never throws.
   */
  warmUp(): Promise<void>;
}

/** What a start waits at most for the cluster's keys. */
const KEYS_WAIT_MS = 500;

/** The Azure provider of a process: official clients, the cluster's keys from its API server, metrics. No I/O yet. */
export function wireAzureProvider(wiring: AzureProviderWiring): WiredAzureProvider {
  const { flags, env, clock, random, log, metrics, kube } = wiring;
  const userAgent = [flags['custom-user-agent'], `keyferry/${VERSION}`].filter((part) => part !== '').join(' ');
  const metadataHost = env['AZURE_POD_IDENTITY_AUTHORITY_HOST'] || undefined;
  const azure = createAzureClients({
    clock,
    userAgent,
    onRequest: (request) => metrics.onRequest(request),
    nodeServices: metadataHost === undefined ? {} : { metadata: trimEndSlashes(metadataHost) },
  });
  const clusterKeys =
    kube === undefined
      ? undefined
      : createClusterKeys({
          clock,
          log,
          // kube-apiserver serves it as this type alone
          fetchJwks: (signal) => kube.getPath('/openid/v1/jwks', { signal, accept: 'application/jwk-set+json' }),
        });
  const provider = createAzureProvider({
    clock,
    random,
    log,
    version: VERSION,
    azure,
    serviceAccounts: createServiceAccounts({ clock, client: kube }),
    tokenProxy: {
      url: parseTokenProxyUrl(flags['token-proxy-url']),
      serverName: flags['sni-name'] || undefined,
      caFile: CLUSTER_CA_FILE,
    },
    clusterKeys,
    freshnessWindowMs: flags['freshness-window'],
    constructPemChain: flags['construct-pem-chain'],
    writeCertAndKeyInSeparateFiles: flags['write-cert-and-key-in-separate-files'],
    extraHistoryVersion: flags['upstream-version-history'],
    cloudName: flags['cloud-name'],
    cloudEnvFile: env['AZURE_ENVIRONMENT_FILEPATH'],
    cloudEnvFolders: parseFolders(flags['cloud-env-folders']),
    metrics,
  });
  return {
    ...provider,
    async warmUp() {
      const what = 'warming up';
      const keys = withDeadline({ clock, timeoutMs: KEYS_WAIT_MS, what }, (signal) =>
        Promise.resolve(clusterKeys?.find('', signal)),
      );
      const code = withDeadline({ clock, timeoutMs: KEYS_WAIT_MS, what }, (signal) => azure.warmUp(signal));
      for (const { reason } of (await Promise.allSettled([keys, code])).filter((each) => each.status === 'rejected')) {
        log.debug('Not warmed up', { error: errorText(reason) });
      }
    },
  };
}

/** Throws `invalid-input`: with a folder that counts for nothing, every file would be allowed or none. */
function parseFolders(text: string): readonly string[] {
  const folders = text
    .split(',')
    .map((folder) => folder.trim())
    .filter((folder) => folder !== '');
  const relative = folders.find((folder) => !isAbsolute(folder));
  if (relative === undefined) return folders;
  throw new KeyferryError('invalid-input', `--cloud-env-folders: ${JSON.stringify(relative)} is no absolute path`);
}
