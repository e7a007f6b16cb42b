import type { Registry } from 'prom-client';
import type { AzureRequest } from '#azure';
import { createBoundedLabel, registerCounter, registerHistogram, type MetricTable } from '#http';
import type { BrokerEvents } from './broker/events.ts';

// Upstream's.
const SECONDS = [0.1, 0.2, 0.3, 0.4, 0.5, 1, 1.5, 2, 2.5, 3, 5, 10, 15, 30];

/** Every metric of the provider. */
export const PROVIDER_METRICS = {
  keyvaultRequest: {
    name: 'keyvault_request',
    type: 'histogram',
    help: "Time of requests to Key Vault, seconds. Upstream's labels object_name and error (a whole error text) are left out: their values are unbounded",
    labels: ['provider', 'os_type', 'object_type', 'code'],
    buckets: SECONDS,
    upstream: true,
  },
  grpcRequest: {
    name: 'grpc_request',
    type: 'histogram',
    help: "Time of calls to the provider's socket, seconds. Upstream's label grpc_message is left out",
    labels: ['provider', 'os_type', 'grpc_method', 'grpc_code'],
    buckets: SECONDS,
    upstream: true,
  },
  requests: {
    name: 'keyferry_azure_requests_total',
    type: 'counter',
    help: 'HTTP requests to Azure, by service (entra, keyvault, imds, pod-identity, token-proxy) and HTTP status (none: no answer)',
    labels: ['service', 'code'],
  },
  brokerAnswers: {
    name: 'keyferry_broker_answers_total',
    type: 'counter',
    help: 'Tokens, challenges and objects that were asked of the broker, by how they were had: fetched, shared (a running request joined), kept',
    labels: ['what', 'how'],
  },
  brokerUnshared: {
    name: 'keyferry_broker_unshared_callers_total',
    type: 'counter',
    help: 'Mounts that share with nobody, by reason',
    labels: ['reason'],
  },
  pauses: {
    name: 'keyferry_service_pauses_total',
    type: 'counter',
    help: 'Times that a vault or an authority was left alone by the whole node, because it throttled or did not answer',
    labels: ['host', 'reason'],
  },
} as const satisfies MetricTable;

/** What the provider counts. */
export interface ProviderMetrics {
  readonly brokerEvents: BrokerEvents;
  readonly onRequest: (request: AzureRequest) => void;
  /** A call to the socket has been answered; `method` is its whole path. */
  readonly onCall: (call: { readonly method: string; readonly code: string; readonly durationMs: number }) => void;
}

const PROVIDER = { provider: 'azure', os_type: 'linux' } as const;

/** Registers the provider's metrics in `registry`. No label holds an object's name, a value or an error text. */
export function createProviderMetrics(registry: Registry): ProviderMetrics {
  const keyvault = registerHistogram(registry, PROVIDER_METRICS.keyvaultRequest);
  const grpc = registerHistogram(registry, PROVIDER_METRICS.grpcRequest);
  const requests = registerCounter(registry, PROVIDER_METRICS.requests);
  const answers = registerCounter(registry, PROVIDER_METRICS.brokerAnswers);
  const unshared = registerCounter(registry, PROVIDER_METRICS.brokerUnshared);
  const pauses = registerCounter(registry, PROVIDER_METRICS.pauses);
  const hostLabel = createBoundedLabel();
  return {
    brokerEvents: {
      answered: (what, how) => answers.inc({ what, how }),
      unshared: (reason) => unshared.inc({ reason }),
      paused: (service, reason) => pauses.inc({ host: hostLabel(service.replace(/^https?:\/\//, '')), reason }),
    },
    onCall: ({ method, code, durationMs }) =>
      grpc.observe({ ...PROVIDER, grpc_method: method, grpc_code: code }, durationMs / 1000),
    onRequest: ({ service, status, durationMs, objectType = '' }) => {
      const code = status === undefined ? 'none' : String(status);
      requests.inc({ service, code });
      if (service === 'keyvault') keyvault.observe({ ...PROVIDER, object_type: objectType, code }, durationMs / 1000);
    },
  };
}
