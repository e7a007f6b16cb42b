import { beforeEach, describe, expect, it } from 'vitest';
import type { KubeObject, ResourceRef } from '#kube';
import { recordOf } from '../json.ts';
import { refusal } from '../testing/refusal.ts';
import { createTestApi, type TestApi } from '../testing/test-api.ts';

const STATEFUL_SETS = { group: 'apps', version: 'v1', resource: 'statefulsets' };
const DAEMON_SETS = { group: 'apps', version: 'v1', resource: 'daemonsets' };
const DEPLOYMENTS = { group: 'apps', version: 'v1', resource: 'deployments' };
const JOBS = { group: 'batch', version: 'v1', resource: 'jobs' };
const CRON_JOBS = { group: 'batch', version: 'v1', resource: 'cronjobs' };
const PODS = { group: '', version: 'v1', resource: 'pods' };
const PRIORITY_CLASSES = { group: 'scheduling.k8s.io', version: 'v1', resource: 'priorityclasses' };
const BUDGETS = { group: 'policy', version: 'v1', resource: 'poddisruptionbudgets' };

const labels = { app: 'w' };
const containers = [{ name: 'c', image: 'nginx' }];
const workload = (spec: object = {}) => ({
  metadata: { name: 'w' },
  spec: { selector: { matchLabels: labels }, template: { metadata: { labels }, spec: { containers } }, ...spec },
});
const podSpec = (more: object = {}) => ({ containers, restartPolicy: 'Never', ...more });
const job = (spec: object = {}, pod: object = {}) => ({
  metadata: { name: 'w' },
  spec: { template: { spec: podSpec(pod) }, ...spec },
});
const cronJob = (spec: object = {}) => ({
  metadata: { name: 'w' },
  spec: { schedule: '*/5 * * * *', jobTemplate: { spec: { template: { spec: podSpec() } } }, ...spec },
});

let api: TestApi;

beforeEach(async () => {
  api = await createTestApi();
});

const create = (resource: ResourceRef, body: object): Promise<KubeObject> =>
  api.access.create(resource, 'default', body);

const refusalText = async (call: Promise<unknown>) => (await refusal(call)).message ?? '';

describe('what is filled in', () => {
  it.each<[string, ResourceRef, object, object]>([
    [
      'a StatefulSet',
      STATEFUL_SETS,
      workload(),
      {
        replicas: 1,
        podManagementPolicy: 'OrderedReady',
        revisionHistoryLimit: 10,
        updateStrategy: { type: 'RollingUpdate', rollingUpdate: { partition: 0 } },
        persistentVolumeClaimRetentionPolicy: { whenDeleted: 'Retain', whenScaled: 'Retain' },
      },
    ],
    [
      'a DaemonSet',
      DAEMON_SETS,
      workload(),
      {
        revisionHistoryLimit: 10,
        updateStrategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: 1, maxSurge: 0 } },
      },
    ],
    [
      'a Job',
      JOBS,
      job(),
      {
        completions: 1,
        parallelism: 1,
        backoffLimit: 6,
        completionMode: 'NonIndexed',
        suspend: false,
        manualSelector: false,
        podReplacementPolicy: 'TerminatingOrFailed',
      },
    ],
    [
      'a CronJob',
      CRON_JOBS,
      cronJob(),
      { concurrencyPolicy: 'Allow', suspend: false, successfulJobsHistoryLimit: 3, failedJobsHistoryLimit: 1 },
    ],
  ])('%s', async (_name, resource, body, expected) => {
    expect((await create(resource, body))['spec']).toMatchObject(expected);
  });

  it('a Job with only a parallelism has no number of completions', async () => {
    expect((await create(JOBS, job({ parallelism: 3 })))['spec']).not.toHaveProperty('completions');
  });

  it("a Job's pods carry its name and uid, and its selector finds them by the uid", async () => {
    const made = await create(JOBS, job());
    const { uid } = made.metadata;
    expect(made['spec']).toMatchObject({
      selector: { matchLabels: { 'batch.kubernetes.io/controller-uid': uid } },
      template: {
        metadata: {
          labels: {
            'batch.kubernetes.io/controller-uid': uid,
            'batch.kubernetes.io/job-name': 'w',
            'controller-uid': uid,
            'job-name': 'w',
          },
        },
      },
    });
  });

  it('a Job with a manual selector keeps it', async () => {
    const made = await create(JOBS, {
      metadata: { name: 'w' },
      spec: {
        manualSelector: true,
        selector: { matchLabels: labels },
        template: { metadata: { labels }, spec: podSpec() },
      },
    });
    expect(made['spec']).toMatchObject({
      selector: { matchLabels: labels },
      template: { metadata: { labels } },
    });
  });
});

describe('refusals', () => {
  it.each<[string, ResourceRef, object, string]>([
    [
      'a selector that does not find the template',
      STATEFUL_SETS,
      workload({ selector: { matchLabels: { app: 'other' } } }),
      'StatefulSet.apps "w" is invalid: spec.template.metadata.labels: Invalid value: {"app":"w"}: `selector` does not match template `labels`',
    ],
    [
      'an empty selector',
      DAEMON_SETS,
      workload({ selector: {} }),
      'DaemonSet.apps "w" is invalid: spec.selector: Invalid value: {}: empty selector is invalid for daemonset',
    ],
    [
      'a DaemonSet that neither surges nor misses pods',
      DAEMON_SETS,
      workload({ updateStrategy: { rollingUpdate: { maxUnavailable: 0 } } }),
      'DaemonSet.apps "w" is invalid: spec.updateStrategy.rollingUpdate.maxUnavailable: Required value: cannot be 0 when maxSurge is 0',
    ],
    [
      'a Deployment that is recreated and rolled',
      DEPLOYMENTS,
      workload({ strategy: { type: 'Recreate', rollingUpdate: { maxSurge: 1 } } }),
      'Deployment.apps "w" is invalid: spec.strategy.rollingUpdate: Forbidden: may not be specified when strategy `type` is \'Recreate\'',
    ],
    [
      'a Job whose pods always start again',
      JOBS,
      job({}, { restartPolicy: 'Always' }),
      'Job.batch "w" is invalid: spec.template.spec.restartPolicy: Required value: valid values: "OnFailure", "Never"',
    ],
    [
      'an indexed Job without completions',
      JOBS,
      job({ completionMode: 'Indexed', parallelism: 1 }),
      'Job.batch "w" is invalid: spec.completions: Required value: when completion mode is Indexed',
    ],
    [
      'a Job with labels of another',
      JOBS,
      { metadata: { name: 'w' }, spec: { template: { metadata: { labels: { 'job-name': 'x' } }, spec: podSpec() } } },
      "must be 'w'",
    ],
    [
      'a schedule with too few fields',
      CRON_JOBS,
      cronJob({ schedule: '* * *' }),
      'CronJob.batch "w" is invalid: spec.schedule: Invalid value: "* * *": expected exactly 5 fields, found 3: [* * *]',
    ],
    [
      'a minute that does not exist',
      CRON_JOBS,
      cronJob({ schedule: '60 * * * *' }),
      'end of range (60) above maximum (59): 60',
    ],
    [
      'a time zone that does not exist',
      CRON_JOBS,
      cronJob({ timeZone: 'Mars/Olympus' }),
      'spec.timeZone: Invalid value: "Mars/Olympus": unknown time zone Mars/Olympus',
    ],
    [
      'a name that leaves no room for the names of jobs',
      CRON_JOBS,
      { ...cronJob(), metadata: { name: 'x'.repeat(53) } },
      'must be no more than 52 characters',
    ],
    [
      'a budget with both limits',
      BUDGETS,
      { metadata: { name: 'w' }, spec: { minAvailable: 1, maxUnavailable: 1 } },
      'minAvailable and maxUnavailable cannot be both set',
    ],
  ])('%s', async (_name, resource, body, message) => {
    expect(await refusalText(create(resource, body))).toContain(message);
  });

  it.each<[string, ResourceRef, object, (spec: Record<string, unknown>) => object, string]>([
    [
      "a StatefulSet's service",
      STATEFUL_SETS,
      workload({ serviceName: 'a' }),
      (spec) => ({ ...spec, serviceName: 'b' }),
      "spec: Forbidden: updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', 'updateStrategy', 'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden",
    ],
    [
      "a DaemonSet's selector",
      DAEMON_SETS,
      workload(),
      (spec) => ({ ...spec, selector: { matchLabels: { app: 'w', more: 'x' } } }),
      'field is immutable',
    ],
    [
      "a Job's template",
      JOBS,
      job(),
      (spec) => ({
        ...spec,
        template: { ...recordOf(spec['template']), spec: podSpec({ containers: [{ name: 'c', image: 'other' }] }) },
      }),
      'field is immutable',
    ],
    ["a Job's completions", JOBS, job(), (spec) => ({ ...spec, completions: 2 }), 'field is immutable'],
  ])('%s cannot change', async (_name, resource, body, change, message) => {
    const made = await create(resource, body);
    const changed = { ...made, spec: change(recordOf(made['spec'])) };
    expect(await refusalText(api.access.update(resource, { namespace: 'default', name: 'w' }, changed))).toContain(
      message,
    );
  });
});

describe('priorities', () => {
  const pod = (spec: object = {}) => ({ metadata: { name: 'p' }, spec: { containers, ...spec } });

  it('a pod gets the number of its class', async () => {
    await create(PRIORITY_CLASSES, { metadata: { name: 'high' }, value: 1000, preemptionPolicy: 'Never' });
    expect((await create(PODS, pod({ priorityClassName: 'high' })))['spec']).toMatchObject({
      priority: 1000,
      preemptionPolicy: 'Never',
    });
  });

  it('a pod without one gets that of the global default, else zero', async () => {
    expect((await create(PODS, pod()))['spec']).toMatchObject({ priority: 0 });
    await create(PRIORITY_CLASSES, { metadata: { name: 'usual' }, value: 7, globalDefault: true });
    expect((await create(PODS, { ...pod(), metadata: { name: 'q' } }))['spec']).toMatchObject({
      priorityClassName: 'usual',
      priority: 7,
    });
  });

  it.each<[string, ResourceRef, object, string]>([
    [
      'a class that does not exist',
      PODS,
      pod({ priorityClassName: 'none' }),
      'pods "p" is forbidden: no PriorityClass with name none was found',
    ],
    ['a number that is not the class’s', PODS, pod({ priority: 5 }), 'must not be provided in pod spec'],
    [
      'a name that is the system’s',
      PRIORITY_CLASSES,
      { metadata: { name: 'system-mine' }, value: 1 },
      "priority class names with 'system-' prefix are reserved for system use only. error: system-mine is not a known system priority class",
    ],
    [
      'a number that is the system’s',
      PRIORITY_CLASSES,
      { metadata: { name: 'huge' }, value: 1_000_000_001 },
      'value: Forbidden: maximum allowed value of a user defined priority is 1000000000',
    ],
  ])('%s is refused', async (_name, resource, body, message) => {
    expect(await refusalText(create(resource, body))).toContain(message);
  });
});
