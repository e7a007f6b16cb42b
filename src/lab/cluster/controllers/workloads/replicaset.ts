import { errorText } from '#base';
import type { ReplicaSet } from 'kubernetes-types/apps/v1.js';
import type { KubeObject, Pod } from '#kube';
import { ApiError } from '../../api-access.ts';
import { ignoreNotFound, orIfNotFound } from '../reconcile/api-errors.ts';
import { applyClaims, claimOwner } from './claims.ts';
import type { ControllerContext } from '../reconcile/context.ts';
import { parseKey } from '../reconcile/informer.ts';
import { sameJson } from '../reconcile/json.ts';
import { startReconcileLoop, type ReconcileLoop } from '../reconcile/loop.ts';
import { createPodControl } from './pod-control.ts';
import {
  planPod,
  planReplicas,
  planReplicaSetStatus,
  type ReplicaFailure,
  type ReplicaPlan,
} from './replicaset-plan.ts';
import { RESOURCES } from '../../resources.ts';
import { watchWorkload } from './watch-workload.ts';

/**
 * Keeps the number of pods of each ReplicaSet. It reads pods from the API server and not from a cache, so it needs none
 * of the expectations by which Kubernetes' own controller guards against a cache that lags behind its writes.
 */
export function startReplicaSetController(context: ControllerContext): ReconcileLoop {
  const { api, clock } = context;
  const control = createPodControl(context, context.eventsOf('replicaset-controller'));

  const scale = async (replicaSet: ReplicaSet & KubeObject, plan: ReplicaPlan): Promise<ReplicaFailure | undefined> => {
    try {
      for (let index = 0; index < plan.create; index += 1) await control.create(replicaSet, planPod(replicaSet));
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      return { reason: 'FailedCreate', message: errorText(error) };
    }
    for (const pod of plan.remove) await control.delete(replicaSet, pod);
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
          owner: claimOwner('apps/v1', 'ReplicaSet', replicaSet),
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

  watchWorkload<ReplicaSet>(context, loop, {
    kind: 'ReplicaSet',
    resource: RESOURCES.replicaSets,
    dependents: RESOURCES.pods,
    selectorOf: ({ spec }) => spec?.selector,
  });
  return loop;
}
