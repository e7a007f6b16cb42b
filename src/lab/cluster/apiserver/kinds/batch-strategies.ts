import type { KubeObject } from '#kube';
import { jsonEqual, recordOf, shown, textOf, valueAt, withValueAt, type JsonRecord } from '../json.ts';
import type { FieldIssue } from '../status-errors.ts';
import { parseCronSchedule } from '../../cron-schedule.ts';
import { changedIssues, choiceIssues, invalidIssue, negativeIssues, requiredIssue } from './field-issues.ts';
import type { Strategy } from './kind.ts';
import { podSpecIssues } from './pod-validation.ts';
import { templateLabels, unmatchedTemplateIssues, withTemplateDefaults } from './pod-template.ts';

const UID_LABEL = 'batch.kubernetes.io/controller-uid';
const NAME_LABEL = 'batch.kubernetes.io/job-name';
const LEGACY_UID_LABEL = 'controller-uid';
const LEGACY_NAME_LABEL = 'job-name';

const MAX_INT32 = 2_147_483_647;

/** Jobs: their selector and the labels of their pods are made from their uid, and hardly anything of the spec can change. */
export const jobStrategy: Strategy = {
  defaults: (object) => {
    const spec = withJobDefaults(recordOf(object['spec']));
    const labels = templateLabels(spec);
    const unlabelled = Object.keys(object.metadata.labels ?? {}).length === 0 && Object.keys(labels).length > 0;
    return {
      ...object,
      metadata: unlabelled ? { ...object.metadata, labels } : object.metadata,
      spec,
    };
  },
  prepareForCreate: (object) => {
    const { status: _status, ...job } = object;
    return valueAt(job, ['spec', 'manualSelector']) === true
      ? (job as KubeObject)
      : withGeneratedSelector(jobStrategy.defaults?.(job as KubeObject) ?? (job as KubeObject));
  },
  validate: (object, old) => {
    const spec = recordOf(object['spec']);
    return [
      ...generatedLabelIssues(object, spec),
      ...jobSpecIssues('spec', spec),
      ...(spec['selector'] === undefined ? [requiredIssue('spec.selector')] : unmatchedTemplateIssues('spec', spec)),
      ...(old === undefined ? [] : fixedJobIssues(spec, recordOf(old['spec']), old)),
    ];
  },
};

/** CronJobs: jobs of one schedule may overlap, three that succeeded and one that failed are kept. */
export const cronJobStrategy: Strategy = {
  defaults: (object) => {
    const spec = recordOf(object['spec']);
    const template = recordOf(spec['jobTemplate']);
    return {
      ...object,
      spec: {
        ...spec,
        concurrencyPolicy: spec['concurrencyPolicy'] ?? 'Allow',
        suspend: spec['suspend'] ?? false,
        successfulJobsHistoryLimit: spec['successfulJobsHistoryLimit'] ?? 3,
        failedJobsHistoryLimit: spec['failedJobsHistoryLimit'] ?? 1,
        // the defaults of a Job itself are filled in when the Job is made
        jobTemplate: {
          ...template,
          metadata: template['metadata'] ?? {},
          spec: withTemplateDefaults(recordOf(template['spec'])),
        },
      },
    };
  },
  validate: (object, old) => {
    const spec = recordOf(object['spec']);
    const name = object.metadata.name ?? '';
    const template = recordOf(recordOf(spec['jobTemplate'])['spec']);
    return [
      ...scheduleIssues(spec, old),
      ...negativeIssues('spec.startingDeadlineSeconds', spec['startingDeadlineSeconds']),
      ...timeZoneIssues(spec['timeZone']),
      ...choiceIssues('spec.concurrencyPolicy', spec['concurrencyPolicy'], ['Allow', 'Forbid', 'Replace']),
      ...jobTemplateIssues(template),
      ...negativeIssues('spec.successfulJobsHistoryLimit', spec['successfulJobsHistoryLimit']),
      ...negativeIssues('spec.failedJobsHistoryLimit', spec['failedJobsHistoryLimit']),
      ...(old === undefined && name.length > 52
        ? [invalidIssue('metadata.name', name, 'must be no more than 52 characters')]
        : []),
    ];
  },
};

function jobTemplateIssues(spec: JsonRecord): FieldIssue[] {
  const field = 'spec.jobTemplate.spec';
  const { selector, manualSelector } = spec;
  return [
    ...jobSpecIssues(field, spec),
    ...(selector === undefined
      ? []
      : [invalidIssue(`${field}.selector`, selector, '`selector` will be auto-generated')]),
    ...choiceIssues(`${field}.manualSelector`, manualSelector === true ? true : undefined, ['nil', 'false']),
  ];
}

function withJobDefaults(spec: JsonRecord): JsonRecord {
  const parallelism = spec['parallelism'] ?? 1;
  const single = spec['completions'] === undefined && spec['parallelism'] === undefined;
  return {
    ...withTemplateDefaults(spec),
    parallelism,
    ...(single ? { completions: 1 } : {}),
    backoffLimit: spec['backoffLimit'] ?? (spec['backoffLimitPerIndex'] === undefined ? 6 : MAX_INT32),
    completionMode: spec['completionMode'] ?? 'NonIndexed',
    suspend: spec['suspend'] ?? false,
    podReplacementPolicy:
      spec['podReplacementPolicy'] ?? (spec['podFailurePolicy'] === undefined ? 'TerminatingOrFailed' : 'Failed'),
    manualSelector: spec['manualSelector'] ?? false,
  };
}

/** The job with labels on its pods that no other job's have, and a selector that finds them. */
function withGeneratedSelector(job: KubeObject): KubeObject {
  const { name = '', uid = '' } = job.metadata;
  const spec = recordOf(job['spec']);
  const labels = {
    [LEGACY_NAME_LABEL]: name,
    [NAME_LABEL]: name,
    [LEGACY_UID_LABEL]: uid,
    [UID_LABEL]: uid,
    ...templateLabels(spec),
  };
  const selector = recordOf(spec['selector']);
  const matchLabels = { [UID_LABEL]: uid, ...recordOf(selector['matchLabels']) };
  const labelled = withValueAt(job, ['spec', 'template', 'metadata', 'labels'], labels);
  return withValueAt(labelled, ['spec', 'selector'], { ...selector, matchLabels });
}

function generatedLabelIssues(object: KubeObject, spec: JsonRecord): FieldIssue[] {
  if (spec['manualSelector'] === true) return [];
  const { name = '', uid = '' } = object.metadata;
  const labels = templateLabels(spec);
  return [
    [LEGACY_UID_LABEL, uid],
    [LEGACY_NAME_LABEL, name],
    [UID_LABEL, uid],
    [NAME_LABEL, name],
  ].flatMap(([key = '', wanted = '']): FieldIssue[] => {
    const field = `spec.template.metadata.labels[${key}]`;
    if (labels[key] === undefined) return [requiredIssue(field, `must be '${wanted}'`)];
    return labels[key] === wanted ? [] : [invalidIssue(field, labels, `must be '${wanted}'`)];
  });
}

const COUNTS = [
  'parallelism',
  'completions',
  'activeDeadlineSeconds',
  'backoffLimit',
  'ttlSecondsAfterFinished',
  'backoffLimitPerIndex',
  'maxFailedIndexes',
];

/** What is wrong with a job's spec, its selector aside. */
function jobSpecIssues(path: string, spec: JsonRecord): FieldIssue[] {
  const podSpec = recordOf(valueAt(spec, ['template', 'spec']));
  const indexed = spec['completionMode'] === 'Indexed';
  return [
    ...COUNTS.flatMap((field) => negativeIssues(`${path}.${field}`, spec[field])),
    ...choiceIssues(`${path}.completionMode`, spec['completionMode'], ['NonIndexed', 'Indexed']),
    ...(indexed && spec['completions'] === undefined
      ? [requiredIssue(`${path}.completions`, 'when completion mode is Indexed')]
      : []),
    ...(indexed
      ? []
      : ['backoffLimitPerIndex', 'maxFailedIndexes', 'successPolicy']
          .filter((field) => spec[field] !== undefined)
          .map((field) => invalidIssue(`${path}.${field}`, spec[field], 'requires indexed completion mode'))),
    ...choiceIssues(`${path}.podReplacementPolicy`, spec['podReplacementPolicy'], ['Failed', 'TerminatingOrFailed']),
    ...podSpecIssues(`${path}.template.spec`, podSpec),
    ...restartPolicyIssues(`${path}.template.spec.restartPolicy`, podSpec['restartPolicy'], spec),
  ];
}

function restartPolicyIssues(field: string, policy: unknown, spec: JsonRecord): FieldIssue[] {
  if (policy === 'Always') return [requiredIssue(field, 'valid values: "OnFailure", "Never"')];
  if (policy === 'OnFailure' && spec['podFailurePolicy'] !== undefined) {
    return [invalidIssue(field, policy, 'only "Never" is supported when podFailurePolicy is specified')];
  }
  return [];
}

function fixedJobIssues(spec: JsonRecord, before: JsonRecord, old: KubeObject): FieldIssue[] {
  const same = ['selector', 'completionMode', 'podFailurePolicy', 'backoffLimitPerIndex', 'managedBy', 'successPolicy'];
  return [
    ...completionsIssues(spec, before),
    ...same.flatMap((field) => changedIssues(`spec.${field}`, spec[field], before[field])),
    ...(jsonEqual(fixedTemplate(spec, old), fixedTemplate(before, old))
      ? []
      : [invalidIssue('spec.template', spec['template'], 'field is immutable')]),
  ];
}

/** An indexed job's completions may change together with its parallelism (elastic indexed jobs). */
function completionsIssues(spec: JsonRecord, before: JsonRecord): FieldIssue[] {
  const { completions, parallelism } = spec;
  if (completions === before['completions']) return [];
  if (spec['completionMode'] !== 'Indexed' || completions === undefined) {
    return changedIssues('spec.completions', completions, before['completions']);
  }
  return completions === parallelism
    ? []
    : [invalidIssue('spec.completions', completions, 'can only be modified in tandem with spec.parallelism')];
}

/** The template without what a job that is suspended and never started may still change: where its pods go. */
function fixedTemplate(spec: JsonRecord, old: KubeObject): unknown {
  const template = recordOf(spec['template']);
  const waiting = valueAt(old, ['spec', 'suspend']) === true && valueAt(old, ['status', 'startTime']) === undefined;
  if (!waiting) return template;
  const {
    nodeSelector: _selector,
    tolerations: _tolerations,
    affinity: _affinity,
    schedulingGates: _gates,
    ...podSpec
  } = recordOf(template['spec']);
  return podSpec;
}

function scheduleIssues(spec: JsonRecord, old: KubeObject | undefined): FieldIssue[] {
  const field = 'spec.schedule';
  const schedule = textOf(spec['schedule']);
  if (schedule === '') return [requiredIssue(field)];
  const parsed = parseCronSchedule(schedule.replace(/^(CRON_)?TZ=\S+\s+/, ''));
  const hadZone = textOf(valueAt(old, ['spec', 'schedule'])).includes('TZ');
  return [
    ...(parsed.ok ? [] : [invalidIssue(field, schedule, parsed.problem)]),
    ...(schedule.includes('TZ') && !hadZone
      ? [invalidIssue(field, schedule, 'cannot use TZ or CRON_TZ in schedule, use timeZone field instead')]
      : []),
  ];
}

function timeZoneIssues(timeZone: unknown): FieldIssue[] {
  const field = 'spec.timeZone';
  if (timeZone === undefined) return [];
  if (timeZone === '') return [invalidIssue(field, timeZone, 'timeZone must be nil or non-empty string')];
  if (shown(timeZone).toLowerCase() === 'local') {
    return [
      invalidIssue(
        field,
        timeZone,
        'timeZone must be an explicit time zone as defined in https://www.iana.org/time-zones',
      ),
    ];
  }
  try {
    Intl.DateTimeFormat('en', { timeZone: shown(timeZone) });
    return [];
  } catch {
    return [invalidIssue(field, timeZone, `unknown time zone ${shown(timeZone)}`)];
  }
}
