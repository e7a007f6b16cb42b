import type { Job, PodFailurePolicyRule } from 'kubernetes-types/batch/v1.js';
import type { ContainerStatus, Pod } from '#kube';

/** What a failed pod means for its Job. */
export interface FailureVerdict {
  readonly action: 'FailJob' | 'FailIndex' | 'Ignore' | 'Count';
  /** Why the Job fails, for `FailJob`. */
  readonly message: string;
}

const COUNT: FailureVerdict = { action: 'Count', message: '' };

/** The first rule of the Job's podFailurePolicy that matches the failed pod; `Count` without a match. */
export function judgeFailure(job: Job, pod: Pod): FailureVerdict {
  for (const [index, rule] of (job.spec?.podFailurePolicy?.rules ?? []).entries()) {
    const what = matchExitCodes(rule, pod) ?? matchConditions(rule, pod);
    if (what === undefined) continue;
    const { namespace = '', name = '' } = pod.metadata ?? {};
    const message = what
      .replace('{pod}', `${namespace}/${name}`)
      .concat(` matching ${rule.action} rule at index ${index}`);
    return { action: rule.action as FailureVerdict['action'], message };
  }
  return COUNT;
}

// The messages are those of pod_failure_policy.go.
function matchExitCodes({ onExitCodes }: PodFailurePolicyRule, pod: Pod): string | undefined {
  if (onExitCodes === undefined) return undefined;
  const { containerName, operator, values } = onExitCodes;
  const matches = (status: ContainerStatus) => {
    const exitCode = status.state?.terminated?.exitCode;
    if (exitCode === undefined || exitCode === 0) return false;
    if (containerName !== undefined && containerName !== status.name) return false;
    return operator === 'In' ? values.includes(exitCode) : operator === 'NotIn' && !values.includes(exitCode);
  };
  const all = [...(pod.status?.containerStatuses ?? []), ...(pod.status?.initContainerStatuses ?? [])];
  const found = all.find(matches);
  if (found === undefined) return undefined;
  return `Container ${found.name} for pod {pod} failed with exit code ${found.state?.terminated?.exitCode ?? 0}`;
}

function matchConditions({ onPodConditions = [] }: PodFailurePolicyRule, pod: Pod): string | undefined {
  const found = pod.status?.conditions?.find(({ type, status }) =>
    onPodConditions.some((pattern) => pattern.type === type && (pattern.status || 'True') === status),
  );
  return found === undefined ? undefined : `Pod {pod} has condition ${found.type}`;
}
