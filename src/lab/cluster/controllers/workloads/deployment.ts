import type { Deployment, ReplicaSet } from 'kubernetes-types/apps/v1.js';
import type { KubeObject, Pod } from '#kube';
import { ignoreNotFound, isAlreadyExists, isNamespaceTerminating, orIfNotFound } from '../reconcile/api-errors.ts';
import { applyClaims, claimOwner } from './claims.ts';
import type { ControllerContext } from '../reconcile/context.ts';
import {
  currentAnnotations,
  planDeploymentStep,
  planHistoryCleanup,
  scaleAnnotations,
  type ScaleStep,
} from './deployment-plan.ts';
import { isComplete, planDeploymentStatus } from './deployment-status.ts';
import { parseKey } from '../reconcile/informer.ts';
import { sameJson } from '../reconcile/json.ts';
import { startReconcileLoop, type ReconcileLoop } from '../reconcile/loop.ts';
import { controllerOf } from './ownership.ts';
import { isPodFinished } from './pod-state.ts';
import { RESOURCES } from '../../resources.ts';
import { createRollout, REVISION, replicasOf, type Rollout } from './rollout.ts';
import { sameTemplate } from './template-hash.ts';
import { watchWorkload } from './watch-workload.ts';

type Stored<T> = T & KubeObject;

/** Brings the ReplicaSets of each Deployment to its template and replicas, one step at a time, and keeps its status. */
export function startDeploymentController(context: ControllerContext): ReconcileLoop {
  const { api, clock } = context;
  const events = context.eventsOf('deployment-controller');

  const replicaSetsOf = (deployment: Stored<Deployment>) =>
    applyClaims<Stored<ReplicaSet>>({
      api,
      resource: RESOURCES.replicaSets,
      namespace: deployment.metadata.namespace ?? '',
      owner: claimOwner('apps/v1', 'Deployment', deployment),
    });

  const oldPodsRun = async (rollout: Rollout, namespace: string): Promise<boolean> => {
    if (rollout.deployment.spec?.strategy?.type !== 'Recreate' || rollout.old.length === 0) return false;
    const { items } = await api.list<Pod>(RESOURCES.pods, { namespace });
    const old = new Set(rollout.old.map((replicaSet) => replicaSet.metadata?.uid));
    return items.some((pod) => !isPodFinished(pod) && old.has(controllerOf(pod.metadata)?.uid));
  };

  const tellScale = (deployment: Stored<Deployment>, name: string, from: number, to: number) =>
    events.record(deployment, {
      type: 'Normal',
      reason: 'ScalingReplicaSet',
      message: `Scaled ${to > from ? 'up' : 'down'} replica set ${name} from ${from} to ${to}`,
    });

  const scale = async (deployment: Stored<Deployment>, rollout: Rollout, { replicaSet, replicas }: ScaleStep) => {
    const { namespace, name = '', resourceVersion } = replicaSet.metadata ?? {};
    const before = replicasOf(replicaSet);
    await api.patch(RESOURCES.replicaSets, { namespace, name }, 'merge', {
      metadata: { resourceVersion, annotations: scaleAnnotations(rollout) },
      spec: { replicas },
    });
    if (replicas !== before) await tellScale(deployment, name, before, replicas);
  };

  /** Answers the created ReplicaSet's name; undefined when it was not created: the name is another template's, or the namespace ends. */
  const create = async (deployment: Stored<Deployment>, replicaSet: ReplicaSet): Promise<string | undefined> => {
    const { namespace, name = '' } = replicaSet.metadata ?? {};
    try {
      await api.create(RESOURCES.replicaSets, namespace, replicaSet);
    } catch (error) {
      if (isNamespaceTerminating(error)) return undefined;
      if (!isAlreadyExists(error)) throw error;
      const taken = await api.get<Stored<ReplicaSet>>(RESOURCES.replicaSets, { namespace, name });
      const ours = controllerOf(taken.metadata)?.uid === deployment.metadata.uid;
      if (ours && sameTemplate(taken.spec?.template, deployment.spec?.template)) return undefined;
      const collisionCount = (deployment.status?.collisionCount ?? 0) + 1;
      const status = { ...deployment.status, collisionCount };
      await api.update(
        RESOURCES.deployments,
        { namespace, name: deployment.metadata.name ?? '' },
        { ...deployment, status },
        'status',
      );
      return undefined;
    }
    if (replicasOf(replicaSet) > 0) await tellScale(deployment, name, 0, replicasOf(replicaSet));
    return name;
  };

  /** Puts the revision and the handed-down annotations on the present ReplicaSet, and the revision on the Deployment. */
  const annotate = async (deployment: Stored<Deployment>, rollout: Rollout): Promise<void> => {
    const { current } = rollout;
    if (current === undefined || deployment.metadata.deletionTimestamp !== undefined) return;
    const annotations = currentAnnotations(rollout);
    const { namespace, name = '', annotations: present = {} } = current.metadata ?? {};
    const minReadySeconds = deployment.spec?.minReadySeconds ?? 0;
    const stale =
      Object.entries(annotations).some(([key, value]) => present[key] !== value) ||
      (current.spec?.minReadySeconds ?? 0) !== minReadySeconds;
    if (stale) {
      const body = { metadata: { annotations }, spec: { minReadySeconds } };
      await api.patch(RESOURCES.replicaSets, { namespace, name }, 'merge', body);
    }
    const revision = annotations[REVISION];
    if (deployment.metadata.annotations?.[REVISION] === revision) return;
    const body = { metadata: { annotations: { [REVISION]: revision } } };
    await api.patch(RESOURCES.deployments, { namespace, name: deployment.metadata.name ?? '' }, 'merge', body);
  };

  const loop = startReconcileLoop({
    ...context,
    name: 'deployment',
    reconcile: async (key) => {
      const { namespace = '', name } = parseKey(key);
      const read = () =>
        orIfNotFound(api.get<Stored<Deployment>>(RESOURCES.deployments, { namespace, name }), undefined);
      const deployment = await read();
      if (deployment === undefined) return undefined;
      const rollout = createRollout(deployment, await replicaSetsOf(deployment));
      const step = planDeploymentStep({ ...rollout, oldPodsRun: await oldPodsRun(rollout, namespace) });
      let createdNow: string | undefined;
      if (step.kind === 'create') createdNow = await create(deployment, step.replicaSet);
      if (step.kind === 'scale') for (const one of step.scales) await scale(deployment, rollout, one);

      const before = await read();
      if (before === undefined) return undefined;
      await annotate(before, createRollout(before, await replicaSetsOf(before)));
      const after = await read();
      if (after === undefined) return undefined;
      const result = createRollout(after, await replicaSetsOf(after));
      const { status, againAfterMs } = planDeploymentStatus(result, createdNow, clock.now());
      if (!sameJson(status, after.status)) {
        await ignoreNotFound(api.update(RESOURCES.deployments, { namespace, name }, { ...after, status }, 'status'));
      }
      if (isComplete(after, status)) {
        for (const { metadata } of planHistoryCleanup(result)) {
          await ignoreNotFound(api.delete(RESOURCES.replicaSets, { namespace, name: metadata?.name ?? '' }));
        }
      }
      return againAfterMs === undefined ? undefined : { againAfterMs };
    },
  });

  watchWorkload<Deployment>(context, loop, {
    kind: 'Deployment',
    resource: RESOURCES.deployments,
    dependents: RESOURCES.replicaSets,
    selectorOf: ({ spec }) => spec?.selector,
  });
  // Recreate waits for the end of old pods, of which the ReplicaSet's status says nothing while they terminate.
  context.watch<Stored<Pod>>(RESOURCES.pods, ({ type, object }) => {
    const controller = controllerOf(object.metadata);
    if (controller?.kind !== 'ReplicaSet' || !(type === 'deleted' || isPodFinished(object))) return;
    const hash = controller.name.lastIndexOf('-');
    loop.enqueue(`${object.metadata.namespace ?? ''}/${controller.name.slice(0, hash)}`);
  });
  return loop;
}
