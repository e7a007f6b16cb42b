import type { Job } from 'kubernetes-types/batch/v1.js';
import type { Pod } from '#kube';
import type { JobConditionText } from './job-conditions.ts';
import { trueCondition } from './job-conditions.ts';
import { parseIndexes } from './index-list.ts';
import { isIndexed } from './job-pods.ts';
import { isPodFailed, type JobTally } from './job-tally.ts';
import { judgeFailure } from './pod-failure-policy.ts';

/** What a Job's outcome is decided on. */
export interface JobState {
  readonly job: Job;
  readonly pods: readonly Pod[];
  readonly tally: JobTally;
  readonly nowMs: number;
}

/**
 * Whether the outcome of the Job is decided, and how: `FailureTarget` or `SuccessCriteriaMet`, the conditions that come
 * before `Failed` and `Complete` while pods are still ending. Reasons and messages are Kubernetes' own
 * (job_controller.go, success_policy.go).
 */
export function planOutcome(state: JobState): JobConditionText | undefined {
  const { job } = state;
  for (const type of ['FailureTarget', 'SuccessCriteriaMet'] as const) {
    const decided = trueCondition(job, type);
    if (decided !== undefined) {
      return { type, status: 'True', reason: decided.reason ?? '', message: decided.message ?? '' };
    }
  }
  const failure = findFailure(state);
  if (failure !== undefined) return { type: 'FailureTarget', status: 'True', ...failure };
  const success = findSuccess(state);
  return success === undefined ? undefined : { type: 'SuccessCriteriaMet', status: 'True', ...success };
}

interface Cause {
  readonly reason: string;
  readonly message: string;
}

function findFailure({ job, pods, tally, nowMs }: JobState): Cause | undefined {
  const { backoffLimit = 6, completions = 0, maxFailedIndexes, backoffLimitPerIndex } = job.spec ?? {};
  for (const pod of pods) {
    const verdict = isPodFailed(job, pod) ? judgeFailure(job, pod) : undefined;
    if (verdict?.action === 'FailJob') return { reason: 'PodFailurePolicy', message: verdict.message };
  }
  if (tally.failed > backoffLimit || restartsExceed(job, pods, backoffLimit)) {
    return { reason: 'BackoffLimitExceeded', message: 'Job has reached the specified backoff limit' };
  }
  const deadline = deadlineInMs(job, nowMs);
  if (deadline !== undefined && deadline <= 0) {
    return { reason: 'DeadlineExceeded', message: 'Job was active longer than specified deadline' };
  }
  if (!isIndexed(job) || backoffLimitPerIndex === undefined) return undefined;
  const { failedIndexes, succeededIndexes } = tally;
  if (maxFailedIndexes !== undefined && failedIndexes.size > maxFailedIndexes) {
    return {
      reason: 'MaxFailedIndexesExceeded',
      message: 'Job has exceeded the specified maximal number of failed indexes',
    };
  }
  return failedIndexes.size > 0 && failedIndexes.size + succeededIndexes.size >= completions
    ? { reason: 'FailedIndexes', message: 'Job has failed indexes' }
    : undefined;
}

/** With restartPolicy OnFailure the restarts of the containers count towards the limit. */
function restartsExceed(job: Job, pods: readonly Pod[], limit: number): boolean {
  if (job.spec?.template.spec?.restartPolicy !== 'OnFailure') return false;
  const running = pods.filter((pod) => ['Running', 'Pending'].includes(pod.status?.phase ?? ''));
  const statuses = running.flatMap(({ status }) => [
    ...(status?.initContainerStatuses ?? []),
    ...(status?.containerStatuses ?? []),
  ]);
  const restarts = statuses.reduce((sum, { restartCount }) => sum + restartCount, 0);
  return limit === 0 ? restarts > 0 : restarts >= limit;
}

/** Milliseconds until activeDeadlineSeconds have passed; undefined when none count now. */
export function deadlineInMs(job: Job, nowMs: number): number | undefined {
  const seconds = job.spec?.activeDeadlineSeconds;
  const start = job.status?.startTime;
  if (seconds === undefined || start === undefined || job.spec?.suspend === true) return undefined;
  return Date.parse(start) + seconds * 1000 - nowMs;
}

function findSuccess({ job, tally }: JobState): Cause | undefined {
  const rule = matchSuccessPolicy(job, tally.succeededIndexes);
  if (rule !== undefined) return { reason: 'SuccessPolicy', message: `Matched rules at index ${rule}` };
  const { completions } = job.spec ?? {};
  // Without a number of completions, one success is enough, once the other pods have ended.
  const reached = completions === undefined ? tally.succeeded > 0 : tally.succeeded >= completions;
  return reached && tally.active.length === 0
    ? { reason: 'CompletionsReached', message: 'Reached expected number of succeeded pods' }
    : undefined;
}

/** The first rule of the Job's successPolicy that holds. */
function matchSuccessPolicy(job: Job, succeeded: ReadonlySet<number>): number | undefined {
  if (!isIndexed(job)) return undefined;
  const rules = job.spec?.successPolicy?.rules ?? [];
  const found = rules.findIndex(({ succeededIndexes, succeededCount }) => {
    const asked =
      succeededIndexes === undefined ? undefined : parseIndexes(succeededIndexes, job.spec?.completions ?? 0);
    const met = asked === undefined ? succeeded.size : [...asked].filter((index) => succeeded.has(index)).length;
    return met >= (succeededCount ?? asked?.size ?? Infinity);
  });
  return found === -1 ? undefined : found;
}
