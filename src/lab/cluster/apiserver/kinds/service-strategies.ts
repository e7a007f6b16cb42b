import type { KubeObject } from '#kube';
import { jsonEqual, listOf, recordOf, recordsOf, textOf, textsOf, type JsonRecord } from '../json.ts';
import type { FieldIssue } from '../status-errors.ts';
import {
  choiceIssues,
  duplicateIssue,
  forbiddenIssue,
  invalidIssue,
  portIssues,
  requiredIssue,
} from './field-issues.ts';
import type { Strategy } from './kind.ts';
import { labelNameIssue, portNameProblems, subdomainIssue } from './names.ts';

const PROTOCOLS = ['SCTP', 'TCP', 'UDP'];
const CLIENT_IP_SECONDS = 10_800;

/** Services: of the type ClusterIP unless they say otherwise. Addresses and node ports come from admission. */
export const serviceStrategy: Strategy = {
  prepareForCreate: (object) => {
    const { status: _status, ...service } = object;
    return { ...service, status: { loadBalancer: {} } } as KubeObject;
  },
  prepareForUpdate: (object, old) => ({
    ...object,
    spec: keepAddresses(recordOf(object['spec']), recordOf(old['spec'])),
  }),
  defaults: (object) => ({ ...object, spec: withServiceDefaults(recordOf(object['spec'])) }),
  validate: (object, old) => {
    const spec = recordOf(object['spec']);
    return [...serviceIssues(spec), ...(old === undefined ? [] : changedAddressIssues(spec, recordOf(old['spec'])))];
  },
};

/** Endpoints: their ports speak TCP unless they say otherwise. */
export const endpointsStrategy: Strategy = {
  defaults: (object) =>
    Array.isArray(object['subsets'])
      ? {
          ...object,
          subsets: recordsOf(object['subsets']).map((subset) => ({ ...subset, ...withPortProtocols(subset['ports']) })),
        }
      : object,
};

/** EndpointSlices: the kind of address is fixed. */
export const endpointSliceStrategy: Strategy = {
  defaults: (object) => ({
    ...object,
    endpoints: object['endpoints'] ?? null,
    ports: Array.isArray(object['ports'])
      ? recordsOf(object['ports']).map((port) => ({
          ...port,
          name: port['name'] ?? '',
          protocol: port['protocol'] ?? 'TCP',
        }))
      : null,
  }),
  validate: (object, old) => [
    ...(object['addressType'] === undefined || object['addressType'] === '' ? [requiredIssue('addressType')] : []),
    ...choiceIssues('addressType', object['addressType'] || undefined, ['IPv4', 'IPv6', 'FQDN']),
    ...(old === undefined || old['addressType'] === object['addressType']
      ? []
      : [invalidIssue('addressType', object['addressType'], 'field is immutable')]),
  ],
};

/** Whether the Service has no address of its own and its name stands for its pods. */
export function isHeadless(spec: JsonRecord): boolean {
  return spec['clusterIP'] === 'None' || listOf(spec['clusterIPs'])[0] === 'None';
}

function withPortProtocols(ports: unknown): JsonRecord {
  if (!Array.isArray(ports)) return {};
  return { ports: recordsOf(ports).map((port) => ({ ...port, protocol: port['protocol'] ?? 'TCP' })) };
}

function withServiceDefaults(spec: JsonRecord): JsonRecord {
  const type = spec['type'] ?? 'ClusterIP';
  const affinity = spec['sessionAffinity'] ?? 'None';
  const external = type === 'NodePort' || type === 'LoadBalancer' || listOf(spec['externalIPs']).length > 0;
  const { sessionAffinityConfig, ...rest } = spec;
  return {
    ...rest,
    type,
    sessionAffinity: affinity,
    ...(affinity === 'ClientIP' ? { sessionAffinityConfig: withTimeout(sessionAffinityConfig) } : {}),
    ...(Array.isArray(spec['ports']) ? { ports: recordsOf(spec['ports']).map(withServicePortDefaults) } : {}),
    ...(external ? { externalTrafficPolicy: spec['externalTrafficPolicy'] ?? 'Cluster' } : {}),
    ...(type === 'ExternalName' ? {} : { internalTrafficPolicy: spec['internalTrafficPolicy'] ?? 'Cluster' }),
    ...(type === 'LoadBalancer'
      ? { allocateLoadBalancerNodePorts: spec['allocateLoadBalancerNodePorts'] ?? true }
      : {}),
  };
}

function withTimeout(config: unknown): JsonRecord {
  const clientIP = recordOf(recordOf(config)['clientIP']);
  return { clientIP: { timeoutSeconds: clientIP['timeoutSeconds'] ?? CLIENT_IP_SECONDS } };
}

function withServicePortDefaults(port: JsonRecord): JsonRecord {
  const { targetPort } = port;
  const missing = targetPort === undefined || targetPort === 0 || targetPort === '';
  return { ...port, protocol: port['protocol'] ?? 'TCP', targetPort: missing ? port['port'] : targetPort };
}

/**
 * The new spec with the addresses and node ports that a client left out (patchAllocatedValues of registry/core/service),
 * and without those that the new type does not have.
 */
function keepAddresses(spec: JsonRecord, old: JsonRecord): JsonRecord {
  const type = spec['type'] ?? 'ClusterIP';
  const { clusterIP, clusterIPs, ipFamilies, ipFamilyPolicy, ...others } = spec;
  const rest = withoutCarried(others, old, type);
  const given = { clusterIP, clusterIPs, ipFamilies, ipFamilyPolicy };
  const before = pick(old, ['clusterIP', 'clusterIPs', 'ipFamilies', 'ipFamilyPolicy']);
  const asked = defined(given);
  if (type === 'ExternalName') {
    // going to ExternalName gives the addresses back where they were only carried along
    const carried = old['type'] !== 'ExternalName' && jsonEqual(asked['clusterIP'], before['clusterIP']);
    return { ...rest, ...(carried ? {} : asked) };
  }
  const ports = recordsOf(spec['ports']);
  const hasNodePorts = type === 'NodePort' || type === 'LoadBalancer';
  const hadNodePorts = old['type'] === 'NodePort' || old['type'] === 'LoadBalancer';
  const oldPorts = recordsOf(old['ports']);
  const kept = ports.map((port) => {
    const twin = oldPorts.find((other) => samePort(other, port));
    const { nodePort, ...bare } = port;
    if (hasNodePorts)
      return nodePort === undefined && hadNodePorts && twin?.['nodePort']
        ? { ...bare, nodePort: twin['nodePort'] }
        : port;
    return hadNodePorts && nodePort === twin?.['nodePort'] ? bare : port;
  });
  return {
    ...rest,
    ...before,
    ...asked,
    ...withFirstAddress(asked, before),
    ...(Array.isArray(spec['ports']) ? { ports: kept } : {}),
  };
}

/** A client that changes `clusterIP` alone means the first of `clusterIPs` too (normalizeClusterIPs of registry/core/service). */
function withFirstAddress(asked: JsonRecord, before: JsonRecord): JsonRecord {
  const { clusterIP, clusterIPs } = asked;
  if (clusterIP === undefined) return {};
  const followed = clusterIPs === undefined || jsonEqual(clusterIPs, before['clusterIPs']);
  return followed ? { clusterIPs: [clusterIP, ...listOf(clusterIPs).slice(1)] } : {};
}

/** Fields of a type that the Service had before go with it, when the client only sent them back. */
function withoutCarried(spec: JsonRecord, old: JsonRecord, type: unknown): JsonRecord {
  const gone = Object.entries(FIELDS_OF_TYPES)
    .filter(([field, types]) => !types.includes(String(type)) && jsonEqual(spec[field], old[field]))
    .map(([field]) => field);
  return Object.fromEntries(Object.entries(spec).filter(([field]) => !gone.includes(field)));
}

/** dropTypeDependentFields of registry/core/service. */
const FIELDS_OF_TYPES: Readonly<Record<string, readonly string[]>> = {
  externalName: ['ExternalName'],
  internalTrafficPolicy: ['ClusterIP', 'NodePort', 'LoadBalancer'],
  externalTrafficPolicy: ['NodePort', 'LoadBalancer'],
  allocateLoadBalancerNodePorts: ['LoadBalancer'],
  loadBalancerClass: ['LoadBalancer'],
  healthCheckNodePort: ['LoadBalancer'],
};

function samePort(a: JsonRecord, b: JsonRecord): boolean {
  return a['port'] === b['port'] && (a['protocol'] ?? 'TCP') === (b['protocol'] ?? 'TCP');
}

function pick(source: JsonRecord, fields: readonly string[]): JsonRecord {
  return defined(Object.fromEntries(fields.map((field) => [field, source[field]])));
}

function defined(source: JsonRecord): JsonRecord {
  return Object.fromEntries(Object.entries(source).filter(([, value]) => value !== undefined && value !== ''));
}

function serviceIssues(spec: JsonRecord): FieldIssue[] {
  const type = textOf(spec['type']);
  const ports = recordsOf(spec['ports']);
  const headless = isHeadless(spec);
  return [
    ...(ports.length === 0 && !headless && type !== 'ExternalName' ? [requiredIssue('spec.ports')] : []),
    ...(headless && (type === 'LoadBalancer' || type === 'NodePort')
      ? [invalidIssue('spec.clusterIPs[0]', 'None', `may not be set to 'None' for ${type} services`)]
      : []),
    ...(type === 'ExternalName' ? externalNameIssues(spec) : addressIssues(spec)),
    ...portListIssues(ports, type),
    ...choiceIssues('spec.sessionAffinity', spec['sessionAffinity'], ['ClientIP', 'None']),
    ...choiceIssues('spec.type', type, ['ClusterIP', 'ExternalName', 'LoadBalancer', 'NodePort']),
    ...trafficIssues(spec, type),
  ];
}

function externalNameIssues(spec: JsonRecord): FieldIssue[] {
  const name = textOf(spec['externalName']).replace(/\.$/, '');
  const nameIssue = name === '' ? requiredIssue('spec.externalName') : subdomainIssue('spec.externalName', name);
  return [
    ...['clusterIPs', 'ipFamilies', 'ipFamilyPolicy']
      .filter((field) => spec[field] !== undefined)
      .map((field) => forbiddenIssue(`spec.${field}`, 'may not be set for ExternalName services')),
    ...(nameIssue === undefined ? [] : [nameIssue]),
  ];
}

const IP = /^(\d{1,3}(\.\d{1,3}){3}|[0-9a-fA-F:]*:[0-9a-fA-F:.]*)$/;

function addressIssues(spec: JsonRecord): FieldIssue[] {
  const addresses = textsOf(spec['clusterIPs']);
  const first = spec['clusterIP'];
  const mismatch = first !== undefined && first !== '' && addresses.length > 0 && addresses[0] !== first;
  return [
    ...(mismatch ? [invalidIssue('spec.clusterIPs', addresses, 'first value must match `clusterIP`')] : []),
    ...addresses.flatMap((address, index): FieldIssue[] => {
      if (address === 'None' && index === 0) {
        return addresses.length > 1
          ? [invalidIssue('spec.clusterIPs', addresses, "'None' must be the first and only value")]
          : [];
      }
      return IP.test(address) ? [] : [invalidIssue(`spec.clusterIPs[${index}]`, address, IP_TEXT)];
    }),
    ...textsOf(spec['ipFamilies']).flatMap((family, index) =>
      choiceIssues(`spec.ipFamilies[${index}]`, family, ['IPv4', 'IPv6']),
    ),
  ];
}

const IP_TEXT = 'must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)';
function portListIssues(ports: readonly JsonRecord[], type: string): FieldIssue[] {
  const names = new Set<unknown>();
  const numbers = new Set<string>();
  const nodePorts = new Set<string>();
  return ports.flatMap((port, index): FieldIssue[] => {
    const field = `spec.ports[${index}]`;
    const { name, protocol, targetPort, nodePort } = port;
    const issues: FieldIssue[] = [];
    if (!name) {
      if (ports.length > 1) issues.push(requiredIssue(`${field}.name`));
    } else {
      const wrong = labelNameIssue(`${field}.name`, textOf(name));
      if (wrong !== undefined) issues.push(wrong);
      if (names.has(name)) issues.push(duplicateIssue(`${field}.name`, name));
      names.add(name);
    }
    issues.push(...portIssues(`${field}.port`, port['port'] ?? 0));
    issues.push(...choiceIssues(`${field}.protocol`, protocol, PROTOCOLS));
    if (typeof targetPort === 'number') issues.push(...portIssues(`${field}.targetPort`, targetPort));
    else if (typeof targetPort === 'string') {
      issues.push(...portNameProblems(targetPort).map((why) => invalidIssue(`${field}.targetPort`, targetPort, why)));
    }
    if (nodePort && type === 'ClusterIP') {
      issues.push(forbiddenIssue(`${field}.nodePort`, "may not be used when `type` is 'ClusterIP'"));
    }
    const nodeKey = `${textOf(protocol)}/${String(nodePort)}`;
    if (nodePort && nodePorts.has(nodeKey)) issues.push(duplicateIssue(`${field}.nodePort`, nodePort));
    nodePorts.add(nodeKey);
    const key = `${textOf(protocol)}/${String(port['port'])}`;
    if (numbers.has(key)) issues.push(duplicateIssue(field, { port: port['port'], protocol }));
    numbers.add(key);
    return issues;
  });
}

function trafficIssues(spec: JsonRecord, type: string): FieldIssue[] {
  const external = type === 'NodePort' || type === 'LoadBalancer' || listOf(spec['externalIPs']).length > 0;
  return [
    ...(type !== 'LoadBalancer' && spec['allocateLoadBalancerNodePorts'] !== undefined
      ? [forbiddenIssue('spec.allocateLoadBalancerNodePorts', "may only be used when `type` is 'LoadBalancer'")]
      : []),
    ...(external || spec['externalTrafficPolicy'] === undefined
      ? choiceIssues('spec.externalTrafficPolicy', spec['externalTrafficPolicy'], ['Cluster', 'Local'])
      : [
          invalidIssue(
            'spec.externalTrafficPolicy',
            spec['externalTrafficPolicy'],
            'may only be set for externally-accessible services',
          ),
        ]),
    ...choiceIssues('spec.internalTrafficPolicy', spec['internalTrafficPolicy'], ['Cluster', 'Local']),
  ];
}

function changedAddressIssues(spec: JsonRecord, old: JsonRecord): FieldIssue[] {
  if (spec['type'] === 'ExternalName' || old['type'] === 'ExternalName') return [];
  const [now, before] = [listOf(spec['clusterIPs']), listOf(old['clusterIPs'])];
  if (now.length === 0 && before.length > 0) {
    return [invalidIssue('spec.clusterIPs[0]', now, 'primary clusterIP can not be unset')];
  }
  return before.length > 0 && now[0] !== before[0]
    ? [invalidIssue('spec.clusterIPs[0]', now, 'may not change once set')]
    : [];
}
