import type { Job, JobCondition } from 'kubernetes-types/batch/v1.js';
import { wireTime } from '../reconcile/wire-time.ts';

/** A condition without its times. */
export type JobConditionText = Pick<JobCondition, 'type' | 'status'> & {
  readonly reason: string;
  readonly message: string;
};

/** The condition of that type, if it holds. */
export function trueCondition(job: Job, type: string): JobCondition | undefined {
  return job.status?.conditions?.find((condition) => condition.type === type && condition.status === 'True');
}

/** `Complete` or `Failed`, once a Job has ended. */
export function endOfJob(job: Job): JobCondition | undefined {
  return trueCondition(job, 'Complete') ?? trueCondition(job, 'Failed');
}

/** Sets a condition; its times move only with its status. */
export function withCondition(
  conditions: readonly JobCondition[],
  text: JobConditionText,
  nowMs: number,
): readonly JobCondition[] {
  const before = conditions.find(({ type }) => type === text.type);
  if (before?.status === text.status && before.reason === text.reason) return conditions;
  const time = wireTime(nowMs);
  const after: JobCondition = {
    ...text,
    lastProbeTime: time,
    lastTransitionTime: before?.status === text.status ? (before.lastTransitionTime ?? time) : time,
  };
  return before === undefined
    ? [...conditions, after]
    : conditions.map((condition) => (condition === before ? after : condition));
}
