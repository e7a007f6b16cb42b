import { Counter, Histogram, type Registry } from 'prom-client';
import type { AzureRequest } from '#azure';
import type { BrokerEvents } from './broker/events.ts';

/** The names of every metric of the provider. */
export const PROVIDER_METRICS = {
  /** Upstream's name; its labels `object_name` and `error` (a whole error text) are left out: their values are unbounded. */
  keyvaultRequest: 'keyvault_request',
  requests: 'keyferry_azure_requests_total',
  brokerAnswers: 'keyferry_broker_answers_total',
  brokerUnshared: 'keyferry_broker_unshared_callers_total',
} as const;

/** What the provider counts. */
export interface ProviderMetrics {
  readonly brokerEvents: BrokerEvents;
  onRequest(request: AzureRequest): void;
}

const KEYVAULT_BUCKETS_SECONDS = [0.1, 0.2, 0.3, 0.4, 0.5, 1, 1.5, 2, 2.5, 3, 5, 10, 15, 30];

/** Registers the provider's metrics in `registry`. No label holds a name, a value or an error text. */
export function createProviderMetrics(registry: Registry): ProviderMetrics {
  const registers = [registry];
  const keyvault = new Histogram({
    name: PROVIDER_METRICS.keyvaultRequest,
    help: 'Duration of requests to Key Vault in seconds',
    labelNames: ['provider', 'os_type', 'code'] as const,
    buckets: KEYVAULT_BUCKETS_SECONDS,
    registers,
  });
  const requests = new Counter({
    name: PROVIDER_METRICS.requests,
    help: 'HTTP requests to Azure, by service (entra, keyvault) and HTTP status (none: no answer)',
    labelNames: ['service', 'code'] as const,
    registers,
  });
  const answers = new Counter({
    name: PROVIDER_METRICS.brokerAnswers,
    help: 'Tokens and objects that were asked of the broker, by how they were had: fetched, shared (a running request joined), kept',
    labelNames: ['what', 'how'] as const,
    registers,
  });
  const unshared = new Counter({
    name: PROVIDER_METRICS.brokerUnshared,
    help: 'Mounts that share with nobody, by reason',
    labelNames: ['reason'] as const,
    registers,
  });
  return {
    brokerEvents: {
      answered: (what, how) => answers.inc({ what, how }),
      unshared: (reason) => unshared.inc({ reason }),
    },
    onRequest: ({ service, status, durationMs }) => {
      const code = status === undefined ? 'none' : String(status);
      requests.inc({ service, code });
      if (service === 'keyvault') keyvault.observe({ provider: 'azure', os_type: 'linux', code }, durationMs / 1000);
    },
  };
}
