import type { Job } from 'kubernetes-types/batch/v1.js';
import type { Pod } from '#kube';
import { podCondition } from '../workloads/pod-state.ts';
import { indexFailureCount, indexOf } from './job-pods.ts';
import { isPodFailed } from './job-tally.ts';
import { judgeFailure } from './pod-failure-policy.ts';

// DefaultJobPodFailureBackOff and MaxJobPodFailureBackOff of the Job controller.
const FIRST_MS = 10_000;
const LONGEST_MS = 600_000;

const pauseMs = (failures: number) => (failures === 0 ? 0 : Math.min(LONGEST_MS, FIRST_MS * 2 ** (failures - 1)));

const timeMs = (time: string | undefined) => Date.parse(time ?? '') || 0;

/** When a pod ended: by its containers, or else when it stopped to be ready, was deleted, or was made. */
export function finishedAtMs(pod: Pod): number {
  const { status, metadata } = pod;
  const ends = (status?.containerStatuses ?? []).map(({ state }) => timeMs(state?.terminated?.finishedAt));
  if (ends.length > 0 && ends.every((end) => end > 0)) return Math.max(...ends);
  const ready = podCondition(pod, 'Ready');
  if (ready?.status === 'False' && ready.lastTransitionTime !== undefined) return timeMs(ready.lastTransitionTime);
  return timeMs(metadata?.deletionTimestamp) || timeMs(metadata?.creationTimestamp);
}

/**
 * How long the Job waits before it creates another pod: 10 s after a failure, twice as long after each further one
 * without a success between, at most ten minutes. It is read from the pods that are still there.
 */
export function jobBackoffMs(job: Job, pods: readonly Pod[], nowMs: number): number {
  const succeeded = pods.filter((pod) => pod.status?.phase === 'Succeeded').map(finishedAtMs);
  const lastSuccessMs = Math.max(0, ...succeeded);
  const failures = pods
    .filter((pod) => pod.status?.phase === 'Failed' && judgeFailure(job, pod).action !== 'Ignore')
    .map(finishedAtMs)
    .filter((ms) => ms >= lastSuccessMs);
  return remainingMs(failures.length, Math.max(0, ...failures), nowMs);
}

/** The failures of an index, and how long it waits for its next pod (backoffLimitPerIndex). */
export function indexBackoff(
  job: Job,
  pods: readonly Pod[],
  index: number,
  nowMs: number,
): { readonly failures: number; readonly waitMs: number } {
  const ended = pods.filter((pod) => indexOf(pod) === index && isPodFailed(job, pod));
  const failures = ended.map((pod) => indexFailureCount(pod) + (judgeFailure(job, pod).action === 'Ignore' ? 0 : 1));
  const count = Math.max(0, ...failures);
  return { failures: count, waitMs: remainingMs(count, Math.max(0, ...ended.map(finishedAtMs)), nowMs) };
}

function remainingMs(failures: number, sinceMs: number, nowMs: number): number {
  return Math.max(0, sinceMs + pauseMs(failures) - nowMs);
}
