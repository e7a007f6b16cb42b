import { describe, expect, test } from 'vitest';
import type { Service, ServiceSpec } from 'kubernetes-types/core/v1.js';
import type { EndpointSlice } from 'kubernetes-types/discovery/v1.js';
import type { KubeObject, Pod } from '#kube';
import { planEndpoints, planSlices } from './endpoint-slices.ts';
import { findEndpoints, hasOwnEndpoints } from './service-endpoints.ts';

const serviceOf = (spec: ServiceSpec = {}): Service & KubeObject =>
  ({
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 'web', namespace: 'default', uid: 'service-uid', labels: { team: 'a' } },
    spec: { selector: { app: 'web' }, ports: [{ port: 80 }], ...spec },
  }) as Service & KubeObject;

interface PodLike {
  readonly name: string;
  readonly ready?: boolean;
  readonly deleting?: boolean;
  readonly phase?: string;
  readonly ip?: string;
  readonly app?: string;
  readonly port?: number;
}
const podOf = ({
  name,
  ready = true,
  deleting,
  phase = 'Running',
  ip = '127.0.0.1',
  app = 'web',
  port,
}: PodLike): Pod => ({
  metadata: {
    name,
    namespace: 'default',
    uid: `uid-${name}`,
    labels: { app },
    ...(deleting === true ? { deletionTimestamp: '2026-03-01T12:00:00Z' } : {}),
  },
  spec: {
    nodeName: 'node-1',
    containers: [{ name: 'c', ...(port === undefined ? {} : { ports: [{ name: 'http', containerPort: port }] }) }],
  },
  status: { phase, podIP: ip, conditions: [{ type: 'Ready', status: ready ? 'True' : 'False' }] },
});
const groupsOf = (pods: readonly PodLike[], spec: ServiceSpec = {}) => findEndpoints(serviceOf(spec), pods.map(podOf));
const brief = (groups: ReturnType<typeof findEndpoints>) =>
  groups.flatMap(({ ports, endpoints }) =>
    endpoints.map(
      ({ pod, ready, serving, terminating }) =>
        `${pod.metadata?.name ?? ''}:${ports.map(({ port }) => port).join('+')} ${[ready, serving, terminating].map(Number).join('')}`,
    ),
  );

test.each<[ServiceSpec, boolean]>([
  [{}, true],
  [{ selector: {} }, false],
  [{ type: 'ExternalName', externalName: 'example.com' }, false],
])('a Service with %j has pods behind it: %s', (spec, expected) => {
  expect(hasOwnEndpoints(serviceOf(spec))).toBe(expected);
});

describe('the endpoints of a Service', () => {
  // The three digits: ready, serving, terminating.
  test.each<[string, ServiceSpec, PodLike[], string[]]>([
    ['are its pods by name', {}, [{ name: 'b' }, { name: 'a' }, { name: 'c', app: 'x' }], ['a:80 110', 'b:80 110']],
    ['get no traffic before they are ready', {}, [{ name: 'a', ready: false }], ['a:80 000']],
    [
      'get some when the Service says so',
      { publishNotReadyAddresses: true },
      [{ name: 'a', ready: false }],
      ['a:80 100'],
    ],
    ['serve on while they are deleted', {}, [{ name: 'a', deleting: true }], ['a:80 011']],
    [
      'have an address and have not ended',
      {},
      [
        { name: 'a', ip: '' },
        { name: 'b', phase: 'Succeeded' },
      ],
      [],
    ],
    [
      'have the port that the Service names',
      { ports: [{ port: 80, targetPort: 8080 }] },
      [{ name: 'a' }],
      ['a:8080 110'],
    ],
    [
      'may each have another number for a named port',
      { ports: [{ port: 80, targetPort: 'http' }] },
      [{ name: 'a', port: 1 }, { name: 'b', port: 2 }, { name: 'c' }],
      ['a:1 110', 'b:2 110', 'c: 110'],
    ],
  ])('%s', (_name, spec, pods, expected) => {
    expect(brief(groupsOf(pods, spec))).toEqual(expected);
  });
});

describe('slices', () => {
  const stored = (slice: EndpointSlice, name: string): EndpointSlice & KubeObject => {
    const { generateName: _begin, ...metadata } = slice.metadata ?? {};
    return { ...slice, metadata: { ...metadata, name } } as EndpointSlice & KubeObject;
  };
  const plan = (
    pods: readonly PodLike[],
    present: readonly (EndpointSlice & KubeObject)[] = [],
    spec: ServiceSpec = {},
  ) => planSlices(serviceOf(spec), groupsOf(pods, spec), present);

  test('say whose they are and which pods are in them', () => {
    const [slice] = plan([{ name: 'a' }]).create;
    expect(slice).toMatchObject({
      addressType: 'IPv4',
      metadata: {
        generateName: 'web-',
        labels: {
          team: 'a',
          'kubernetes.io/service-name': 'web',
          'endpointslice.kubernetes.io/managed-by': 'endpointslice-controller.k8s.io',
        },
        ownerReferences: [{ kind: 'Service', uid: 'service-uid', controller: true }],
      },
      ports: [{ name: '', port: 80, protocol: 'TCP' }],
      endpoints: [
        {
          addresses: ['127.0.0.1'],
          conditions: { ready: true, serving: true, terminating: false },
          nodeName: 'node-1',
          targetRef: { kind: 'Pod', namespace: 'default', name: 'a', uid: 'uid-a' },
        },
      ],
    });
  });

  test('are there, empty, before the first pod', () => {
    expect(plan([]).create).toMatchObject([{ endpoints: [], ports: [] }]);
  });

  test('are written again when pods change, and left alone when nothing does', () => {
    const [first] = plan([{ name: 'a' }]).create;
    const present = [stored(first ?? ({} as EndpointSlice), 'web-1')];
    expect(plan([{ name: 'a' }], present)).toEqual({ create: [], update: [], remove: [] });
    const changed = plan([{ name: 'a' }, { name: 'b' }], present);
    expect(changed).toMatchObject({ create: [], update: [{ metadata: { name: 'web-1' } }], remove: [] });
  });

  test('whose ports no pod has any more go', () => {
    const [first] = plan([{ name: 'a' }]).create;
    const present = [stored(first ?? ({} as EndpointSlice), 'web-1')];
    const spec = { ports: [{ port: 81 }] };
    expect(plan([{ name: 'a' }], present, spec)).toMatchObject({
      create: [{ ports: [{ port: 81 }] }],
      remove: [{ metadata: { name: 'web-1' } }],
    });
  });

  test('have at most a hundred endpoints each', () => {
    const pods = Array.from({ length: 250 }, (_, index) => ({ name: `p${index}` }));
    expect(plan(pods).create.map(({ endpoints }) => endpoints.length)).toEqual([100, 100, 50]);
  });
});

test('the Endpoints object tells ready pods from others, without those that are deleted', () => {
  const pods = [{ name: 'a' }, { name: 'b', ready: false }, { name: 'c', deleting: true }];
  expect(planEndpoints(serviceOf(), groupsOf(pods))).toMatchObject({
    metadata: { name: 'web', labels: { team: 'a', 'endpoints.kubernetes.io/managed-by': 'endpoint-controller' } },
    subsets: [
      {
        addresses: [{ ip: '127.0.0.1', targetRef: { name: 'a' } }],
        notReadyAddresses: [{ ip: '127.0.0.1', targetRef: { name: 'b' } }],
        ports: [{ port: 80, protocol: 'TCP' }],
      },
    ],
  });
  expect(planEndpoints(serviceOf(), []).subsets).toBeUndefined();
});
