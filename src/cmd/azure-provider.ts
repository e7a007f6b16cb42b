import { VERSION, type Clock, type Log, type Random } from '#base';
import { createAzureClients } from '#azure';
import type { KubeClient } from '#kube';
import { createAzureProvider, createClusterKeys, type AzureProvider, type ProviderMetrics } from '#provider';
import type { FlagTable, FlagValues } from './flags.ts';

/** The flags that every process with the Azure provider in it takes. */
export const AZURE_PROVIDER_FLAGS = {
  'cloud-name': {
    kind: 'text',
    default: 'AzurePublicCloud',
    help: 'cloud of classes that name none',
    group: 'azure',
    from: 'provider',
  },
  'custom-user-agent': {
    kind: 'text',
    default: '',
    help: 'added to the user agent of requests to Azure',
    group: 'azure',
    from: 'provider',
  },
  'freshness-window': {
    kind: 'duration',
    default: 30_000,
    help: 'how long an answer of Azure serves pods of the same proved identity; 0: never',
    group: 'azure',
  },
} as const satisfies FlagTable;

/** What {@link wireAzureProvider} joins. */
export interface AzureProviderWiring {
  readonly flags: FlagValues<typeof AZURE_PROVIDER_FLAGS>;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly metrics: ProviderMetrics;
  /** The way to the cluster's published keys; undefined: none, and answers are shared with nobody. */
  readonly kube: Pick<KubeClient, 'getPath'> | undefined;
}

/** The Azure provider of a process: official clients, the cluster's keys from its API server, metrics. No I/O yet. */
export function wireAzureProvider(wiring: AzureProviderWiring): AzureProvider {
  const { flags, env, clock, random, log, metrics, kube } = wiring;
  const userAgent = [flags['custom-user-agent'], `keyferry/${VERSION}`].filter((part) => part !== '').join(' ');
  return createAzureProvider({
    clock,
    random,
    log,
    version: VERSION,
    azure: createAzureClients({ clock, userAgent, onRequest: (request) => metrics.onRequest(request) }),
    clusterKeys:
      kube === undefined
        ? undefined
        : createClusterKeys({ clock, log, fetchJwks: (signal) => kube.getPath('/openid/v1/jwks', { signal }) }),
    freshnessWindowMs: flags['freshness-window'],
    cloudName: flags['cloud-name'],
    cloudEnvFile: env['AZURE_ENVIRONMENT_FILEPATH'],
    metrics,
  });
}
