import { describe, expect, test } from 'vitest';
import type { Job, JobSpec, JobStatus } from 'kubernetes-types/batch/v1.js';
import type { Pod } from '#kube';
import { JOB_TRACKING } from './job-pods.ts';
import { planJob } from './job-plan.ts';

const NOW = Date.parse('2026-03-01T12:00:00Z');
const ago = (seconds: number) => new Date(NOW - seconds * 1000).toISOString().replace('.000', '');

const jobOf = (spec: Partial<JobSpec> = {}, status: JobStatus = { startTime: ago(60) }): Job => ({
  metadata: { name: 'pi', namespace: 'default', uid: 'job-uid' },
  spec: { completions: 1, parallelism: 1, backoffLimit: 6, template: {}, ...spec },
  status,
});

interface PodLike {
  readonly uid: string;
  readonly phase?: string;
  readonly index?: number;
  readonly endedAgo?: number;
  readonly exitCode?: number;
  readonly deleting?: boolean;
  readonly counted?: boolean;
  readonly restarts?: number;
  readonly failures?: number;
}

const podOf = ({ uid, phase = 'Running', index, endedAgo = 0, restarts = 0, failures, ...more }: PodLike): Pod => ({
  metadata: {
    name: `pi-${uid}`,
    namespace: 'default',
    uid,
    finalizers: more.counted === true ? [] : [JOB_TRACKING],
    annotations: {
      ...(index === undefined ? {} : { 'batch.kubernetes.io/job-completion-index': String(index) }),
      ...(failures === undefined ? {} : { 'batch.kubernetes.io/job-index-failure-count': String(failures) }),
    },
    ...(more.deleting === true ? { deletionTimestamp: ago(1) } : {}),
  },
  status: {
    phase,
    containerStatuses: [
      {
        name: 'main',
        image: 'i',
        imageID: '',
        ready: false,
        restartCount: restarts,
        state:
          phase === 'Succeeded' || phase === 'Failed'
            ? { terminated: { exitCode: more.exitCode ?? (phase === 'Failed' ? 1 : 0), finishedAt: ago(endedAgo) } }
            : {},
      },
    ],
  },
});

const plan = (job: Job, pods: readonly PodLike[] = []) => planJob(job, pods.map(podOf), NOW);
const conditions = ({ status }: { status: JobStatus }) =>
  (status.conditions ?? []).map(({ type, status: value, reason }) => `${type}=${value} ${reason ?? ''}`);
const running = (uid: string): PodLike => ({ uid });
const succeeded = (uid: string, counted = false): PodLike => ({ uid, phase: 'Succeeded', counted });
const failed = (uid: string, endedAgo = 1000, counted = false): PodLike => ({
  uid,
  phase: 'Failed',
  endedAgo,
  counted,
});

describe('how many pods run', () => {
  test.each<[string, Partial<JobSpec>, JobStatus, PodLike[], number, number]>([
    ['one to begin with', {}, {}, [], 1, 0],
    ['no second one', {}, {}, [running('a')], 0, 0],
    ['as many as parallelism says', { completions: 5, parallelism: 2 }, {}, [], 2, 0],
    ['no more than are left', { completions: 5, parallelism: 4 }, { succeeded: 3 }, [], 2, 0],
    ['none with parallelism 0', { parallelism: 0 }, {}, [], 0, 0],
    ['fewer after parallelism went down', { completions: 5 }, {}, [running('a'), running('b')], 0, 1],
    ['none while suspended', { suspend: true }, {}, [], 0, 0],
    ['those that run are ended on suspension', { suspend: true, completions: 2 }, {}, [running('a')], 0, 1],
    ['a pod that is being deleted is replaced', {}, {}, [{ uid: 'a', deleting: true }], 1, 0],
    ['unless only ended ones are', { podReplacementPolicy: 'Failed' }, {}, [{ uid: 'a', deleting: true }], 0, 0],
  ])('%s', (_name, spec, status, pods, create, remove) => {
    const result = plan(jobOf(spec, { startTime: ago(60), ...status }), pods);
    expect([result.create.length, result.remove.length]).toEqual([create, remove]);
  });

  test('without completions no new pod begins after the first success', () => {
    const spec = { parallelism: 2 };
    const { completions: _completions, ...rest } = jobOf(spec).spec as JobSpec;
    const job = { ...jobOf(), spec: rest };
    expect(plan(job).create).toHaveLength(2);
    expect(plan(job, [succeeded('a'), running('b')])).toMatchObject({ create: [], remove: [] });
  });
});

describe('counting', () => {
  test('a pod that ended is named in the status before it is let go, and counted after', () => {
    const first = plan(jobOf(), [succeeded('a')]);
    expect(first.status.uncountedTerminatedPods).toEqual({ succeeded: ['a'] });
    expect(first.status.succeeded).toBeUndefined();
    expect(first.release.map(({ metadata }) => metadata?.uid)).toEqual(['a']);
    const second = plan(jobOf({}, first.status), [succeeded('a', true)]);
    expect(second.status).toMatchObject({ succeeded: 1, uncountedTerminatedPods: {} });
    expect(second.release).toEqual([]);
  });

  test('it counts once, whether or not its object is still there', () => {
    const status = { startTime: ago(60), failed: 2, uncountedTerminatedPods: { failed: ['a'] } };
    expect(plan(jobOf({}, status), []).status.failed).toBe(3);
    expect(plan(jobOf({}, status), [failed('a', 1000, true)]).status.failed).toBe(3);
    expect(plan(jobOf({}, status), [failed('a')]).status.failed).toBe(2);
  });

  test('a pod that somebody deletes has failed', () => {
    expect(plan(jobOf(), [{ uid: 'a', deleting: true }]).status).toMatchObject({
      terminating: 1,
      uncountedTerminatedPods: { failed: ['a'] },
    });
  });
});

describe('the end', () => {
  test('success is announced at once, and the Job is complete when the last pod is counted', () => {
    const first = plan(jobOf(), [succeeded('a')]);
    expect(conditions(first)).toEqual(['SuccessCriteriaMet=True CompletionsReached']);
    expect(first.status.completionTime).toBeUndefined();
    const last = plan(jobOf({}, first.status), [succeeded('a', true)]);
    expect(conditions(last)).toEqual([
      'SuccessCriteriaMet=True CompletionsReached',
      'Complete=True CompletionsReached',
    ]);
    expect(last.status.completionTime).toBe(ago(0));
    expect(last.events).toEqual([{ type: 'Normal', reason: 'Completed', message: 'Job completed' }]);
  });

  test.each<[string, Partial<JobSpec>, JobStatus, PodLike[], string]>([
    ['more failures than the limit', { backoffLimit: 0 }, {}, [failed('a')], 'BackoffLimitExceeded'],
    ['with those counted before', { backoffLimit: 2 }, { failed: 2 }, [failed('a')], 'BackoffLimitExceeded'],
    [
      'restarts of containers',
      { backoffLimit: 3, template: { spec: { restartPolicy: 'OnFailure', containers: [] } } },
      {},
      [{ uid: 'a', restarts: 3 }],
      'BackoffLimitExceeded',
    ],
    ['the deadline', { activeDeadlineSeconds: 60 }, {}, [running('a')], 'DeadlineExceeded'],
    [
      'a rule for an exit code',
      { podFailurePolicy: { rules: [{ action: 'FailJob', onExitCodes: { operator: 'In', values: [42] } }] } },
      {},
      [{ uid: 'a', phase: 'Failed', exitCode: 42, endedAgo: 1000 }],
      'PodFailurePolicy',
    ],
  ])('fails after %s', (_name, spec, status, pods, reason) => {
    const result = plan(jobOf(spec, { startTime: ago(60), ...status }), pods);
    expect(conditions(result)).toEqual([`FailureTarget=True ${reason}`]);
    expect(result.create).toEqual([]);
    expect(result.remove).toHaveLength(pods.filter(({ phase }) => phase === undefined).length);
  });

  test('a failed Job says so when its pods have ended, with the reason of the decision', () => {
    const first = plan(jobOf({ activeDeadlineSeconds: 60 }), [running('a')]);
    const waiting = plan(jobOf({}, first.status), [{ uid: 'a', deleting: true }]);
    expect(conditions(waiting)).toEqual(['FailureTarget=True DeadlineExceeded']);
    const last = plan(jobOf({}, waiting.status), []);
    expect(conditions(last)).toEqual(['FailureTarget=True DeadlineExceeded', 'Failed=True DeadlineExceeded']);
    expect(last.events).toEqual([
      { type: 'Warning', reason: 'DeadlineExceeded', message: 'Job was active longer than specified deadline' },
    ]);
  });

  test('nothing follows it but that forgotten pods are let go', () => {
    const status: JobStatus = { conditions: [{ type: 'Complete', status: 'True' }] };
    expect(plan(jobOf({ completions: 9 }, status), [succeeded('a')])).toMatchObject({ status, create: [], remove: [] });
  });
});

describe('back-off', () => {
  test.each<[string, PodLike[], number]>([
    ['10 s after one failure', [failed('a', 4)], 6_000],
    ['20 s after two', [failed('a', 50), failed('b', 5)], 15_000],
    ['40 s after three', [failed('a', 90), failed('b', 60), failed('c', 1)], 39_000],
    ['never more than ten minutes', Array.from({ length: 9 }, (_, i) => failed(String(i), 100)), 500_000],
    ['counted anew after a success', [failed('a', 50), { ...succeeded('b'), endedAgo: 20 }, failed('c', 4)], 6_000],
  ])('%s', (_name, pods, againAfterMs) => {
    expect(plan(jobOf({ completions: 9, backoffLimit: 99 }), pods)).toMatchObject({ create: [], againAfterMs });
  });

  test('is over when its time has passed', () => {
    expect(plan(jobOf(), [failed('a', 10)]).create).toHaveLength(1);
  });

  test('failures that a rule ignores do not count', () => {
    const rules = [{ action: 'Ignore', onPodConditions: [{ type: 'DisruptionTarget', status: 'True' }] }];
    const pod = podOf(failed('a', 1));
    const disrupted = { ...pod, status: { ...pod.status, conditions: [{ type: 'DisruptionTarget', status: 'True' }] } };
    const result = planJob(jobOf({ podFailurePolicy: { rules }, backoffLimit: 0 }), [disrupted], NOW);
    expect(result.status.uncountedTerminatedPods).toEqual({});
    expect(result.release).toHaveLength(1);
    expect(result.create).toHaveLength(1);
  });
});

describe('Indexed', () => {
  const indexed = (spec: Partial<JobSpec> = {}, status: JobStatus = {}) =>
    jobOf({ completionMode: 'Indexed', completions: 5, parallelism: 3, ...spec }, { startTime: ago(60), ...status });

  test('the lowest indexes without a pod come first', () => {
    const pods = [{ uid: 'a', index: 1 }];
    expect(plan(indexed({}, { completedIndexes: '0' }), pods).create).toEqual([{ index: 2 }, { index: 3 }]);
  });

  test('an index that succeeded twice counts once', () => {
    const pods = [
      { ...succeeded('a'), index: 1 },
      { ...succeeded('b'), index: 1 },
    ];
    expect(plan(indexed(), pods).status).toMatchObject({ completedIndexes: '1', succeeded: 1 });
  });

  test('of two pods of an index one goes', () => {
    const pods = [
      { uid: 'a', index: 0 },
      { uid: 'b', index: 0 },
    ];
    expect(plan(indexed(), pods).remove).toHaveLength(1);
  });

  test('an index that is given up leaves the others running, and in the end the Job has failed', () => {
    const spec = { backoffLimitPerIndex: 1, backoffLimit: 2 ** 31 - 1, completions: 2, parallelism: 2 };
    const once = { ...failed('a'), index: 0, failures: 0 };
    expect(plan(indexed(spec), [once, { uid: 'b', index: 1 }]).create).toEqual([{ index: 0, failures: 1 }]);
    const twice = { ...failed('c'), index: 0, failures: 1 };
    const given = plan(indexed(spec), [once, twice, { uid: 'b', index: 1 }]);
    expect(given).toMatchObject({ create: [], status: { failedIndexes: '0' } });
    expect(conditions(given)).toEqual([]);
    const last = plan(indexed(spec, given.status), [once, twice, { ...succeeded('b'), index: 1 }]);
    expect(conditions(last)).toEqual(['FailureTarget=True FailedIndexes']);
  });

  test('a success policy ends it early', () => {
    const rules = [{ succeededIndexes: '0,3', succeededCount: 1 }];
    const pods = [
      { ...succeeded('a'), index: 3 },
      { uid: 'b', index: 1 },
    ];
    const result = plan(indexed({ successPolicy: { rules } }), pods);
    expect(conditions(result)).toEqual(['SuccessCriteriaMet=True SuccessPolicy']);
    expect(result.remove.map(({ metadata }) => metadata?.uid)).toEqual(['b']);
  });
});

describe('suspension', () => {
  test('is a condition and an event, and the deadline counts from the resumption', () => {
    const first = plan(jobOf({ suspend: true, activeDeadlineSeconds: 100 }, {}));
    expect(conditions(first)).toEqual(['Suspended=True JobSuspended']);
    expect(first.status.startTime).toBeUndefined();
    const resumed = plan(jobOf({ activeDeadlineSeconds: 100 }, first.status));
    expect(conditions(resumed)).toEqual(['Suspended=False JobResumed']);
    expect(resumed).toMatchObject({ status: { startTime: ago(0) }, againAfterMs: 100_000 });
    expect([...first.events, ...resumed.events].map(({ reason }) => reason)).toEqual(['Suspended', 'Resumed']);
  });
});
