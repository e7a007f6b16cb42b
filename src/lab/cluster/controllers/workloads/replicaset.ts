import { errorText } from '#base';
import type { ReplicaSet } from 'kubernetes-types/apps/v1.js';
import type { KubeObject, Pod } from '#kube';
import { ApiError } from '../../api-access.ts';
import { ignoreNotFound, isNamespaceTerminating, orIfNotFound } from '../reconcile/api-errors.ts';
import { applyClaims } from './claims.ts';
import type { ControllerContext } from '../reconcile/context.ts';
import { keyOf, parseKey } from '../reconcile/informer.ts';
import { sameJson } from '../reconcile/json.ts';
import { startReconcileLoop, type ReconcileLoop } from '../reconcile/loop.ts';
import { controllerOf, controllerReference } from './ownership.ts';
import {
  planPod,
  planReplicas,
  planReplicaSetStatus,
  wouldAdopt,
  type ReplicaFailure,
  type ReplicaPlan,
} from './replicaset-plan.ts';
import { RESOURCES } from '../../resources.ts';

/**
 * Keeps the number of pods of each ReplicaSet. It reads pods from the API server and not from a cache, so it needs none
 * of the expectations by which Kubernetes' own controller guards against a cache that lags behind its writes.
 */
export function startReplicaSetController(context: ControllerContext): ReconcileLoop {
  const { api, clock } = context;
  const events = context.eventsOf('replicaset-controller');

  const scale = async (replicaSet: ReplicaSet & KubeObject, plan: ReplicaPlan): Promise<ReplicaFailure | undefined> => {
    const { namespace, name = '', uid = '' } = replicaSet.metadata;
    const ownerReferences = [controllerReference({ apiVersion: 'apps/v1', kind: 'ReplicaSet', name, uid })];
    try {
      for (let index = 0; index < plan.create; index += 1) {
        const pod = planPod(replicaSet);
        const body = { apiVersion: 'v1', kind: 'Pod', ...pod, metadata: { ...pod.metadata, ownerReferences } };
        const created = await api.create(RESOURCES.pods, namespace, body);
        const message = `Created pod: ${created.metadata.name ?? ''}`;
        await events.record(replicaSet, { type: 'Normal', reason: 'SuccessfulCreate', message });
      }
    } catch (error) {
      if (isNamespaceTerminating(error)) return undefined;
      if (!(error instanceof ApiError)) throw error;
      const message = `Error creating: ${errorText(error)}`;
      await events.record(replicaSet, { type: 'Warning', reason: 'FailedCreate', message });
      return { reason: 'FailedCreate', message: errorText(error) };
    }
    for (const pod of plan.remove) {
      const { name: podName = '', uid: podUid } = pod.metadata ?? {};
      const preconditions = podUid === undefined ? {} : { uid: podUid };
      await ignoreNotFound(api.delete(RESOURCES.pods, { namespace, name: podName }, { preconditions }));
      await events.record(replicaSet, {
        type: 'Normal',
        reason: 'SuccessfulDelete',
        message: `Deleted pod: ${podName}`,
      });
    }
    return undefined;
  };

  const loop = startReconcileLoop({
    ...context,
    name: 'replicaset',
    reconcile: async (key) => {
      const { namespace = '', name } = parseKey(key);
      const read = () => api.get<ReplicaSet & KubeObject>(RESOURCES.replicaSets, { namespace, name });
      const replicaSet = await orIfNotFound(read(), undefined);
      if (replicaSet === undefined) return undefined;
      const claim = () =>
        applyClaims<Pod>({
          api,
          resource: RESOURCES.pods,
          namespace,
          owner: {
            apiVersion: 'apps/v1',
            kind: 'ReplicaSet',
            name,
            uid: replicaSet.metadata.uid ?? '',
            deleting: replicaSet.metadata.deletionTimestamp !== undefined,
            selector: replicaSet.spec?.selector,
          },
        });
      const pods = await claim();
      const plan = planReplicas(replicaSet, pods);
      const failure = await scale(replicaSet, plan);
      const settled = plan.create === 0 && plan.remove.length === 0 ? pods : await claim();
      const { status, againAfterMs } = planReplicaSetStatus(replicaSet, settled, failure, clock.now());
      if (!sameJson(status, replicaSet.status)) {
        await ignoreNotFound(
          api.update(RESOURCES.replicaSets, { namespace, name }, { ...replicaSet, status }, 'status'),
        );
      }
      if (failure !== undefined) throw new Error(`pods of ReplicaSet ${key} could not be created: ${failure.message}`);
      return againAfterMs === undefined ? undefined : { againAfterMs };
    },
  });

  const replicaSets = new Map<string, ReplicaSet>();
  context.watch<ReplicaSet & KubeObject>(RESOURCES.replicaSets, ({ type, object }) => {
    if (type === 'deleted') replicaSets.delete(keyOf(object));
    else replicaSets.set(keyOf(object), object);
    loop.enqueue(keyOf(object));
  });
  context.watch<Pod & KubeObject>(RESOURCES.pods, ({ object, previous }) => {
    const namespace = object.metadata.namespace ?? '';
    for (const pod of previous === undefined ? [object] : [object, previous]) {
      const controller = controllerOf(pod.metadata);
      if (controller?.kind === 'ReplicaSet') loop.enqueue(`${namespace}/${controller.name}`);
      if (controller !== undefined) continue;
      for (const [key, replicaSet] of replicaSets) {
        const near = parseKey(key).namespace === namespace;
        if (near && wouldAdopt(replicaSet, pod.metadata?.labels)) loop.enqueue(key);
      }
    }
  });
  return loop;
}
