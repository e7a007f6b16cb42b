import type { CronJob } from 'kubernetes-types/batch/v1.js';
import type { CronSchedule } from '../../cron-schedule.ts';

/** When a CronJob should have started, and when it starts next. */
export interface CronTimes {
  /** The last start that is due and was not made, milliseconds since the epoch. */
  readonly dueMs: number | undefined;
  /** More than a hundred starts were missed since the last one. */
  readonly tooManyMissed: boolean;
  readonly nextMs: number | undefined;
}

const MANY = 100;

/** Counts from the last start (or the creation), but not further back than startingDeadlineSeconds. */
export function cronTimes({ metadata, spec, status }: CronJob, schedule: CronSchedule, nowMs: number): CronTimes {
  const lastMs = Date.parse(status?.lastScheduleTime ?? metadata?.creationTimestamp ?? '') || nowMs;
  const deadlineMs = (spec?.startingDeadlineSeconds ?? Infinity) * 1000;
  const sinceMs = Math.max(lastMs, nowMs - deadlineMs);
  const first = schedule.next(sinceMs);
  if (first === undefined || first > nowMs) return { dueMs: undefined, tooManyMissed: false, nextMs: first };
  const second = schedule.next(first);
  if (second === undefined || second > nowMs) return { dueMs: first, tooManyMissed: false, nextMs: second };
  // As the CronJob controller: an estimate by the first pause, from which the last start is then looked for.
  const pauseMs = second - first;
  const missed = Math.floor((nowMs - first) / pauseMs) + 1;
  let dueMs = first;
  let next = schedule.next(first + (missed - 2) * pauseMs);
  while (next !== undefined && next <= nowMs) {
    dueMs = next;
    next = schedule.next(next);
  }
  return { dueMs, tooManyMissed: missed > MANY, nextMs: next };
}
