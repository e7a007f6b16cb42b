import { beforeEach, describe, expect, it } from 'vitest';
import type { KubeObject } from '#kube';
import { publishApiServer } from '../bootstrap.ts';
import { recordOf, recordsOf } from '../json.ts';
import { refusal } from '../testing/refusal.ts';
import { createTestApi, type TestApi } from '../testing/test-api.ts';

const SERVICES = { group: '', version: 'v1', resource: 'services' };
const ENDPOINTS = { group: '', version: 'v1', resource: 'endpoints' };

const service = (name: string, spec: object = {}) => ({
  metadata: { name },
  spec: { ports: [{ port: 80 }], ...spec },
});
const key = (name: string) => ({ namespace: 'default', name });

let api: TestApi;

beforeEach(async () => {
  api = await createTestApi();
});

const create = (body: object): Promise<KubeObject> => api.access.create(SERVICES, 'default', body);
const specOf = (object: KubeObject) => recordOf(object['spec']);
const nodePortsOf = (object: KubeObject) => recordsOf(specOf(object)['ports']).map(({ nodePort }) => nodePort);

const refusalText = async (call: Promise<unknown>) => (await refusal(call)).message ?? '';

describe('addresses', () => {
  it('each Service has its own, of the cluster’s range, beside its families', async () => {
    const [a, b] = [specOf(await create(service('a'))), specOf(await create(service('b')))];
    expect(a).toMatchObject({ type: 'ClusterIP', clusterIPs: [a['clusterIP']], ipFamilies: ['IPv4'] });
    expect(a['clusterIP']).toMatch(/^10\.0\.\d+\.\d+$/);
    expect(a['clusterIP']).not.toBe(b['clusterIP']);
  });

  it('one that is asked for is given once', async () => {
    expect(specOf(await create(service('a', { clusterIP: '10.0.0.50' })))['clusterIP']).toBe('10.0.0.50');
    expect(await refusalText(create(service('b', { clusterIP: '10.0.0.50' })))).toBe(
      'Service "b" is invalid: spec.clusterIPs: Invalid value: ["10.0.0.50"]: failed to allocate IP 10.0.0.50: provided IP is already allocated',
    );
  });

  it('one outside of the range is refused', async () => {
    expect(await refusalText(create(service('a', { clusterIP: '192.168.1.1' })))).toContain(
      'the provided IP (192.168.1.1) is not in the valid range. The range of valid IPs is 10.0.0.0/16',
    );
  });

  it.each<[string, object, object]>([
    ['a headless one has none', { clusterIP: 'None' }, { clusterIP: 'None', clusterIPs: ['None'] }],
    ['ports lead to themselves', {}, { ports: [{ port: 80, protocol: 'TCP', targetPort: 80 }] }],
    [
      'affinity lasts three hours',
      { sessionAffinity: 'ClientIP' },
      { sessionAffinityConfig: { clientIP: { timeoutSeconds: 10_800 } } },
    ],
  ])('%s', async (_name, spec, expected) => {
    expect(specOf(await create(service('a', spec)))).toMatchObject(expected);
  });

  it('an ExternalName has none at all', async () => {
    const made = specOf(await create(service('a', { type: 'ExternalName', externalName: 'example.com', ports: [] })));
    expect(made).not.toHaveProperty('clusterIP');
    expect(made).not.toHaveProperty('internalTrafficPolicy');
  });

  it('stay when an update leaves them out', async () => {
    const made = await create(service('a', { type: 'NodePort' }));
    const updated = await api.access.update(SERVICES, key('a'), service('a', { type: 'NodePort' }));
    expect(specOf(updated)['clusterIP']).toBe(specOf(made)['clusterIP']);
    expect(nodePortsOf(updated)).toEqual(nodePortsOf(made));
  });

  it('node ports go when the type has none any more', async () => {
    const made = await create(service('a', { type: 'NodePort' }));
    const updated = await api.access.update(SERVICES, key('a'), {
      ...made,
      spec: { ...specOf(made), type: 'ClusterIP' },
    });
    expect(nodePortsOf(updated)).toEqual([undefined]);
    expect(specOf(updated)).not.toHaveProperty('externalTrafficPolicy');
  });

  it.each([
    ['in both fields', { clusterIP: '10.0.0.9', clusterIPs: ['10.0.0.9'] }],
    ['in the old field alone', { clusterIP: '10.0.0.9' }],
  ])('cannot change %s', async (_name, address) => {
    const made = await create(service('a'));
    const changed = { ...made, spec: { ...specOf(made), ...address } };
    expect(await refusalText(api.access.update(SERVICES, key('a'), changed))).toContain(
      'spec.clusterIPs[0]: Invalid value: ["10.0.0.9"]: may not change once set',
    );
  });
});

describe('node ports', () => {
  it('are given to each port, and never twice', async () => {
    const ports = [
      { name: 'a', port: 1 },
      { name: 'b', port: 2 },
    ];
    const made = await create(service('a', { type: 'NodePort', ports }));
    const given = nodePortsOf(made).map(Number);
    expect(new Set(given).size).toBe(2);
    expect(Math.min(...given)).toBeGreaterThanOrEqual(30_000);
    expect(Math.max(...given)).toBeLessThanOrEqual(32_767);
    const taken = service('b', { type: 'NodePort', ports: [{ port: 3, nodePort: given[0] }] });
    expect(await refusalText(create(taken))).toContain('provided port is already allocated');
  });

  it('are not given to a LoadBalancer that wants none', async () => {
    const made = await create(service('a', { type: 'LoadBalancer', allocateLoadBalancerNodePorts: false }));
    expect(nodePortsOf(made)).toEqual([undefined]);
  });
});

describe('refusals', () => {
  it.each<[string, object, string]>([
    ['no ports', service('a', { ports: [] }), 'Service "a" is invalid: spec.ports: Required value'],
    [
      'ports without names',
      service('a', { ports: [{ port: 1 }, { port: 2 }] }),
      'Service "a" is invalid: [spec.ports[0].name: Required value, spec.ports[1].name: Required value]',
    ],
    [
      'a port out of range',
      service('a', { ports: [{ port: 70_000, targetPort: 1 }] }),
      'spec.ports[0].port: Invalid value: 70000: must be between 1 and 65535, inclusive',
    ],
    [
      'a node port without the type for it',
      service('a', { ports: [{ port: 1, nodePort: 30_001 }] }),
      "spec.ports[0].nodePort: Forbidden: may not be used when `type` is 'ClusterIP'",
    ],
    [
      'a node port out of range',
      service('a', { type: 'NodePort', ports: [{ port: 1, nodePort: 80 }] }),
      'spec.ports[0].nodePort: Invalid value: 80: provided port is not in the valid range. The range of valid ports is 30000-32767',
    ],
    ['an external name without one', service('a', { type: 'ExternalName' }), 'spec.externalName: Required value'],
    [
      'a type that does not exist',
      service('a', { type: 'Other' }),
      'spec.type: Unsupported value: "Other": supported values: "ClusterIP", "ExternalName", "LoadBalancer", "NodePort"',
    ],
    [
      'a name that begins with a digit',
      { ...service('a'), metadata: { name: '1a' } },
      "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character",
    ],
  ])('%s', async (_name, body, message) => {
    expect(await refusalText(create(body))).toContain(message);
  });
});

describe('the API server’s own Service', () => {
  it('has the first address and leads to where the server listens, also after a restart elsewhere', async () => {
    publishApiServer(api.context, { address: '127.0.0.1', port: 6443 });
    publishApiServer(api.context, { address: '127.0.0.1', port: 7443 });
    expect(specOf(await api.access.get(SERVICES, key('kubernetes')))).toMatchObject({
      clusterIP: '10.0.0.1',
      ports: [{ name: 'https', port: 443, targetPort: 7443 }],
    });
    expect(await api.access.get(ENDPOINTS, key('kubernetes'))).toMatchObject({
      subsets: [{ addresses: [{ ip: '127.0.0.1' }], ports: [{ port: 7443 }] }],
    });
  });
});
