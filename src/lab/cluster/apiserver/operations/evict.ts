import type { PodDisruptionBudget } from 'kubernetes-types/policy/v1.js';
import type { KubeObject, Pod } from '#kube';
import type { DeleteRequest } from '../../api-access.ts';
import { recordOf } from '../json.ts';
import { matchesLabels, requirementsOf } from '../selectors/label-selector.ts';
import { forbidden, statusError } from '../status-errors.ts';
import { rfc3339 } from '../time.ts';
import { requireObject, type ApiContext, type Target, type WriteOptions } from './context.ts';
import { deleteObject } from './delete.ts';
import { listObjects } from './read.ts';
import { updateObject } from './update.ts';

const BUDGETS = { group: 'policy', version: 'v1', resource: 'poddisruptionbudgets' };

type StoredBudget = PodDisruptionBudget & KubeObject;
type StoredPod = Pod & KubeObject;

/**
 * Deletes a pod if its PodDisruptionBudget allows one more disruption, which is then used up. Throws 429 when it does
 * not, and 500 for a pod of several budgets. Texts and order of the checks are those of Kubernetes' eviction
 * subresource (registry/core/pod/storage/eviction.go).
 */
export function evictPod(
  context: ApiContext,
  target: Target,
  request: DeleteRequest & { readonly dryRun: boolean },
  options: WriteOptions,
): void {
  const at = { ...target, subresource: undefined };
  const pod = requireObject(context, at) as StoredPod;
  const writing = { ...options, dryRun: request.dryRun };
  if (!isBeyondBudgets(pod)) {
    const budgets = budgetsOf(context, pod);
    if (budgets.length > 1) throw severalBudgets();
    const [budget] = budgets;
    if (budget !== undefined && !isFree(budget, pod)) useBudget(context, budget, pod, writing);
    markDisrupted(context, at, pod, writing);
  }
  deleteObject(context, at, request);
}

/** A pod that has ended, has not begun or is being deleted disrupts nothing when it goes. */
function isBeyondBudgets({ status, metadata }: StoredPod): boolean {
  return metadata.deletionTimestamp !== undefined || ['Succeeded', 'Failed', 'Pending'].includes(status?.phase ?? '');
}

function budgetsOf(context: ApiContext, pod: StoredPod): readonly StoredBudget[] {
  const { items } = listObjects(context, context.kinds.get(BUDGETS), { namespace: pod.metadata.namespace });
  return (items as readonly StoredBudget[]).filter(({ spec }) => {
    const { selector } = spec ?? {};
    return selector !== undefined && matchesLabels(requirementsOf(recordOf(selector)), pod.metadata.labels ?? {});
  });
}

/** Whether a pod that is not ready may go without using the budget up (spec.unhealthyPodEvictionPolicy). */
function isFree({ spec, status }: StoredBudget, pod: StoredPod): boolean {
  if (pod.status?.conditions?.some(({ type, status: value }) => type === 'Ready' && value === 'True') === true)
    return false;
  if (spec?.unhealthyPodEvictionPolicy === 'AlwaysAllow') return true;
  const { currentHealthy = 0, desiredHealthy = 0 } = status ?? {};
  return currentHealthy >= desiredHealthy && desiredHealthy > 0;
}

function useBudget(context: ApiContext, budget: StoredBudget, pod: StoredPod, options: WriteOptions): void {
  const { namespace, name = '', generation = 0 } = budget.metadata;
  const kind = context.kinds.get(BUDGETS);
  const status: PodDisruptionBudget['status'] = budget.status ?? {
    currentHealthy: 0,
    desiredHealthy: 0,
    disruptionsAllowed: 0,
    expectedPods: 0,
  };
  if ((status.observedGeneration ?? 0) < generation) {
    throw tooManyDisruptions(`The disruption budget ${name} is still being processed by the server.`);
  }
  if (status.disruptionsAllowed < 0) throw forbidden(kind, name, 'pdb disruptions allowed is negative');
  if (status.disruptionsAllowed === 0) {
    const { desiredHealthy, currentHealthy } = status;
    throw tooManyDisruptions(
      `The disruption budget ${name} needs ${desiredHealthy} healthy pods and has ${currentHealthy} currently`,
    );
  }
  const now = rfc3339(context.clock.now());
  const left = status.disruptionsAllowed - 1;
  const conditions = (status.conditions ?? []).map((condition) =>
    left === 0 && condition.type === 'DisruptionAllowed' && condition.status === 'True'
      ? { ...condition, status: 'False', reason: 'InsufficientPods', lastTransitionTime: now }
      : condition,
  );
  const disruptedPods = { ...status.disruptedPods, [pod.metadata.name ?? '']: now };
  const after = { ...budget, status: { ...status, disruptionsAllowed: left, disruptedPods, conditions } };
  updateObject(context, { kind, namespace, name, subresource: 'status' }, after, options);
}

/** Says in the pod's status why it goes. */
function markDisrupted(context: ApiContext, at: Target, pod: StoredPod, options: WriteOptions): void {
  const condition = {
    type: 'DisruptionTarget',
    status: 'True',
    reason: 'EvictionByEvictionAPI',
    message: 'Eviction API: evicting',
    lastTransitionTime: rfc3339(context.clock.now()),
  };
  const others = (pod.status?.conditions ?? []).filter(({ type }) => type !== condition.type);
  const after = { ...pod, status: { ...pod.status, conditions: [...others, condition] } };
  updateObject(context, { ...at, subresource: 'status' }, after, options);
}

function tooManyDisruptions(cause: string): Error {
  return statusError({
    code: 429,
    reason: 'TooManyRequests',
    message: "Cannot evict pod as it would violate the pod's disruption budget.",
    details: { causes: [{ reason: 'DisruptionBudget', message: cause }] },
  });
}

function severalBudgets(): Error {
  const message = 'This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.';
  return statusError({
    code: 500,
    reason: 'InternalError',
    message: `Internal error occurred: ${message}`,
    details: { causes: [{ message }] },
  });
}
