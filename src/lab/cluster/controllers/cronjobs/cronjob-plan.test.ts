import { describe, expect, test } from 'vitest';
import type { CronJob, CronJobSpec, CronJobStatus } from 'kubernetes-types/batch/v1.js';
import type { KubeObject } from '#kube';
import { referenceTo, type StoredJob } from './cronjob-books.ts';
import { planCronJob } from './cronjob-plan.ts';

const NOW = '2026-03-01T12:00:20Z';
const NOW_MS = Date.parse(NOW);
/** 12:00:00. */
const DUE_NAME = `tick-${Date.parse('2026-03-01T12:00:00Z') / 60_000}`;

const cronJobOf = (
  spec: Partial<CronJobSpec> = {},
  status: CronJobStatus = {},
  creationTimestamp = '2026-03-01T11:30:10Z',
): CronJob & KubeObject =>
  ({
    apiVersion: 'batch/v1',
    kind: 'CronJob',
    metadata: { name: 'tick', namespace: 'default', uid: 'cron-uid', creationTimestamp },
    spec: {
      schedule: '0 * * * *',
      jobTemplate: { metadata: { labels: { app: 'tick' } }, spec: { template: {} } },
      ...spec,
    },
    status,
  }) as CronJob & KubeObject;

const jobOf = (name: string, end?: 'Complete' | 'Failed', startTime = '2026-03-01T11:00:00Z'): StoredJob => ({
  apiVersion: 'batch/v1',
  kind: 'Job',
  metadata: { name, namespace: 'default', uid: `uid-${name}`, resourceVersion: '1' },
  status: {
    startTime,
    ...(end === undefined ? {} : { conditions: [{ type: end, status: 'True' }] }),
    ...(end === 'Complete' ? { completionTime: startTime.replace(':00Z', ':30Z') } : {}),
  },
});
const plan = (cronJob: CronJob & KubeObject, jobs: readonly StoredJob[] = []) => planCronJob(cronJob, jobs, NOW_MS);
const outcome = (cronJob: CronJob & KubeObject, jobs: readonly StoredJob[] = []) => {
  const { create, remove, events } = plan(cronJob, jobs);
  return {
    create: create?.job.metadata?.name,
    remove: remove.map(({ metadata }) => metadata.name),
    events: events.map(({ reason }) => reason),
  };
};

test('a start that is due is made once, with a name that tells the minute', () => {
  const { create, againAfterMs } = plan(cronJobOf());
  expect(create).toMatchObject({
    scheduleTime: '2026-03-01T12:00:00Z',
    job: {
      metadata: {
        name: DUE_NAME,
        labels: { app: 'tick' },
        annotations: { 'batch.kubernetes.io/cronjob-scheduled-timestamp': '2026-03-01T12:00:00Z' },
        ownerReferences: [{ kind: 'CronJob', uid: 'cron-uid', controller: true }],
      },
    },
  });
  expect(againAfterMs).toBe(60 * 60_000 - 20_000 + 100);
  expect(outcome(cronJobOf({}, { lastScheduleTime: '2026-03-01T12:00:00Z' })).create).toBeUndefined();
});

describe('a start is not made', () => {
  test.each<[string, CronJob & KubeObject, StoredJob[], string[]]>([
    ['before its time', cronJobOf({}, {}, '2026-03-01T12:00:10Z'), [], []],
    ['while suspended', cronJobOf({ suspend: true }), [], []],
    ['too late', cronJobOf({ startingDeadlineSeconds: 10 }), [], []],
    [
      'while another runs, when that is forbidden',
      cronJobOf({ concurrencyPolicy: 'Forbid' }, { active: [referenceTo(jobOf('a'))] }),
      [jobOf('a')],
      ['JobAlreadyActive'],
    ],
    ['by a schedule that cannot be read', cronJobOf({ schedule: '61 * * * *' }), [], ['UnparseableSchedule']],
  ])('%s', (_name, cronJob, jobs, events) => {
    expect(outcome(cronJob, jobs)).toEqual({ create: undefined, remove: [], events });
  });
});

describe('while another Job runs', () => {
  const status = { active: [referenceTo(jobOf('a'))] };

  test('Allow starts one more', () => {
    expect(outcome(cronJobOf({ concurrencyPolicy: 'Allow' }, status), [jobOf('a')])).toMatchObject({
      create: DUE_NAME,
      remove: [],
    });
  });

  test('Replace ends it first', () => {
    const replaced = plan(cronJobOf({ concurrencyPolicy: 'Replace' }, status), [jobOf('a')]);
    expect(replaced.remove.map(({ metadata }) => metadata.name)).toEqual(['a']);
    expect(replaced.status.active).toBeUndefined();
    expect(replaced.create?.job.metadata?.name).toBe(DUE_NAME);
  });
});

describe('missed starts', () => {
  test('of several only the last is made up for', () => {
    const lastScheduleTime = '2026-03-01T05:00:00Z';
    expect(outcome(cronJobOf({}, { lastScheduleTime }))).toMatchObject({ create: DUE_NAME, events: [] });
  });

  test('more than a hundred are worth a warning', () => {
    const cronJob = cronJobOf({ schedule: '* * * * *' }, { lastScheduleTime: '2026-03-01T10:00:00Z' });
    expect(outcome(cronJob)).toMatchObject({ create: DUE_NAME, events: ['TooManyMissedTimes'] });
  });

  test('a deadline limits how far it looks back', () => {
    const spec = { schedule: '* * * * *', startingDeadlineSeconds: 200 };
    expect(outcome(cronJobOf(spec, { lastScheduleTime: '2026-03-01T10:00:00Z' }))).toMatchObject({
      create: DUE_NAME,
      events: [],
    });
  });

  test('the time zone counts', () => {
    const cronJob = cronJobOf({ schedule: '0 13 * * *', timeZone: 'Europe/Berlin' });
    expect(outcome(cronJob).create).toBe(DUE_NAME);
  });
});

describe('books', () => {
  const lastScheduleTime = '2026-03-01T12:00:00Z';

  test('Jobs that ended or went missing are struck out, and a success is noted', () => {
    const active = [jobOf('done'), jobOf('gone'), jobOf('runs')].map(referenceTo);
    const { status, events } = plan(cronJobOf({}, { lastScheduleTime, active }), [
      jobOf('done', 'Complete'),
      jobOf('runs'),
    ]);
    expect(status.active).toMatchObject([{ name: 'runs' }]);
    expect(status.lastSuccessfulTime).toBe('2026-03-01T11:00:30Z');
    expect(events.map(({ message }) => message)).toEqual([
      'Saw completed job: done, condition: Complete',
      'Active job went missing: gone',
    ]);
  });

  test('a Job that somebody made from it is a surprise', () => {
    expect(outcome(cronJobOf({}, { lastScheduleTime }), [jobOf('manual')]).events).toEqual(['UnexpectedJob']);
  });

  test('three successes and one failure are kept, unless it is said otherwise', () => {
    const jobs = [1, 2, 3, 4, 5].flatMap((hour) => [
      jobOf(`ok-${hour}`, 'Complete', `2026-03-01T0${hour}:00:00Z`),
      jobOf(`bad-${hour}`, 'Failed', `2026-03-01T0${hour}:00:00Z`),
    ]);
    const status = { lastScheduleTime };
    expect(outcome(cronJobOf({}, status), jobs).remove).toEqual(['ok-1', 'ok-2', 'bad-1', 'bad-2', 'bad-3', 'bad-4']);
    const limits = { successfulJobsHistoryLimit: 5, failedJobsHistoryLimit: 5 };
    expect(outcome(cronJobOf(limits, status), jobs).remove).toEqual([]);
  });
});
