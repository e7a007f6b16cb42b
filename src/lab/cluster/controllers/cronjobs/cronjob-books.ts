import type { CronJob, CronJobStatus, Job } from 'kubernetes-types/batch/v1.js';
import type { ObjectReference } from 'kubernetes-types/core/v1.js';
import type { KubeObject } from '#kube';
import { endOfJob, trueCondition } from '../jobs/job-conditions.ts';
import type { EventText } from '../reconcile/events.ts';

/** A Job as the API server has it. */
export type StoredJob = Job & KubeObject;

/** What a CronJob notes of its Jobs. */
export interface CronBooks {
  readonly status: CronJobStatus;
  readonly events: readonly EventText[];
}

/** The entry of a Job in `status.active`. */
export function referenceTo({ metadata }: StoredJob): ObjectReference {
  const { name = '', namespace = '', uid = '', resourceVersion = '' } = metadata;
  return { kind: 'Job', namespace, name, uid, apiVersion: 'batch/v1', resourceVersion };
}

/** Strikes out Jobs that ended or are gone, and tells of those that it did not create. */
export function keepBooks({ status = {}, metadata }: CronJob, jobs: readonly StoredJob[]): CronBooks {
  const events: EventText[] = [];
  const { active: before = [], ...rest } = status;
  const byUid = new Map(jobs.map((job) => [job.metadata.uid, job]));
  let { lastSuccessfulTime } = status;
  const active = before.filter((entry) => {
    const job = byUid.get(entry.uid);
    const end = job === undefined ? undefined : endOfJob(job);
    if (job === undefined) {
      events.push({ type: 'Normal', reason: 'MissingJob', message: `Active job went missing: ${entry.name ?? ''}` });
    } else if (end !== undefined) {
      const message = `Saw completed job: ${entry.name ?? ''}, condition: ${end.type}`;
      events.push({ type: 'Normal', reason: 'SawCompletedJob', message });
    }
    return job !== undefined && end === undefined;
  });
  for (const job of jobs) {
    const completedAt = trueCondition(job, 'Complete') === undefined ? undefined : job.status?.completionTime;
    if (completedAt !== undefined && completedAt > (lastSuccessfulTime ?? '')) lastSuccessfulTime = completedAt;
    const isKnown = before.some(({ uid }) => uid === job.metadata.uid);
    if (endOfJob(job) !== undefined || isKnown || metadata?.deletionTimestamp !== undefined) continue;
    const message = `Saw a job that the controller did not create or forgot: ${job.metadata.name ?? ''}`;
    events.push({ type: 'Warning', reason: 'UnexpectedJob', message });
  }
  return {
    status: {
      ...rest,
      ...(active.length === 0 ? {} : { active }),
      ...(lastSuccessfulTime === undefined ? {} : { lastSuccessfulTime }),
    },
    events,
  };
}

/** Ended Jobs beyond the history limits, oldest first: 3 that succeeded and 1 that failed are kept by default. */
export function planHistory({ spec }: CronJob, jobs: readonly StoredJob[]): readonly StoredJob[] {
  const startedAt = (job: StoredJob) => `${job.status?.startTime ?? ''} ${job.metadata.name ?? ''}`;
  const beyond = (type: string, limit: number) => {
    const ended = jobs.filter((job) => endOfJob(job)?.type === type && job.metadata.deletionTimestamp === undefined);
    const sorted = [...ended].sort((a, b) => (startedAt(a) < startedAt(b) ? -1 : 1));
    return sorted.slice(0, Math.max(0, ended.length - limit));
  };
  return [
    ...beyond('Complete', spec?.successfulJobsHistoryLimit ?? 3),
    ...beyond('Failed', spec?.failedJobsHistoryLimit ?? 1),
  ];
}
