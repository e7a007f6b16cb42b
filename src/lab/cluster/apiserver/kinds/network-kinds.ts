import type { KindRow } from './kind-row.ts';
import { ingressClassStrategy, ingressStrategy, networkPolicyStrategy } from './network-strategies.ts';
import { endpointSliceStrategy, endpointsStrategy, serviceStrategy } from './service-strategies.ts';

const NETWORKING = 'networking.k8s.io';

/** Services and what leads to them. */
export const NETWORK_KINDS: readonly KindRow[] = [
  {
    kind: 'Service',
    resource: 'services',
    shortNames: ['svc'],
    categories: ['all'],
    names: 'dns1035',
    subresources: ['status'],
    selectableFields: ['spec.clusterIP', 'spec.type'],
    strategy: serviceStrategy,
  },
  {
    kind: 'Endpoints',
    resource: 'endpoints',
    shortNames: ['ep'],
    strategy: endpointsStrategy,
    deprecation: 'v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice',
  },
  {
    group: 'discovery.k8s.io',
    kind: 'EndpointSlice',
    resource: 'endpointslices',
    countsGenerations: true,
    strategy: endpointSliceStrategy,
  },
  {
    group: NETWORKING,
    kind: 'Ingress',
    resource: 'ingresses',
    shortNames: ['ing'],
    subresources: ['status'],
    countsGenerations: true,
    strategy: ingressStrategy,
  },
  {
    group: NETWORKING,
    kind: 'IngressClass',
    resource: 'ingressclasses',
    clusterScoped: true,
    countsGenerations: true,
    strategy: ingressClassStrategy,
  },
  {
    group: NETWORKING,
    kind: 'NetworkPolicy',
    resource: 'networkpolicies',
    shortNames: ['netpol'],
    countsGenerations: true,
    strategy: networkPolicyStrategy,
  },
];
