import type { Deployment, DeploymentCondition, DeploymentStatus, ReplicaSet } from 'kubernetes-types/apps/v1.js';
import { allReplicaSets, replicasOf, rollingLimits, totalAvailable, totalReplicas, type Rollout } from './rollout.ts';
import { wireTime } from '../reconcile/wire-time.ts';

/** The status of a Deployment, and when it changes by time alone. */
export interface DeploymentStatusPlan {
  readonly status: DeploymentStatus;
  /** When the progress deadline passes. */
  readonly againAfterMs: number | undefined;
}

/** A condition without its times. */
type ConditionText = Omit<DeploymentCondition, 'lastTransitionTime' | 'lastUpdateTime'>;

/** The status of a rollout; `createdNow` is the ReplicaSet that this reconciliation created. */
export function planDeploymentStatus(
  rollout: Rollout,
  createdNow: string | undefined,
  nowMs: number,
): DeploymentStatusPlan {
  const counts = countReplicas(rollout);
  const present = rollout.deployment.status?.conditions ?? [];
  const progressing = planProgressing(rollout, counts, createdNow, nowMs);
  const failure = replicaFailure(rollout);
  let conditions = setCondition(present, planAvailable(rollout.deployment, counts), nowMs);
  if (progressing === 'remove') conditions = without(conditions, 'Progressing');
  else if (progressing !== 'keep') {
    // Each step forward moves lastUpdateTime, from which the progress deadline counts.
    conditions = setCondition(conditions, progressing, nowMs, progressing.reason === 'ReplicaSetUpdated');
  }
  conditions = failure === undefined ? without(conditions, 'ReplicaFailure') : setCondition(conditions, failure, nowMs);
  const status: DeploymentStatus = { ...counts, conditions };
  return { status, againAfterMs: deadlineInMs(rollout.deployment, status, nowMs) };
}

const without = (conditions: readonly DeploymentCondition[], type: string) =>
  conditions.filter((condition) => condition.type !== type);

function countReplicas(rollout: Rollout): DeploymentStatus {
  const { deployment, current } = rollout;
  const all = allReplicaSets(rollout);
  const sum = (count: (replicaSet: ReplicaSet) => number | undefined) =>
    all.reduce((total, replicaSet) => total + (count(replicaSet) ?? 0), 0);
  const availableReplicas = totalAvailable(all);
  const { generation } = deployment.metadata ?? {};
  const { collisionCount } = deployment.status ?? {};
  return {
    ...(generation === undefined ? {} : { observedGeneration: generation }),
    ...(collisionCount === undefined ? {} : { collisionCount }),
    replicas: sum(({ status }) => status?.replicas),
    updatedReplicas: current?.status?.replicas ?? 0,
    readyReplicas: sum(({ status }) => status?.readyReplicas),
    availableReplicas,
    unavailableReplicas: Math.max(0, totalReplicas(all) - availableReplicas),
  };
}

function planAvailable(deployment: Deployment, counts: DeploymentStatus): ConditionText {
  const needed = replicasOf(deployment) - rollingLimits(deployment).maxUnavailable;
  return (counts.availableReplicas ?? 0) >= needed
    ? {
        type: 'Available',
        status: 'True',
        reason: 'MinimumReplicasAvailable',
        message: 'Deployment has minimum availability.',
      }
    : {
        type: 'Available',
        status: 'False',
        reason: 'MinimumReplicasUnavailable',
        message: 'Deployment does not have minimum availability.',
      };
}

function planProgressing(
  rollout: Rollout,
  counts: DeploymentStatus,
  createdNow: string | undefined,
  nowMs: number,
): ConditionText | 'keep' | 'remove' {
  const { deployment, current } = rollout;
  const say = (status: 'True' | 'False' | 'Unknown', reason: string, message: string): ConditionText => ({
    type: 'Progressing',
    status,
    reason,
    message,
  });
  const deadlineSeconds = deadlineSecondsOf(deployment);
  if (deadlineSeconds === undefined) return 'remove';
  const before = deployment.status?.conditions?.find(({ type }) => type === 'Progressing');
  const name = current?.metadata?.name;
  const subject = name === undefined ? `Deployment "${deployment.metadata?.name ?? ''}"` : `ReplicaSet "${name}"`;

  if (deployment.spec?.paused === true) {
    return before?.reason === 'ProgressDeadlineExceeded'
      ? 'keep'
      : say('Unknown', 'DeploymentPaused', 'Deployment is paused');
  }
  if (before?.reason === 'DeploymentPaused') return say('Unknown', 'DeploymentResumed', 'Deployment is resumed');
  if (createdNow !== undefined) {
    return say('True', 'NewReplicaSetCreated', `Created new replica set "${createdNow}"`);
  }
  if (counts.replicas === counts.updatedReplicas && before?.reason === 'NewReplicaSetAvailable') return 'keep';
  if (isComplete(deployment, counts)) {
    return say('True', 'NewReplicaSetAvailable', `${subject} has successfully progressed.`);
  }
  if (hasAdvanced(deployment, counts)) return say('True', 'ReplicaSetUpdated', `${subject} is progressing.`);
  if (before === undefined) {
    return name === undefined ? 'keep' : say('True', 'FoundNewReplicaSet', `Found new replica set "${name}"`);
  }
  if (before.reason === 'NewReplicaSetAvailable') return 'keep';
  const sinceMs = Date.parse(before.lastUpdateTime ?? '');
  return sinceMs + deadlineSeconds * 1000 < nowMs
    ? say('False', 'ProgressDeadlineExceeded', `${subject} has timed out progressing.`)
    : 'keep';
}

/** spec.progressDeadlineSeconds; undefined for the number that means "no deadline". */
function deadlineSecondsOf({ spec }: Deployment): number | undefined {
  const seconds = spec?.progressDeadlineSeconds ?? 600;
  return seconds >= 2 ** 31 - 1 ? undefined : seconds;
}

/** Whether all wanted pods have the present template and are available, and no others are left. */
export function isComplete(deployment: Deployment, status: DeploymentStatus): boolean {
  const wanted = replicasOf(deployment);
  return (
    status.updatedReplicas === wanted &&
    status.replicas === wanted &&
    status.availableReplicas === wanted &&
    (status.observedGeneration ?? 0) >= (deployment.metadata?.generation ?? 0)
  );
}

/** Whether the counts are nearer to the goal than those that are written down. */
function hasAdvanced(deployment: Deployment, counts: DeploymentStatus): boolean {
  const before = deployment.status ?? {};
  const oldPods = (status: DeploymentStatus) => (status.replicas ?? 0) - (status.updatedReplicas ?? 0);
  return (
    (counts.updatedReplicas ?? 0) > (before.updatedReplicas ?? 0) ||
    (counts.readyReplicas ?? 0) > (before.readyReplicas ?? 0) ||
    (counts.availableReplicas ?? 0) > (before.availableReplicas ?? 0) ||
    oldPods(counts) < oldPods(before)
  );
}

function replicaFailure({ current, old }: Rollout): ConditionText | undefined {
  const candidates = current === undefined ? old : [current];
  for (const { status } of candidates) {
    const found = status?.conditions?.find(({ type }) => type === 'ReplicaFailure');
    if (found === undefined) continue;
    const { reason = 'FailedCreate', message = '' } = found;
    return { type: 'ReplicaFailure', status: found.status, reason, message };
  }
  return undefined;
}

/** Sets a condition; its transition time moves only with its status, its update time with its reason or by `touch`. */
function setCondition(
  conditions: readonly DeploymentCondition[],
  text: ConditionText,
  nowMs: number,
  touch = false,
): DeploymentCondition[] {
  const before = conditions.find(({ type }) => type === text.type);
  if (before?.status === text.status && before.reason === text.reason && !touch) return [...conditions];
  const time = wireTime(nowMs);
  const lastTransitionTime = before?.status === text.status ? (before.lastTransitionTime ?? time) : time;
  const after = { ...text, lastUpdateTime: time, lastTransitionTime };
  return before === undefined
    ? [...conditions, after]
    : conditions.map((condition) => (condition === before ? after : condition));
}

function deadlineInMs(deployment: Deployment, status: DeploymentStatus, nowMs: number): number | undefined {
  const seconds = deadlineSecondsOf(deployment);
  const progressing = status.conditions?.find(({ type }) => type === 'Progressing');
  const settled = ['NewReplicaSetAvailable', 'ProgressDeadlineExceeded', 'DeploymentPaused'];
  if (seconds === undefined || progressing === undefined || settled.includes(progressing.reason ?? '')) {
    return undefined;
  }
  // A second more, since the times have whole seconds.
  const dueMs = Date.parse(progressing.lastUpdateTime ?? '') + seconds * 1000 + 1000;
  return Math.max(1000, dueMs - nowMs);
}
