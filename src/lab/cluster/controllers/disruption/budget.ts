import type { OwnerReference } from 'kubernetes-types/meta/v1.js';
import type { PodDisruptionBudget } from 'kubernetes-types/policy/v1.js';
import type { KubeObject, Pod, ResourceRef } from '#kube';
import { RESOURCES } from '../../resources.ts';
import { ignoreNotFound, orIfNotFound } from '../reconcile/api-errors.ts';
import type { ControllerContext } from '../reconcile/context.ts';
import { keyOf, parseKey } from '../reconcile/informer.ts';
import { sameJson } from '../reconcile/json.ts';
import { startReconcileLoop, type ReconcileLoop } from '../reconcile/loop.ts';
import { controllerOf } from '../workloads/ownership.ts';
import { coversPod, needsScale, planBudgetStatus, type ExpectedPods } from './budget-plan.ts';

type StoredBudget = PodDisruptionBudget & KubeObject;
type Scaled = KubeObject & { readonly spec?: { readonly replicas?: number } };

// The workloads whose size is known; a DaemonSet or a Job has none to scale.
const SCALED: Readonly<Record<string, ResourceRef>> = {
  ReplicaSet: RESOURCES.replicaSets,
  Deployment: RESOURCES.deployments,
  StatefulSet: RESOURCES.statefulSets,
};

/** Tells of each PodDisruptionBudget how many of its pods may be evicted now. */
export function startBudgetController(context: ControllerContext): ReconcileLoop {
  const { api, clock } = context;
  const events = context.eventsOf('controllermanager');

  /** The workload at the top: of a ReplicaSet its Deployment. */
  const findScaled = async (namespace: string, owner: OwnerReference): Promise<Scaled | undefined> => {
    const resource = SCALED[owner.kind];
    if (resource === undefined) return undefined;
    const found = await orIfNotFound(api.get<Scaled>(resource, { namespace, name: owner.name }), undefined);
    const above = owner.kind === 'ReplicaSet' ? controllerOf(found?.metadata) : undefined;
    return above?.kind === 'Deployment' ? findScaled(namespace, above) : found;
  };

  const expect = async (budget: StoredBudget, pods: readonly Pod[]): Promise<ExpectedPods> => {
    if (!needsScale(budget)) return { count: pods.length };
    const workloads = new Map<string, number>();
    for (const { metadata } of pods) {
      const owner = controllerOf(metadata);
      // A pod without a controller has no size.
      if (owner === undefined) continue;
      const found = await findScaled(metadata?.namespace ?? '', owner);
      if (found === undefined) return { problem: `${owner.kind} does not implement the scale subresource` };
      workloads.set(found.metadata.uid ?? '', found.spec?.replicas ?? 1);
    }
    return { count: [...workloads.values()].reduce((sum, replicas) => sum + replicas, 0) };
  };

  const loop = startReconcileLoop({
    ...context,
    name: 'disruption',
    reconcile: async (key) => {
      const at = parseKey(key);
      const budget = await orIfNotFound(api.get<StoredBudget>(RESOURCES.podDisruptionBudgets, at), undefined);
      if (budget === undefined) return undefined;
      const { items } = await api.list<Pod>(RESOURCES.pods, { namespace: at.namespace });
      const pods = items.filter(({ metadata }) => coversPod(budget, metadata?.labels));
      if (pods.length === 0) {
        await events.record(budget, { type: 'Normal', reason: 'NoPods', message: 'No matching pods found' });
      }
      const expected = await expect(budget, pods);
      const { status, againAfterMs } = planBudgetStatus(budget, pods, expected, clock.now());
      if ('problem' in expected) {
        const message = `Failed to calculate the number of expected pods: ${expected.problem}`;
        await events.record(budget, { type: 'Warning', reason: 'CalculateExpectedPodCountFailed', message });
      }
      if (!sameJson(status, budget.status)) {
        await ignoreNotFound(api.update(RESOURCES.podDisruptionBudgets, at, { ...budget, status }, 'status'));
      }
      return againAfterMs === undefined ? undefined : { againAfterMs };
    },
  });

  const budgets = new Map<string, PodDisruptionBudget>();
  context.watch<StoredBudget>(RESOURCES.podDisruptionBudgets, ({ type, object, previous }) => {
    if (type === 'deleted') budgets.delete(keyOf(object));
    else budgets.set(keyOf(object), object);
    if (type !== 'deleted' && !sameJson(previous, object)) loop.enqueue(keyOf(object));
  });
  context.watch<Pod & KubeObject>(RESOURCES.pods, ({ object, previous }) => {
    for (const [key, budget] of budgets) {
      if (parseKey(key).namespace !== object.metadata.namespace) continue;
      const isCovered = [object, previous].some((pod) => pod !== undefined && coversPod(budget, pod.metadata.labels));
      if (isCovered) loop.enqueue(key);
    }
  });
  // A workload that is scaled changes what a share of it is, before its pods do.
  for (const resource of Object.values(SCALED)) {
    context.watch<Scaled>(resource, ({ object, previous }) => {
      if (previous?.spec?.replicas === object.spec?.replicas) return;
      for (const key of budgets.keys()) if (parseKey(key).namespace === object.metadata.namespace) loop.enqueue(key);
    });
  }
  return loop;
}
