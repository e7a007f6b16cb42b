import type { Deployment, ReplicaSet } from 'kubernetes-types/apps/v1.js';
import { podCount } from './pod-count.ts';
import { sameTemplate } from './template-hash.ts';

/** The annotation that numbers the templates of a Deployment, on it and on its ReplicaSets. */
export const REVISION = 'deployment.kubernetes.io/revision';
/** On a ReplicaSet: the Deployment's replicas when it was last scaled. */
export const DESIRED_REPLICAS = 'deployment.kubernetes.io/desired-replicas';
/** On a ReplicaSet: the Deployment's replicas with surge when it was last scaled. */
export const MAX_REPLICAS = 'deployment.kubernetes.io/max-replicas';

/** A Deployment with its ReplicaSets told apart. */
export interface Rollout {
  readonly deployment: Deployment;
  /** The ReplicaSet of the present template. */
  readonly current: ReplicaSet | undefined;
  /** The others, oldest first. */
  readonly old: readonly ReplicaSet[];
}

/** The replicas that a workload asks for; 1 when it says nothing. */
export const replicasOf = (workload: ReplicaSet | Deployment): number => workload.spec?.replicas ?? 1;

/** The sum of the replicas that ReplicaSets ask for. */
export const totalReplicas = (replicaSets: readonly ReplicaSet[]): number =>
  replicaSets.reduce((sum, replicaSet) => sum + replicasOf(replicaSet), 0);

/** The sum of the available pods of ReplicaSets. */
export const totalAvailable = (replicaSets: readonly ReplicaSet[]): number =>
  replicaSets.reduce((sum, replicaSet) => sum + (replicaSet.status?.availableReplicas ?? 0), 0);

const created = (replicaSet: ReplicaSet) =>
  `${replicaSet.metadata?.creationTimestamp ?? ''} ${replicaSet.metadata?.name ?? ''}`;

/** Oldest first. */
export const byAge = (a: ReplicaSet, b: ReplicaSet): number => (created(a) < created(b) ? -1 : 1);

/** Finds the ReplicaSet of the present template; of several the oldest, as Kubernetes does. */
export function createRollout(deployment: Deployment, replicaSets: readonly ReplicaSet[]): Rollout {
  const sorted = [...replicaSets].sort(byAge);
  const current = sorted.find((replicaSet) => sameTemplate(replicaSet.spec?.template, deployment.spec?.template));
  return { deployment, current, old: sorted.filter((replicaSet) => replicaSet !== current) };
}

/** All ReplicaSets of a rollout. */
export const allReplicaSets = ({ current, old }: Rollout): readonly ReplicaSet[] =>
  current === undefined ? old : [...old, current];

/** How far a rolling update may go beyond and below the replicas. */
export interface RollingLimits {
  readonly maxSurge: number;
  readonly maxUnavailable: number;
}

/**
 * The limits in pods: a share of maxSurge is rounded up, one of maxUnavailable down, and where both come to 0 one pod
 * may be unavailable (Kubernetes' ResolveFenceposts). For Recreate both are 0.
 */
export function rollingLimits(deployment: Deployment): RollingLimits {
  const { strategy } = deployment.spec ?? {};
  if (strategy?.type === 'Recreate') return { maxSurge: 0, maxUnavailable: 0 };
  const replicas = replicasOf(deployment);
  const maxSurge = podCount(strategy?.rollingUpdate?.maxSurge ?? '25%', replicas, Math.ceil);
  const share = podCount(strategy?.rollingUpdate?.maxUnavailable ?? '25%', replicas, Math.floor);
  const maxUnavailable = maxSurge === 0 && share === 0 ? 1 : share;
  return { maxSurge, maxUnavailable: Math.min(maxUnavailable, replicas) };
}

/** The number of a ReplicaSet's or Deployment's revision; 0 when it has none. */
export function revisionOf(workload: ReplicaSet | Deployment | undefined): number {
  return Number(workload?.metadata?.annotations?.[REVISION] ?? 0) || 0;
}
