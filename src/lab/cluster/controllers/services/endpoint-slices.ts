import type { EndpointAddress, Endpoints, Service } from 'kubernetes-types/core/v1.js';
import type { EndpointSlice } from 'kubernetes-types/discovery/v1.js';
import type { KubeObject } from '#kube';
import { sameJson } from '../reconcile/json.ts';
import { controllerReference } from '../workloads/ownership.ts';
import { isHeadless, type EndpointGroup, type EndpointPort, type ServiceEndpoint } from './service-endpoints.ts';

/** The name of the Service that a slice belongs to. */
export const SERVICE_NAME = 'kubernetes.io/service-name';
const SLICE_MANAGED_BY = 'endpointslice.kubernetes.io/managed-by';
/** The value of the label of slices that this controller keeps. */
export const SLICE_CONTROLLER = 'endpointslice-controller.k8s.io';
const HEADLESS = 'service.kubernetes.io/headless';

// kube-controller-manager's default of --max-endpoints-per-slice.
const SLICE_SIZE = 100;

/** What to do with the slices of a Service. */
export interface SlicePlan {
  readonly create: readonly EndpointSlice[];
  readonly update: readonly (EndpointSlice & KubeObject)[];
  readonly remove: readonly (EndpointSlice & KubeObject)[];
}

/** Whether a slice is one that this controller keeps for the Service. */
export function isSliceOf(service: Service, { metadata }: EndpointSlice): boolean {
  const { labels } = metadata ?? {};
  return labels?.[SERVICE_NAME] === service.metadata?.name && labels?.[SLICE_MANAGED_BY] === SLICE_CONTROLLER;
}

/** Brings the slices of a Service to its endpoints; slices of the same ports are written again rather than replaced. */
export function planSlices(
  service: Service & KubeObject,
  groups: readonly EndpointGroup[],
  present: readonly (EndpointSlice & KubeObject)[],
): SlicePlan {
  const wanted = groups.length === 0 ? [sliceOf(service, [], [])] : groups.flatMap((group) => slicesOf(service, group));
  const left = [...present];
  const create: EndpointSlice[] = [];
  const update: (EndpointSlice & KubeObject)[] = [];
  for (const slice of wanted) {
    const index = left.findIndex(({ ports }) => sameJson(ports, slice.ports));
    const before = index === -1 ? undefined : left.splice(index, 1)[0];
    if (before === undefined) {
      create.push(slice);
      continue;
    }
    const after = { ...before, ...slice, metadata: { ...before.metadata, labels: slice.metadata?.labels ?? {} } };
    if (!sameJson(before, after)) update.push(after as EndpointSlice & KubeObject);
  }
  return { create, update, remove: left };
}

function slicesOf(service: Service & KubeObject, { ports, endpoints }: EndpointGroup): readonly EndpointSlice[] {
  const number = Math.ceil(endpoints.length / SLICE_SIZE);
  return Array.from({ length: number }, (_, index) =>
    sliceOf(service, ports, endpoints.slice(index * SLICE_SIZE, (index + 1) * SLICE_SIZE)),
  );
}

function sliceOf(
  service: Service & KubeObject,
  ports: readonly EndpointPort[],
  endpoints: readonly ServiceEndpoint[],
): EndpointSlice {
  const { name = '', namespace = '', uid = '', labels } = service.metadata;
  return {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: {
      generateName: `${name}-`,
      namespace,
      labels: {
        ...labels,
        [SERVICE_NAME]: name,
        [SLICE_MANAGED_BY]: SLICE_CONTROLLER,
        ...(isHeadless(service) ? { [HEADLESS]: '' } : {}),
      },
      ownerReferences: [controllerReference({ apiVersion: 'v1', kind: 'Service', name, uid })],
    },
    addressType: 'IPv4',
    endpoints: endpoints.map(({ pod, ip, ready, serving, terminating, hostname }) => ({
      addresses: [ip],
      conditions: { ready, serving, terminating },
      ...(hostname === undefined ? {} : { hostname }),
      ...(pod.spec?.nodeName === undefined ? {} : { nodeName: pod.spec.nodeName }),
      targetRef: referenceTo(pod),
    })),
    ports: ports.map((port) => ({ ...port })),
  };
}

const referenceTo = ({ metadata }: ServiceEndpoint['pod']) => {
  const { namespace = '', name = '', uid = '' } = metadata ?? {};
  return { kind: 'Pod', namespace, name, uid };
};

/** The older object with the same content, which has the Service's name. */
export function planEndpoints(service: Service & KubeObject, groups: readonly EndpointGroup[]): Endpoints {
  const { name = '', namespace = '', labels } = service.metadata;
  const subsets = groups.flatMap(({ ports, endpoints }) => {
    // Here a pod that is being deleted is no endpoint any more.
    const staying = endpoints.filter(({ ready, terminating }) => ready || !terminating);
    const addresses = staying.filter(({ ready }) => ready).map(addressOf);
    const notReadyAddresses = staying.filter(({ ready }) => !ready).map(addressOf);
    if (staying.length === 0) return [];
    return [
      {
        ...(addresses.length === 0 ? {} : { addresses }),
        ...(notReadyAddresses.length === 0 ? {} : { notReadyAddresses }),
        ports: ports.map(({ name: portName, ...port }) => ({
          ...(portName === '' ? {} : { name: portName }),
          ...port,
        })),
      },
    ];
  });
  return {
    apiVersion: 'v1',
    kind: 'Endpoints',
    metadata: {
      name,
      namespace,
      labels: {
        ...labels,
        'endpoints.kubernetes.io/managed-by': 'endpoint-controller',
        ...(isHeadless(service) ? { [HEADLESS]: '' } : {}),
      },
    },
    ...(subsets.length === 0 ? {} : { subsets }),
  };
}

function addressOf({ pod, ip, hostname }: ServiceEndpoint): EndpointAddress {
  return {
    ip,
    ...(hostname === undefined ? {} : { hostname }),
    ...(pod.spec?.nodeName === undefined ? {} : { nodeName: pod.spec.nodeName }),
    targetRef: referenceTo(pod),
  };
}
