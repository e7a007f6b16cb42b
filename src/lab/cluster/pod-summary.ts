import type { Pod } from '#kube';

/** A pod in short, for a status page. */
export interface PodSummary {
  readonly namespace: string;
  readonly name: string;
  readonly phase: string;
  /** Whether all its containers are ready. */
  readonly ready: boolean;
  /** Why it does not run, such as `CreateContainerConfigError`. */
  readonly reason?: string;
}

/** The summary of a pod; its reason is the one that `kubectl get pods` shows as its status. */
export function summarizePod(pod: Pod): PodSummary {
  const { namespace = '', name = '', deletionTimestamp } = pod.metadata ?? {};
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
  };
}
