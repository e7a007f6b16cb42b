import type { Endpoints, Service } from 'kubernetes-types/core/v1.js';
import type { EndpointSlice } from 'kubernetes-types/discovery/v1.js';
import type { KubeObject, Pod } from '#kube';
import { RESOURCES } from '../../resources.ts';
import { ignoreAlreadyExists, ignoreNotFound, isNamespaceTerminating, orIfNotFound } from '../reconcile/api-errors.ts';
import type { ControllerContext } from '../reconcile/context.ts';
import { keyOf, parseKey } from '../reconcile/informer.ts';
import { sameJson } from '../reconcile/json.ts';
import { startReconcileLoop, type ReconcileLoop } from '../reconcile/loop.ts';
import { isSliceOf, planEndpoints, planSlices, SERVICE_NAME } from './endpoint-slices.ts';
import { findEndpoints, hasOwnEndpoints, selectsPod, type EndpointGroup } from './service-endpoints.ts';

type StoredService = Service & KubeObject;
type StoredSlice = EndpointSlice & KubeObject;

/** Writes which pods are behind each Service, as EndpointSlices and as Endpoints. */
export function startEndpointsController(context: ControllerContext): ReconcileLoop {
  const { api } = context;

  const syncSlices = async (service: StoredService, groups: readonly EndpointGroup[]): Promise<void> => {
    const { namespace } = service.metadata;
    const { items } = await api.list<StoredSlice>(RESOURCES.endpointSlices, { namespace });
    const present = items.filter((slice) => isSliceOf(service, slice));
    const plan = planSlices(service, groups, present);
    for (const slice of plan.create) await api.create(RESOURCES.endpointSlices, namespace, slice);
    for (const slice of plan.update) {
      const key = { namespace, name: slice.metadata.name ?? '' };
      await ignoreNotFound(api.update(RESOURCES.endpointSlices, key, slice));
    }
    for (const { metadata } of plan.remove) {
      await ignoreNotFound(api.delete(RESOURCES.endpointSlices, { namespace, name: metadata.name ?? '' }));
    }
  };

  const syncEndpoints = async (service: StoredService, groups: readonly EndpointGroup[]): Promise<void> => {
    const { namespace, name = '' } = service.metadata;
    const key = { namespace, name };
    const present = await orIfNotFound(api.get<Endpoints & KubeObject>(RESOURCES.endpoints, key), undefined);
    const wanted = planEndpoints(service, groups);
    if (present === undefined) {
      await ignoreAlreadyExists(api.create(RESOURCES.endpoints, namespace, wanted));
      return;
    }
    const { subsets: _subsets, ...rest } = present;
    const after = {
      ...rest,
      ...(wanted.subsets === undefined ? {} : { subsets: wanted.subsets }),
      metadata: { ...present.metadata, labels: wanted.metadata?.labels },
    };
    if (!sameJson(present, after)) await ignoreNotFound(api.update(RESOURCES.endpoints, key, after));
  };

  const loop = startReconcileLoop({
    ...context,
    name: 'endpoints',
    reconcile: async (key) => {
      const at = parseKey(key);
      const service = await orIfNotFound(api.get<StoredService>(RESOURCES.services, at), undefined);
      // Slices go with the Service that owns them; the Endpoints object has no owner.
      if (service === undefined) await ignoreNotFound(api.delete(RESOURCES.endpoints, at));
      if (service?.metadata.deletionTimestamp !== undefined) return undefined;
      if (service === undefined || !hasOwnEndpoints(service)) return undefined;
      const { items } = await api.list<Pod>(RESOURCES.pods, { namespace: at.namespace });
      const groups = findEndpoints(service, items);
      try {
        await syncSlices(service, groups);
        await syncEndpoints(service, groups);
      } catch (error) {
        if (!isNamespaceTerminating(error)) throw error;
      }
      return undefined;
    },
  });

  const services = new Map<string, Service>();
  context.watch<StoredService>(RESOURCES.services, ({ type, object }) => {
    if (type === 'deleted') services.delete(keyOf(object));
    else services.set(keyOf(object), object);
    loop.enqueue(keyOf(object));
  });
  context.watch<Pod & KubeObject>(RESOURCES.pods, ({ object, previous }) => {
    const { namespace } = object.metadata;
    for (const [key, service] of services) {
      if (parseKey(key).namespace !== namespace) continue;
      const isBehind = [object, previous].some((pod) => pod !== undefined && selectsPod(service, pod.metadata.labels));
      if (isBehind) loop.enqueue(key);
    }
  });
  // What somebody changed or deleted is brought back.
  context.watch<StoredSlice>(RESOURCES.endpointSlices, ({ type, object }) => {
    const key = `${object.metadata.namespace ?? ''}/${object.metadata.labels?.[SERVICE_NAME] ?? ''}`;
    if (type !== 'added' && services.has(key)) loop.enqueue(key);
  });
  context.watch(RESOURCES.endpoints, ({ type, object }) => {
    if (type !== 'added' && services.has(keyOf(object))) loop.enqueue(keyOf(object));
  });
  return loop;
}
