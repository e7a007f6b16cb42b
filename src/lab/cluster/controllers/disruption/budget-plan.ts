import type { Condition } from 'kubernetes-types/meta/v1.js';
import type { PodDisruptionBudget, PodDisruptionBudgetStatus } from 'kubernetes-types/policy/v1.js';
import type { Pod } from '#kube';
import { wireTime } from '../reconcile/wire-time.ts';
import { requirementHolds, type Labels } from '../workloads/label-selector.ts';
import { podCount } from '../workloads/pod-count.ts';
import { isPodReady } from '../workloads/pod-state.ts';

/** How many pods there should be: a number, or why that is not known. */
export type ExpectedPods = { readonly count: number } | { readonly problem: string };

/** The status of a budget, and when it changes by time alone. */
export interface BudgetStatusPlan {
  readonly status: PodDisruptionBudgetStatus;
  readonly againAfterMs: number | undefined;
}

// How long an evicted pod may take to be marked as deleted before it counts again.
const DELETION_TIMEOUT_MS = 120_000;

/** Whether the budget is for a pod with these labels. An empty selector chooses all pods of the namespace (policy/v1). */
export function coversPod({ spec }: PodDisruptionBudget, labels: Labels = {}): boolean {
  const { matchLabels = {}, matchExpressions = [] } = spec?.selector ?? {};
  return (
    spec?.selector !== undefined &&
    Object.entries(matchLabels).every(([key, value]) => labels[key] === value) &&
    matchExpressions.every(({ key, operator, values = [] }) => requirementHolds(labels[key], operator, values))
  );
}

/** Whether the budget asks for a share, or for a number that may be missing: then the size of the workload counts. */
export function needsScale({ spec }: PodDisruptionBudget): boolean {
  return spec?.maxUnavailable !== undefined || typeof spec?.minAvailable === 'string';
}

/** The status by the rules of Kubernetes' disruption controller; `pods` are those that the budget covers. */
export function planBudgetStatus(
  budget: PodDisruptionBudget,
  pods: readonly Pod[],
  expected: ExpectedPods,
  nowMs: number,
): BudgetStatusPlan {
  const { generation } = budget.metadata ?? {};
  const before = budget.status;
  const observed = generation === undefined ? {} : { observedGeneration: generation };
  if ('problem' in expected) {
    const condition = allowedCondition(before?.conditions, 'False', 'SyncFailed', expected.problem, generation, nowMs);
    const counts = {
      currentHealthy: before?.currentHealthy ?? 0,
      desiredHealthy: before?.desiredHealthy ?? 0,
      expectedPods: before?.expectedPods ?? 0,
    };
    const status = { ...before, ...counts, disruptionsAllowed: 0, conditions: [condition] };
    return { status, againAfterMs: undefined };
  }
  const { disrupted, againAfterMs } = stillDisrupted(before?.disruptedPods ?? {}, pods, nowMs);
  const desiredHealthy = desired(budget, expected.count);
  const currentHealthy = pods.filter(
    (pod) =>
      pod.metadata?.deletionTimestamp === undefined && !((pod.metadata?.name ?? '') in disrupted) && isPodReady(pod),
  ).length;
  const disruptionsAllowed = expected.count <= 0 ? 0 : Math.max(0, currentHealthy - desiredHealthy);
  const isAllowed = disruptionsAllowed > 0;
  const condition = allowedCondition(
    before?.conditions,
    isAllowed ? 'True' : 'False',
    isAllowed ? 'SufficientPods' : 'InsufficientPods',
    '',
    generation,
    nowMs,
  );
  return {
    status: {
      ...observed,
      ...(Object.keys(disrupted).length === 0 ? {} : { disruptedPods: disrupted }),
      disruptionsAllowed,
      currentHealthy,
      desiredHealthy,
      expectedPods: expected.count,
      conditions: [condition],
    },
    againAfterMs,
  };
}

function desired({ spec }: PodDisruptionBudget, expected: number): number {
  const { maxUnavailable, minAvailable } = spec ?? {};
  if (maxUnavailable !== undefined) return Math.max(0, expected - podCount(maxUnavailable, expected));
  return minAvailable === undefined ? 0 : podCount(minAvailable, expected);
}

/** Evicted pods that are still there and not yet marked as deleted. */
function stillDisrupted(
  before: Readonly<Record<string, string>>,
  pods: readonly Pod[],
  nowMs: number,
): { readonly disrupted: Record<string, string>; readonly againAfterMs: number | undefined } {
  const alive = new Set(
    pods.filter(({ metadata }) => metadata?.deletionTimestamp === undefined).map(({ metadata }) => metadata?.name),
  );
  const dueInMs = (time: string) => Date.parse(time) + DELETION_TIMEOUT_MS - nowMs;
  const left = Object.entries(before).filter(([name, time]) => alive.has(name) && dueInMs(time) > 0);
  return {
    disrupted: Object.fromEntries(left),
    againAfterMs: left.length === 0 ? undefined : Math.min(...left.map(([, time]) => dueInMs(time))),
  };
}

function allowedCondition(
  present: readonly Condition[] | undefined,
  status: string,
  reason: string,
  message: string,
  generation: number | undefined,
  nowMs: number,
): Condition {
  const before = present?.find(({ type }) => type === 'DisruptionAllowed');
  return {
    type: 'DisruptionAllowed',
    status,
    reason,
    message,
    ...(generation === undefined ? {} : { observedGeneration: generation }),
    lastTransitionTime: before?.status === status ? before.lastTransitionTime : wireTime(nowMs),
  };
}
