import type { CronJob, CronJobStatus, Job } from 'kubernetes-types/batch/v1.js';
import type { KubeObject } from '#kube';
import { parseCronSchedule, type CronSchedule } from '../../cron-schedule.ts';
import type { EventText } from '../reconcile/events.ts';
import { wireTime } from '../reconcile/wire-time.ts';
import { controllerReference } from '../workloads/ownership.ts';
import { keepBooks, planHistory, type StoredJob } from './cronjob-books.ts';
import { cronTimes, type CronTimes } from './cronjob-times.ts';

/** What one look at a CronJob leads to: delete Jobs, create one, write the status, tell the events. */
export interface CronJobPlan {
  /** Without the Job that is to be created. */
  readonly status: CronJobStatus;
  readonly events: readonly EventText[];
  readonly remove: readonly StoredJob[];
  readonly create: ScheduledJob | undefined;
  /** When the next start is due. */
  readonly againAfterMs: number | undefined;
}

/** A Job to be created, and the start that it is for. */
export interface ScheduledJob {
  readonly job: Job;
  readonly scheduleTime: string;
}

// Clocks that differ a little do no harm if the CronJob controller looks a little later.
const NEXT_START_DELTA_MS = 100;
const MINUTE_MS = 60_000;

/** Decides by the rules of Kubernetes' CronJob controller (cronjob_controllerv2.go); `jobs` are those that it owns. */
export function planCronJob(cronJob: CronJob & KubeObject, jobs: readonly StoredJob[], nowMs: number): CronJobPlan {
  const books = keepBooks(cronJob, jobs);
  const plan = {
    ...books,
    remove: planHistory(cronJob, jobs),
    create: undefined,
    againAfterMs: undefined,
  } satisfies CronJobPlan;
  const { spec, metadata } = cronJob;
  if (metadata.deletionTimestamp !== undefined || spec === undefined) return plan;
  const parsed = parseCronSchedule(spec.schedule, spec.timeZone);
  if (!parsed.ok) {
    const message = `unparseable schedule: ${JSON.stringify(spec.schedule)} : ${parsed.problem}`;
    return { ...plan, events: [...plan.events, { type: 'Warning', reason: 'UnparseableSchedule', message }] };
  }
  return spec.suspend === true ? plan : withStart(cronJob, jobs, plan, parsed.schedule, nowMs);
}

/** Adds the start that is due, or the reason why there is none. */
function withStart(
  cronJob: CronJob & KubeObject,
  jobs: readonly StoredJob[],
  plan: CronJobPlan,
  schedule: CronSchedule,
  nowMs: number,
): CronJobPlan {
  const { concurrencyPolicy } = cronJob.spec ?? {};
  const times = cronTimes(cronJob, schedule, nowMs);
  const waiting = { ...plan, events: [...plan.events, ...tooMany(times)], againAfterMs: pauseMs(times, nowMs) };
  const { dueMs } = times;
  if (dueMs === undefined) return waiting;
  const { active = [], ...status } = plan.status;
  const create = planScheduledJob(cronJob, dueMs);
  const isStarted = active.some(({ name }) => name === create.job.metadata?.name);
  if (isStarted || status.lastScheduleTime === create.scheduleTime) return waiting;
  if (concurrencyPolicy === 'Forbid' && active.length > 0) {
    const message = 'Not starting job because prior execution is running and concurrency policy is Forbid';
    return { ...waiting, events: [...waiting.events, { type: 'Normal', reason: 'JobAlreadyActive', message }] };
  }
  if (concurrencyPolicy !== 'Replace') return { ...waiting, create };
  const replaced = jobs.filter(({ metadata }) => active.some(({ uid }) => uid === metadata.uid));
  return { ...waiting, create, status, remove: [...plan.remove, ...replaced] };
}

const pauseMs = ({ nextMs }: CronTimes, nowMs: number): number | undefined =>
  nextMs === undefined ? undefined : Math.max(0, nextMs - nowMs) + NEXT_START_DELTA_MS;

function tooMany({ tooManyMissed }: CronTimes): readonly EventText[] {
  const message = 'too many missed start times. Set or decrease .spec.startingDeadlineSeconds or check clock skew';
  return tooManyMissed ? [{ type: 'Warning', reason: 'TooManyMissedTimes', message }] : [];
}

/** The Job of a start: its name ends in the minutes since 1970, so that no start is made twice. */
export function planScheduledJob(cronJob: CronJob & KubeObject, dueMs: number): ScheduledJob {
  const { name = '', namespace, uid = '' } = cronJob.metadata;
  const { metadata, spec } = cronJob.spec?.jobTemplate ?? {};
  const scheduleTime = wireTime(dueMs);
  const job: Job = {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: {
      name: `${name}-${Math.floor(dueMs / MINUTE_MS)}`,
      ...(namespace === undefined ? {} : { namespace }),
      ...(metadata?.labels === undefined ? {} : { labels: metadata.labels }),
      annotations: { ...metadata?.annotations, 'batch.kubernetes.io/cronjob-scheduled-timestamp': scheduleTime },
      ownerReferences: [controllerReference({ apiVersion: 'batch/v1', kind: 'CronJob', name, uid })],
    },
    ...(spec === undefined ? {} : { spec }),
  };
  return { job, scheduleTime };
}
