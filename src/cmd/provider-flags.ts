import { AZURE_PROVIDER_FLAGS } from './azure-provider-flags.ts';
import type { FlagTable } from './flags.ts';
import { PROCESS_FLAGS, pprofFlags } from './process-flags.ts';

/** Every flag of `keyferry provider`: those of the program that it stands in for, and ours. */
export const PROVIDER_FLAGS = {
  endpoint: {
    kind: 'text',
    default: 'unix:///tmp/azure.sock',
    help: 'socket on which drivers ask',
    group: 'sockets',
    from: 'provider',
  },
  ...AZURE_PROVIDER_FLAGS,
  'healthz-port': {
    kind: 'int',
    default: 8989,
    help: 'port of the health check; 0: none',
    group: 'health and metrics',
    from: 'provider',
    value: 'linux.healthzPort',
  },
  'healthz-path': {
    kind: 'text',
    default: '/healthz',
    help: 'path of the health check',
    group: 'health and metrics',
    from: 'provider',
    value: 'linux.healthzPath',
  },
  'healthz-timeout': {
    kind: 'duration',
    default: 5_000,
    help: 'longest wait of the health check for the socket',
    group: 'health and metrics',
    from: 'provider',
    value: 'linux.healthzTimeout',
  },
  'prometheus-port': {
    kind: 'int',
    default: 8898,
    help: 'port of /metrics; 0: none',
    group: 'health and metrics',
    from: 'provider',
    value: 'azure.prometheusPort',
  },
  'http-host': {
    kind: 'text',
    default: '0.0.0.0',
    help: 'address on which health check and metrics listen',
    group: 'health and metrics',
  },
  kubeconfig: {
    kind: 'text',
    default: '',
    help: 'way to the API server outside a pod, for the keys of its tokens; without it KUBECONFIG',
    group: 'process',
  },
  ...PROCESS_FLAGS,
  'metrics-backend': {
    kind: 'text',
    default: 'Prometheus',
    help: 'metrics are always for Prometheus',
    group: 'without effect',
    from: 'provider',
  },
  ...pprofFlags({ from: 'provider', port: 6060 }),
} as const satisfies FlagTable;
