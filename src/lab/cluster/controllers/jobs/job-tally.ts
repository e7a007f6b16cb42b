import type { Job } from 'kubernetes-types/batch/v1.js';
import type { Pod } from '#kube';
import { isPodActive, isPodFinished, isPodReady } from '../workloads/pod-state.ts';
import { parseIndexes } from './index-list.ts';
import { indexFailureCount, indexOf, isIndexed, JOB_TRACKING } from './job-pods.ts';
import { judgeFailure } from './pod-failure-policy.ts';

/**
 * How a Job stands. Each ended pod is counted exactly once, though its object may be deleted at any moment: a pod has a
 * finalizer until the Job's status names it (`uncounted`), and is added to the Job's numbers when the finalizer is gone
 * (KEP-2307).
 */
export interface JobTally {
  /** Neither ended nor being deleted. */
  readonly active: readonly Pod[];
  readonly ready: number;
  /** Being deleted and not ended. */
  readonly terminating: number;
  /** The numbers that the status writes. */
  readonly counted: { readonly succeeded: number; readonly failed: number };
  /** The uids that the status names: ended, and not yet in those numbers. */
  readonly uncounted: { readonly succeeded: readonly string[]; readonly failed: readonly string[] };
  /** All that succeeded and all that failed, whether counted or not. */
  readonly succeeded: number;
  readonly failed: number;
  /** To be freed of their finalizer once the status is written. */
  readonly release: readonly Pod[];
  /** For Indexed Jobs. */
  readonly succeededIndexes: ReadonlySet<number>;
  readonly failedIndexes: ReadonlySet<number>;
}

/** Whether the pod waits for its Job to count it. */
export const isTracked = (pod: Pod): boolean => pod.metadata?.finalizers?.includes(JOB_TRACKING) === true;

/** Whether the Job creates a replacement only for a pod that has ended, not for one that is about to. */
export const replacesOnlyFailed = (job: Job): boolean => job.spec?.podReplacementPolicy === 'Failed';

/** Whether the pod counts as failed: it is, or it is being deleted and did not succeed (job_controller.go, isPodFailed). */
export function isPodFailed(job: Job, pod: Pod): boolean {
  const phase = pod.status?.phase;
  if (phase === 'Failed') return true;
  return !replacesOnlyFailed(job) && phase !== 'Succeeded' && pod.metadata?.deletionTimestamp !== undefined;
}

/** Counts the pods of a Job. */
export function tallyJob(job: Job, pods: readonly Pod[]): JobTally {
  const completions = job.spec?.completions ?? Infinity;
  const { status = {} } = job;
  const before = status.uncountedTerminatedPods ?? {};
  const tracked = new Map(pods.filter(isTracked).map((pod) => [pod.metadata?.uid ?? '', pod]));
  const succeeded = (before.succeeded ?? []).filter((uid) => tracked.has(uid));
  const failed = (before.failed ?? []).filter((uid) => tracked.has(uid));
  const settled = (uids: readonly string[] = []) => uids.filter((uid) => !tracked.has(uid)).length;
  const succeededIndexes = new Set(parseIndexes(status.completedIndexes, completions));
  const release: Pod[] = [];
  for (const [uid, pod] of tracked) {
    const isFailed = isPodFailed(job, pod);
    if (!isFailed && pod.status?.phase !== 'Succeeded' && job.metadata?.deletionTimestamp === undefined) continue;
    release.push(pod);
    if (succeeded.includes(uid) || failed.includes(uid)) continue;
    const index = indexOf(pod);
    const counts = !isIndexed(job) || (index !== undefined && index < completions);
    if (pod.status?.phase === 'Succeeded') {
      if (!isIndexed(job)) succeeded.push(uid);
      else if (counts && index !== undefined) succeededIndexes.add(index);
    } else if (isFailed && counts && judgeFailure(job, pod).action !== 'Ignore') failed.push(uid);
  }
  const counted = {
    succeeded: isIndexed(job) ? succeededIndexes.size : (status.succeeded ?? 0) + settled(before.succeeded),
    failed: (status.failed ?? 0) + settled(before.failed),
  };
  const active = pods.filter(isPodActive);
  return {
    active,
    ready: active.filter(isPodReady).length,
    terminating: pods.filter((pod) => pod.metadata?.deletionTimestamp !== undefined && !isPodFinished(pod)).length,
    counted,
    uncounted: { succeeded, failed },
    succeeded: counted.succeeded + succeeded.length,
    failed: counted.failed + failed.length,
    release,
    succeededIndexes,
    failedIndexes: findFailedIndexes(job, pods, succeededIndexes),
  };
}

/** The indexes that are given up: their pods failed more often than backoffLimitPerIndex, or a rule said FailIndex. */
function findFailedIndexes(job: Job, pods: readonly Pod[], succeeded: ReadonlySet<number>): ReadonlySet<number> {
  const limit = job.spec?.backoffLimitPerIndex;
  const completions = job.spec?.completions ?? 0;
  if (limit === undefined) return new Set();
  const found = new Set(parseIndexes(job.status?.failedIndexes, completions));
  for (const pod of pods) {
    const index = indexOf(pod);
    if (index === undefined || index >= completions || succeeded.has(index) || !isPodFailed(job, pod)) continue;
    const { action } = judgeFailure(job, pod);
    if (action === 'FailIndex' || (action !== 'Ignore' && indexFailureCount(pod) >= limit)) found.add(index);
  }
  return found;
}
