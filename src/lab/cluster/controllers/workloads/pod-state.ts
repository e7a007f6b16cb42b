import type { Pod, PodCondition } from '#kube';

/** The condition of that type, if the pod has it. */
export function podCondition(pod: Pod, type: string): PodCondition | undefined {
  return pod.status?.conditions?.find((condition) => condition.type === type);
}

/** Whether all containers of the pod are ready. */
export function isPodReady(pod: Pod): boolean {
  return podCondition(pod, 'Ready')?.status === 'True';
}

/** Whether the pod has ended for good. */
export function isPodFinished(pod: Pod): boolean {
  return pod.status?.phase === 'Succeeded' || pod.status?.phase === 'Failed';
}

/** Whether the pod counts towards the replicas of its controller: it has not ended and is not being deleted. */
export function isPodActive(pod: Pod): boolean {
  return !isPodFinished(pod) && pod.metadata?.deletionTimestamp === undefined;
}

/** Milliseconds until the pod has been ready for `minReadySeconds`: 0 when it has, undefined when it is not ready. */
export function availableInMs(pod: Pod, minReadySeconds: number, nowMs: number): number | undefined {
  if (!isPodReady(pod)) return undefined;
  const since = podCondition(pod, 'Ready')?.lastTransitionTime;
  if (minReadySeconds === 0 || since === undefined) return minReadySeconds === 0 ? 0 : undefined;
  return Math.max(0, Date.parse(since) + minReadySeconds * 1000 - nowMs);
}
