import type { ReplicaSet, ReplicaSetCondition, ReplicaSetStatus } from 'kubernetes-types/apps/v1.js';
import type { Pod } from '#kube';
import { controllerReference } from './ownership.ts';
import { availableInMs, isPodActive, isPodReady, podCondition } from './pod-state.ts';
import { podOfTemplate, type PodBody } from './pod-template.ts';
import { wireTime } from '../reconcile/wire-time.ts';

/** What a ReplicaSet lacks or has too much. */
export interface ReplicaPlan {
  /** How many pods to create. */
  readonly create: number;
  /** Which pods to delete, in this order. */
  readonly remove: readonly Pod[];
}

// Kubernetes' BurstReplicas: no more changes than this in one reconciliation.
const BURST = 500;

/** Compares the ReplicaSet's active pods with its replicas. */
export function planReplicas(replicaSet: ReplicaSet, pods: readonly Pod[]): ReplicaPlan {
  if (replicaSet.metadata?.deletionTimestamp !== undefined) return { create: 0, remove: [] };
  const active = pods.filter(isPodActive);
  const missing = (replicaSet.spec?.replicas ?? 1) - active.length;
  if (missing >= 0) return { create: Math.min(missing, BURST), remove: [] };
  return { create: 0, remove: [...active].sort(compareForDeletion).slice(0, Math.min(-missing, BURST)) };
}

const PHASE_RANK: Readonly<Record<string, number>> = { Pending: 0, Unknown: 1, Running: 2 };

const deletionCost = (pod: Pod) =>
  Number(pod.metadata?.annotations?.['controller.kubernetes.io/pod-deletion-cost'] ?? 0);
const restarts = (pod: Pod) =>
  Math.max(0, ...(pod.status?.containerStatuses ?? []).map((container) => container.restartCount));
const readySinceMs = (pod: Pod) => Date.parse(podCondition(pod, 'Ready')?.lastTransitionTime ?? '') || 0;
const createdMs = (pod: Pod) => Date.parse(pod.metadata?.creationTimestamp ?? '') || 0;

/**
 * Which of two pods goes first, by the rules of Kubernetes' ActivePodsWithRanks: not assigned, pending, not ready, cheap
 * to delete, ready for a shorter time, restarted more often, younger. (Its rank by pods on the same node means nothing
 * with one node.)
 */
export function compareForDeletion(a: Pod, b: Pod): number {
  const rules: readonly ((pod: Pod) => number)[] = [
    (pod) => (pod.spec?.nodeName ? 1 : 0),
    (pod) => PHASE_RANK[pod.status?.phase ?? 'Pending'] ?? 0,
    (pod) => (isPodReady(pod) ? 1 : 0),
    deletionCost,
    (pod) => (isPodReady(pod) ? -readySinceMs(pod) : 0),
    (pod) => -restarts(pod),
    (pod) => -createdMs(pod),
  ];
  for (const rank of rules) {
    const difference = rank(a) - rank(b);
    if (difference !== 0) return difference;
  }
  return (a.metadata?.name ?? '') < (b.metadata?.name ?? '') ? -1 : 1;
}

/** The outcome of a try to create or delete pods. */
export interface ReplicaFailure {
  readonly reason: 'FailedCreate' | 'FailedDelete';
  readonly message: string;
}

/** The counts of {@link planReplicaSetStatus}, and when they change by time alone. */
export interface ReplicaSetStatusPlan {
  readonly status: ReplicaSetStatus;
  /** When a ready pod becomes an available one (minReadySeconds). */
  readonly againAfterMs: number | undefined;
}

/** The status that a ReplicaSet with these pods has. */
export function planReplicaSetStatus(
  replicaSet: ReplicaSet,
  pods: readonly Pod[],
  failure: ReplicaFailure | undefined,
  nowMs: number,
): ReplicaSetStatusPlan {
  const active = pods.filter(isPodActive);
  const templateLabels = Object.entries(replicaSet.spec?.template?.metadata?.labels ?? {});
  const waits = active.map((pod) => availableInMs(pod, replicaSet.spec?.minReadySeconds ?? 0, nowMs));
  const pending = waits.filter((wait): wait is number => wait !== undefined && wait > 0);
  const conditions = planFailureCondition(replicaSet.status?.conditions ?? [], failure, nowMs);
  const { generation } = replicaSet.metadata ?? {};
  const fullyLabeled = active.filter((pod) =>
    templateLabels.every(([key, value]) => pod.metadata?.labels?.[key] === value),
  );
  return {
    status: {
      replicas: active.length,
      fullyLabeledReplicas: fullyLabeled.length,
      readyReplicas: active.filter(isPodReady).length,
      availableReplicas: waits.filter((wait) => wait === 0).length,
      ...(generation === undefined ? {} : { observedGeneration: generation }),
      ...(conditions.length === 0 ? {} : { conditions }),
    },
    againAfterMs: pending.length === 0 ? undefined : Math.min(...pending),
  };
}

function planFailureCondition(
  present: readonly ReplicaSetCondition[],
  failure: ReplicaFailure | undefined,
  nowMs: number,
): ReplicaSetCondition[] {
  const others = present.filter(({ type }) => type !== 'ReplicaFailure');
  if (failure === undefined) return others;
  const before = present.find(({ type }) => type === 'ReplicaFailure');
  if (before?.reason === failure.reason && before.message === failure.message) return [...others, before];
  const lastTransitionTime = wireTime(nowMs);
  return [...others, { type: 'ReplicaFailure', status: 'True', ...failure, lastTransitionTime }];
}

/** The pod that a ReplicaSet creates; its name is left to the API server (generateName). */
export function planPod(replicaSet: ReplicaSet): PodBody {
  const { name = '', uid = '' } = replicaSet.metadata ?? {};
  return podOfTemplate(replicaSet.spec?.template, {
    generateName: `${name}-`,
    owner: controllerReference({ apiVersion: 'apps/v1', kind: 'ReplicaSet', name, uid }),
  });
}
