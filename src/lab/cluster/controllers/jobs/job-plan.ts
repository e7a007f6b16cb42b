import type { Job, JobStatus } from 'kubernetes-types/batch/v1.js';
import type { Pod } from '#kube';
import type { EventText } from '../reconcile/events.ts';
import { wireTime } from '../reconcile/wire-time.ts';
import { isPodActive, isPodFinished } from '../workloads/pod-state.ts';
import { compareForDeletion } from '../workloads/replicaset-plan.ts';
import { renderIndexes } from './index-list.ts';
import { indexBackoff, jobBackoffMs } from './job-backoff.ts';
import { endOfJob, trueCondition, withCondition, type JobConditionText } from './job-conditions.ts';
import { deadlineInMs, planOutcome, type JobState } from './job-outcome.ts';
import { indexOf, isIndexed, type JobPodRequest } from './job-pods.ts';
import { isTracked, replacesOnlyFailed, tallyJob, type JobTally } from './job-tally.ts';

/** What one look at a Job leads to, in this order: write the status, tell the events, then change pods. */
export interface JobPlan {
  readonly status: JobStatus;
  readonly events: readonly EventText[];
  /** Pods to be freed of the tracking finalizer; their uids are in the status. */
  readonly release: readonly Pod[];
  readonly remove: readonly Pod[];
  readonly create: readonly JobPodRequest[];
  /** When something is due by time alone: a back-off, a deadline. */
  readonly againAfterMs: number | undefined;
}

/** Which pods to create and to delete. */
interface PodChanges {
  readonly remove: readonly Pod[];
  readonly create: readonly JobPodRequest[];
  readonly waitMs?: number;
}

// MaxPodCreateDeletePerSync.
const BURST = 500;

/** Compares a Job with its pods, by the rules of Kubernetes' Job controller. */
export function planJob(job: Job, pods: readonly Pod[], nowMs: number): JobPlan {
  if (endOfJob(job) !== undefined) {
    const release = pods.filter(isTracked);
    return { status: job.status ?? {}, events: [], release, remove: [], create: [], againAfterMs: undefined };
  }
  const tally = tallyJob(job, pods);
  const state = { job, pods, tally, nowMs };
  const outcome = planOutcome(state);
  const isOver = outcome !== undefined && isSettled(tally);
  const changes = planPods(state, outcome);
  const progress = planConditions(job, outcome, isOver, nowMs);
  const deadlineMs = outcome === undefined ? deadlineInMs({ ...job, status: progress.status }, nowMs) : undefined;
  const waits = [changes.waitMs, deadlineMs].filter((wait): wait is number => wait !== undefined);
  return {
    status: { ...progress.status, ...countsOf(job, tally) },
    events: progress.events,
    release: tally.release,
    remove: changes.remove,
    create: changes.create,
    againAfterMs: waits.length === 0 ? undefined : Math.max(1, Math.min(...waits)),
  };
}

/** Whether no pod runs, ends or waits to be counted any more. */
function isSettled({ active, terminating, uncounted, release }: JobTally): boolean {
  return active.length + terminating + release.length + uncounted.succeeded.length + uncounted.failed.length === 0;
}

function countsOf(job: Job, tally: JobTally): JobStatus {
  const { active, ready, terminating, counted, uncounted, succeededIndexes, failedIndexes } = tally;
  const limitsIndexes = job.spec?.backoffLimitPerIndex !== undefined;
  return {
    ...count('active', active.length),
    ...count('succeeded', counted.succeeded),
    ...count('failed', counted.failed),
    ready,
    terminating,
    uncountedTerminatedPods: {
      ...(uncounted.succeeded.length === 0 ? {} : { succeeded: [...uncounted.succeeded] }),
      ...(uncounted.failed.length === 0 ? {} : { failed: [...uncounted.failed] }),
    },
    ...(isIndexed(job) && succeededIndexes.size > 0 ? { completedIndexes: renderIndexes(succeededIndexes) } : {}),
    ...(limitsIndexes ? { failedIndexes: renderIndexes(failedIndexes) } : {}),
  };
}

/** Go leaves out a plain number that is 0. */
const count = (field: string, value: number) => (value === 0 ? {} : { [field]: value });

function planConditions(
  job: Job,
  outcome: JobConditionText | undefined,
  isOver: boolean,
  nowMs: number,
): { readonly status: JobStatus; readonly events: readonly EventText[] } {
  const { active: _active, succeeded: _succeeded, failed: _failed, ...status } = job.status ?? {};
  const events: EventText[] = [];
  let conditions = status.conditions ?? [];
  const set = (text: JobConditionText) => {
    conditions = [...withCondition(conditions, text, nowMs)];
  };
  const suspended = job.spec?.suspend === true;
  let { startTime } = status;
  if (!suspended) startTime ??= wireTime(nowMs);
  if (outcome !== undefined) {
    set(outcome);
    const { reason, message } = outcome;
    const failed = outcome.type === 'FailureTarget';
    if (isOver) set({ type: failed ? 'Failed' : 'Complete', status: 'True', reason, message });
    if (isOver && failed) events.push({ type: 'Warning', reason, message });
    if (isOver && !failed) events.push({ type: 'Normal', reason: 'Completed', message: 'Job completed' });
  } else if (job.metadata?.deletionTimestamp === undefined) {
    const was = trueCondition(job, 'Suspended') !== undefined;
    if (suspended && !was) {
      set({ type: 'Suspended', status: 'True', reason: 'JobSuspended', message: 'Job suspended' });
      events.push({ type: 'Normal', reason: 'Suspended', message: 'Job suspended' });
    }
    if (!suspended && was) {
      set({ type: 'Suspended', status: 'False', reason: 'JobResumed', message: 'Job resumed' });
      events.push({ type: 'Normal', reason: 'Resumed', message: 'Job resumed' });
      // The time that activeDeadlineSeconds count from begins anew.
      startTime = wireTime(nowMs);
    }
  }
  const completed = isOver && outcome?.type === 'SuccessCriteriaMet';
  return {
    status: {
      ...status,
      ...(conditions.length === 0 ? {} : { conditions }),
      ...(startTime === undefined ? {} : { startTime }),
      ...(completed ? { completionTime: wireTime(nowMs) } : {}),
    },
    events,
  };
}

function planPods(state: JobState, outcome: JobConditionText | undefined): PodChanges {
  const { job, pods, tally, nowMs } = state;
  const { active } = tally;
  if (job.metadata?.deletionTimestamp !== undefined) return { remove: [], create: [] };
  if (outcome !== undefined || job.spec?.suspend === true) return { remove: active, create: [] };
  const wanted = wantedActive(job, tally);
  const surplus = planSurplus(job, tally, Math.max(0, active.length - wanted));
  if (surplus.length > 0) return { remove: surplus, create: [] };
  const missing = wanted - active.length - (replacesOnlyFailed(job) ? tally.terminating : 0);
  if (missing <= 0) return { remove: [], create: [] };
  if (job.spec?.backoffLimitPerIndex !== undefined) return planLimitedIndexes(state, missing);
  const waitMs = jobBackoffMs(job, pods, nowMs);
  if (waitMs > 0) return { remove: [], create: [], waitMs };
  const number = Math.min(missing, BURST);
  if (!isIndexed(job)) return { remove: [], create: Array.from({ length: number }, () => ({})) };
  const create = pendingIndexes(state)
    .slice(0, number)
    .map((index) => ({ index }));
  return { remove: [], create };
}

/** How many pods may run now. */
function wantedActive({ spec }: Job, { succeeded, active, failedIndexes }: JobTally): number {
  const { completions, parallelism = 1 } = spec ?? {};
  // A Job without completions is over after its first success: what runs then may end, and nothing new begins.
  if (completions === undefined) return succeeded > 0 ? Math.min(active.length, parallelism) : parallelism;
  return Math.max(0, Math.min(completions - succeeded - failedIndexes.size, parallelism));
}

/** Pods that are too many: those whose index is not wanted or has another pod, and then as a ReplicaSet would choose. */
function planSurplus(job: Job, { active, succeededIndexes, failedIndexes }: JobTally, atLeast: number): readonly Pod[] {
  const sorted = [...active].sort(compareForDeletion);
  if (!isIndexed(job)) return sorted.slice(0, Math.min(atLeast, BURST));
  const seen = new Set<number>();
  const isWanted = (pod: Pod) => {
    const index = indexOf(pod);
    if (index === undefined || index >= (job.spec?.completions ?? 0) || seen.has(index)) return false;
    seen.add(index);
    return !succeededIndexes.has(index) && !failedIndexes.has(index);
  };
  // Of two pods of an index the one stays that would be chosen last.
  const wanted = new Set([...sorted].reverse().filter(isWanted));
  const unwanted = sorted.filter((pod) => !wanted.has(pod));
  const others = sorted.filter((pod) => wanted.has(pod)).slice(0, Math.max(0, atLeast - unwanted.length));
  return [...unwanted, ...others].slice(0, BURST);
}

/** The lowest indexes that have no pod and need one. */
function pendingIndexes({ job, pods, tally }: JobState): readonly number[] {
  const completions = job.spec?.completions ?? 0;
  const isBusy = (pod: Pod) => isPodActive(pod) || (replacesOnlyFailed(job) && !isPodFinished(pod));
  const taken = new Set(pods.filter(isBusy).map(indexOf));
  return Array.from({ length: completions }, (_, index) => index).filter(
    (index) => !taken.has(index) && !tally.succeededIndexes.has(index) && !tally.failedIndexes.has(index),
  );
}

/** With a limit per index each index waits by itself. */
function planLimitedIndexes(state: JobState, missing: number): PodChanges {
  const create: JobPodRequest[] = [];
  const waits: number[] = [];
  for (const index of pendingIndexes(state)) {
    const { failures, waitMs } = indexBackoff(state.job, state.pods, index, state.nowMs);
    if (waitMs > 0) waits.push(waitMs);
    else if (create.length < Math.min(missing, BURST)) create.push({ index, failures });
  }
  return { remove: [], create, ...(waits.length === 0 ? {} : { waitMs: Math.min(...waits) }) };
}
