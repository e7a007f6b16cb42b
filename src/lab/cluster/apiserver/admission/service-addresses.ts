import type { KubeObject } from '#kube';
import { listOf, recordOf, recordsOf, textsOf, type JsonRecord } from '../json.ts';
import { isHeadless } from '../kinds/service-strategies.ts';
import type { ApiContext } from '../operations/context.ts';
import { invalid } from '../status-errors.ts';
import type { AdmissionStep } from './admission.ts';

const SERVICES = { group: '', resource: 'services' };

/** The addresses of Services: what an AKS cluster has when nobody chooses (--service-cidr). */
const RANGE = { prefix: '10.0.', text: '10.0.0.0/16' };
/** The Service `kubernetes` has the first address of the range, as in any cluster. */
export const API_SERVER_ADDRESS = `${RANGE.prefix}0.1`;
/** The lowest addresses are left to who asks for one by name (KEP-3070). */
const STATIC_ADDRESSES = 256;
const ADDRESSES = 65_536;

const NODE_PORTS = { first: 30_000, last: 32_767, text: '30000-32767' };

/**
 * Gives a Service the address and the node ports that its type has (registry/core/service allocators): those it asks for
 * when they are free, else any. Nothing listens there: the lab does not route to Services.
 */
export const assignServiceAddresses: AdmissionStep = (context, { target, object }) => {
  const { kind, subresource } = target;
  if (kind.group !== '' || kind.resource !== 'services' || subresource !== undefined) return object;
  const spec = recordOf(object['spec']);
  if (spec['type'] === 'ExternalName') return object;
  const others = context.storage
    .list(SERVICES)
    .filter(({ metadata }) => metadata.name !== target.name || metadata.namespace !== target.namespace)
    .map((other) => recordOf(other['spec']));
  const addressed = withClusterAddress(context, object, spec, others);
  return { ...object, spec: withNodePorts(context, object, addressed, others) };
};

function withClusterAddress(
  context: ApiContext,
  object: KubeObject,
  spec: JsonRecord,
  others: readonly JsonRecord[],
): JsonRecord {
  const policy = { ipFamilyPolicy: spec['ipFamilyPolicy'] ?? 'SingleStack' };
  const families = { ipFamilies: listOf(spec['ipFamilies']).length > 0 ? spec['ipFamilies'] : ['IPv4'] };
  if (isHeadless(spec)) {
    return { ...spec, clusterIP: 'None', clusterIPs: ['None'], ...families, ...policy };
  }
  const taken = new Set([API_SERVER_ADDRESS, ...others.flatMap(({ clusterIPs }) => textsOf(clusterIPs))]);
  const asked = spec['clusterIP'] || listOf(spec['clusterIPs'])[0];
  if (typeof asked === 'string') checkAddress(object, spec, asked, taken);
  const address = typeof asked === 'string' ? asked : freeAddress(context, taken);
  const given = listOf(spec['clusterIPs']);
  return { ...spec, clusterIP: address, clusterIPs: given.length > 0 ? given : [address], ...families, ...policy };
}

function checkAddress(object: KubeObject, spec: JsonRecord, address: string, taken: ReadonlySet<string>): void {
  const parts = address.split('.');
  const known = parts.length === 4 && parts.every((part) => /^\d{1,3}$/.test(part) && Number(part) < 256);
  // what is no address at all is found by validation, which comes after this
  if (!known) return;
  const isKubernetes = object.metadata.namespace === 'default' && object.metadata.name === 'kubernetes';
  const problem = !address.startsWith(RANGE.prefix)
    ? `the provided IP (${address}) is not in the valid range. The range of valid IPs is ${RANGE.text}`
    : taken.has(address) && !(isKubernetes && address === API_SERVER_ADDRESS)
      ? 'provided IP is already allocated'
      : undefined;
  if (problem === undefined) return;
  throw invalid({ group: '', kind: 'Service' }, object.metadata.name ?? '', [
    {
      field: 'spec.clusterIPs',
      reason: 'FieldValueInvalid',
      value: listOf(spec['clusterIPs']).length > 0 ? spec['clusterIPs'] : [address],
      detail: `failed to allocate IP ${address}: ${problem}`,
    },
  ]);
}

function freeAddress({ random }: ApiContext, taken: ReadonlySet<string>): string {
  const free = ADDRESSES - STATIC_ADDRESSES - 1;
  const start = Math.floor(random.fraction() * free);
  for (let step = 0; step < free; step += 1) {
    const number = STATIC_ADDRESSES + ((start + step) % free);
    const address = `${RANGE.prefix}${Math.floor(number / 256)}.${number % 256}`;
    if (!taken.has(address)) return address;
  }
  throw new Error('all addresses of Services are taken');
}

function withNodePorts(
  { random }: ApiContext,
  object: KubeObject,
  spec: JsonRecord,
  others: readonly JsonRecord[],
): JsonRecord {
  const wants =
    spec['type'] === 'NodePort' || (spec['type'] === 'LoadBalancer' && spec['allocateLoadBalancerNodePorts'] !== false);
  const ports = recordsOf(spec['ports']);
  if (ports.length === 0) return spec;
  const taken = new Set<unknown>(
    others.flatMap((other) => recordsOf(other['ports']).map(({ nodePort }) => nodePort)).filter(Boolean),
  );
  ports.forEach(({ nodePort }, index) => {
    if (nodePort) checkNodePort(object, index, Number(nodePort), taken);
  });
  if (!wants) return spec;
  for (const { nodePort } of ports) taken.add(nodePort);
  const next = () => {
    const count = NODE_PORTS.last - NODE_PORTS.first + 1;
    const start = Math.floor(random.fraction() * count);
    for (let step = 0; step < count; step += 1) {
      const port = NODE_PORTS.first + ((start + step) % count);
      if (taken.has(port)) continue;
      taken.add(port);
      return port;
    }
    throw new Error('all node ports are taken');
  };
  return { ...spec, ports: ports.map((port) => (port['nodePort'] ? port : { ...port, nodePort: next() })) };
}

function checkNodePort(object: KubeObject, index: number, port: number, taken: ReadonlySet<unknown>): void {
  const inRange = port >= NODE_PORTS.first && port <= NODE_PORTS.last;
  if (inRange && !taken.has(port)) return;
  throw invalid({ group: '', kind: 'Service' }, object.metadata.name ?? '', [
    {
      field: `spec.ports[${index}].nodePort`,
      reason: 'FieldValueInvalid',
      value: port,
      detail: inRange
        ? 'provided port is already allocated'
        : `provided port is not in the valid range. The range of valid ports is ${NODE_PORTS.text}`,
    },
  ]);
}
