import type { KubeObject } from '#kube';
import { listOf, recordOf, recordsOf, shown, textOf, textsOf, valueAt } from '../json.ts';
import { labelsText, NONE, selectorText, shortList, text } from './cells.ts';
import { AGE_COLUMN, column, NAME_COLUMN } from './columns.ts';
import type { Column } from './kind.ts';

const MOST = 3;

function externalAddress(service: KubeObject): string {
  const spec = recordOf(service['spec']);
  const external = textsOf(spec['externalIPs']);
  switch (spec['type']) {
    case 'ExternalName':
      return textOf(spec['externalName']);
    case 'LoadBalancer':
      return [...balancerAddresses(service), ...external].join(',') || '<pending>';
    default:
      return external.join(',') || NONE;
  }
}

function balancerAddresses(object: KubeObject): string[] {
  return recordsOf(valueAt(object, ['status', 'loadBalancer', 'ingress']))
    .map(({ ip, hostname }) => textOf(ip) || textOf(hostname))
    .filter((address) => address !== '')
    .sort();
}

function servicePorts(service: KubeObject): string {
  const ports = recordsOf(valueAt(service, ['spec', 'ports'])).map(
    ({ port, nodePort, protocol }) => `${shown(port)}${nodePort ? `:${shown(nodePort)}` : ''}/${textOf(protocol)}`,
  );
  return ports.join(',') || NONE;
}

function endpointTexts(endpoints: KubeObject): string {
  const addresses = recordsOf(endpoints['subsets']).flatMap((subset) => {
    const ips = recordsOf(subset['addresses']).map(({ ip }) => textOf(ip));
    const ports = recordsOf(subset['ports']).map(({ port }) => String(port));
    return ports.length === 0 ? ips : ports.flatMap((port) => ips.map((ip) => `${ip}:${port}`));
  });
  return addresses.length === 0 && listOf(endpoints['subsets']).length === 0 ? NONE : shortList(addresses, MOST);
}

function slicePorts(slice: KubeObject): string {
  const ports = recordsOf(slice['ports']).map(({ port, name }) => shown(port ?? name ?? '*'));
  return ports.length === 0 ? '<unset>' : shortList(ports, MOST);
}

function sliceAddresses(slice: KubeObject): string {
  const addresses = recordsOf(slice['endpoints']).flatMap((endpoint) => textsOf(endpoint['addresses']));
  return addresses.length === 0 ? '<unset>' : shortList(addresses, MOST);
}

function hosts(ingress: KubeObject): string {
  const names = recordsOf(valueAt(ingress, ['spec', 'rules']))
    .map(({ host }) => textOf(host))
    .filter((host) => host !== '');
  return names.length === 0 ? '*' : shortList(names, MOST);
}

function parameters(ingressClass: KubeObject): string {
  const { kind, apiGroup, name } = recordOf(valueAt(ingressClass, ['spec', 'parameters']));
  if (kind === undefined) return NONE;
  return `${textOf(kind)}${apiGroup ? `.${textOf(apiGroup)}` : ''}/${textOf(name)}`;
}

/** What `kubectl get` shows of services and what belongs to them (pkg/printers/internalversion). */
export const NETWORK_COLUMNS = {
  Service: [
    NAME_COLUMN,
    column('Type', (service) => text(service, 'spec', 'type')),
    column('Cluster-IP', (service) => textOf(listOf(valueAt(service, ['spec', 'clusterIPs']))[0]) || NONE),
    column('External-IP', externalAddress),
    column('Port(s)', servicePorts),
    AGE_COLUMN,
    column('Selector', (service) => labelsText(valueAt(service, ['spec', 'selector'])), { wide: true }),
  ],
  Endpoints: [NAME_COLUMN, column('Endpoints', endpointTexts), AGE_COLUMN],
  EndpointSlice: [
    NAME_COLUMN,
    column('AddressType', (slice) => textOf(slice['addressType'])),
    column('Ports', slicePorts),
    column('Endpoints', sliceAddresses),
    AGE_COLUMN,
  ],
  Ingress: [
    NAME_COLUMN,
    column('Class', (ingress) => text(ingress, 'spec', 'ingressClassName') || NONE),
    column('Hosts', hosts),
    column('Address', (ingress) => balancerAddresses(ingress).join(',')),
    column('Ports', (ingress) => (listOf(valueAt(ingress, ['spec', 'tls'])).length > 0 ? '80, 443' : '80')),
    AGE_COLUMN,
  ],
  IngressClass: [
    NAME_COLUMN,
    column('Controller', (ingressClass) => text(ingressClass, 'spec', 'controller')),
    column('Parameters', parameters),
    AGE_COLUMN,
  ],
  NetworkPolicy: [
    NAME_COLUMN,
    column('Pod-Selector', (policy) => selectorText(valueAt(policy, ['spec', 'podSelector']))),
    AGE_COLUMN,
  ],
} as const satisfies Record<string, readonly Column[]>;
