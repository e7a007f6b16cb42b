import type { Pod } from '#kube';
import type { PodTrouble } from './pod-trouble.ts';

/** A pod in short, for a status page. */
export interface PodSummary {
  readonly namespace: string;
  readonly name: string;
  readonly phase: string;
  /** Whether all its containers are ready. */
  readonly ready: boolean;
  /** Why it does not run, such as `CreateContainerConfigError`. */
  readonly reason?: string;
  /** What is wrong with the volumes of a pod that runs all the same. */
  readonly trouble?: PodTrouble;
}

/** The summary of a pod; its reason is the one that `kubectl get pods` shows as its status. `troubles`: by UID. */
export function summarizePod(pod: Pod, troubles: ReadonlyMap<string, PodTrouble> = new Map()): PodSummary {
  const { namespace = '', name = '', uid = '', deletionTimestamp } = pod.metadata ?? {};
  const trouble = troubles.get(uid);
  const { phase = 'Pending', conditions = [], reason } = pod.status ?? {};
  const containers = [...(pod.status?.initContainerStatuses ?? []), ...(pod.status?.containerStatuses ?? [])];
  const waiting = containers.map(({ state }) => state?.waiting?.reason).find((one) => one !== undefined);
  const failed = containers.map(({ state }) => state?.terminated?.reason).find((one) => one !== 'Completed' && one);
  const shown = deletionTimestamp === undefined ? (reason ?? waiting ?? failed) : 'Terminating';
  return {
    namespace,
    name,
    phase,
    ready: conditions.some(({ type, status }) => type === 'Ready' && status === 'True'),
    ...(shown === undefined ? {} : { reason: shown }),
    ...(trouble !== undefined && phase === 'Running' && { trouble }),
  };
}
