import type { KubeObject } from '#kube';
import { jsonEqual, recordOf, recordsOf, textOf, type JsonRecord } from '../json.ts';
import type { FieldIssue } from '../status-errors.ts';
import {
  changedIssues,
  choiceIssues,
  countOrPercentIssues,
  forbiddenIssue,
  invalidIssue,
  negativeIssues,
  requiredIssue,
} from './field-issues.ts';
import type { Strategy } from './kind.ts';
import { labelNameIssue } from './names.ts';
import { lastingTemplateIssues, selectorIssues, withTemplateDefaults } from './pod-template.ts';
import { withClaimDefaults } from './storage-strategies.ts';

/** Deployments: one replica, rolling updates, ten old revisions, ten minutes to make progress. */
export const deploymentStrategy: Strategy = {
  defaults: (object) => {
    const spec = recordOf(object['spec']);
    return {
      ...object,
      spec: {
        ...withTemplateDefaults(spec),
        replicas: spec['replicas'] ?? 1,
        strategy: withRollingUpdate(spec['strategy'], { maxUnavailable: '25%', maxSurge: '25%' }),
        revisionHistoryLimit: spec['revisionHistoryLimit'] ?? 10,
        progressDeadlineSeconds: spec['progressDeadlineSeconds'] ?? 600,
      },
    };
  },
  validate: (object, old) => {
    const spec = recordOf(object['spec']);
    const strategy = recordOf(spec['strategy']);
    return [
      ...workloadIssues(object, old, 'deployment'),
      ...deploymentStrategyIssues(strategy),
      ...negativeIssues('spec.minReadySeconds', spec['minReadySeconds']),
      ...negativeIssues('spec.revisionHistoryLimit', spec['revisionHistoryLimit']),
      ...negativeIssues('spec.progressDeadlineSeconds', spec['progressDeadlineSeconds']),
    ];
  },
};

/** ReplicaSets: one replica. */
export const replicaSetStrategy: Strategy = {
  prepareForCreate: (object) => ({ ...object, status: { replicas: 0 } }),
  defaults: (object) => {
    const spec = recordOf(object['spec']);
    return { ...object, spec: { ...withTemplateDefaults(spec), replicas: spec['replicas'] ?? 1 } };
  },
  validate: (object, old) => workloadIssues(object, old, 'deployment'),
};

/** DaemonSets: one pod of each node is replaced at a time, ten old revisions. */
export const daemonSetStrategy: Strategy = {
  prepareForCreate: (object) => ({
    ...object,
    status: { currentNumberScheduled: 0, numberMisscheduled: 0, desiredNumberScheduled: 0, numberReady: 0 },
  }),
  defaults: (object) => {
    const spec = recordOf(object['spec']);
    return {
      ...object,
      spec: {
        ...withTemplateDefaults(spec),
        updateStrategy: withRollingUpdate(spec['updateStrategy'], { maxUnavailable: 1, maxSurge: 0 }),
        revisionHistoryLimit: spec['revisionHistoryLimit'] ?? 10,
      },
    };
  },
  validate: (object, old) => {
    const spec = recordOf(object['spec']);
    const update = recordOf(spec['updateStrategy']);
    const rolling = recordOf(update['rollingUpdate']);
    return [
      ...workloadIssues(object, old, 'daemonset'),
      ...choiceIssues('spec.updateStrategy.type', update['type'], ['RollingUpdate', 'OnDelete']),
      ...(update['type'] === 'RollingUpdate' ? rollingDaemonIssues(rolling) : []),
      ...negativeIssues('spec.minReadySeconds', spec['minReadySeconds']),
      ...negativeIssues('spec.revisionHistoryLimit', spec['revisionHistoryLimit']),
    ];
  },
};

/** StatefulSets: pods one after the other, claims that stay, ten old revisions. */
export const statefulSetStrategy: Strategy = {
  prepareForCreate: (object) => ({ ...object, status: { replicas: 0, availableReplicas: 0 } }),
  defaults: (object) => {
    const spec = recordOf(object['spec']);
    const claims = spec['volumeClaimTemplates'];
    return {
      ...object,
      spec: {
        ...withTemplateDefaults(spec),
        replicas: spec['replicas'] ?? 1,
        podManagementPolicy: spec['podManagementPolicy'] ?? 'OrderedReady',
        updateStrategy: withRollingUpdate(spec['updateStrategy'], { partition: 0 }),
        revisionHistoryLimit: spec['revisionHistoryLimit'] ?? 10,
        persistentVolumeClaimRetentionPolicy: {
          whenDeleted: 'Retain',
          whenScaled: 'Retain',
          ...recordOf(spec['persistentVolumeClaimRetentionPolicy']),
        },
        ...(Array.isArray(claims) ? { volumeClaimTemplates: recordsOf(claims).map(withClaimTemplateDefaults) } : {}),
      },
    };
  },
  validate: (object, old) => {
    const spec = recordOf(object['spec']);
    const retention = recordOf(spec['persistentVolumeClaimRetentionPolicy']);
    return [
      ...statefulSetSpecIssues(spec),
      ...choiceIssues('spec.persistentVolumeClaimRetentionPolicy.whenDeleted', retention['whenDeleted'], RETENTIONS),
      ...choiceIssues('spec.persistentVolumeClaimRetentionPolicy.whenScaled', retention['whenScaled'], RETENTIONS),
      ...(old === undefined ? [] : fixedStatefulSetIssues(spec, recordOf(old['spec']))),
    ];
  },
};

/** ControllerRevisions: their data never changes. */
export const controllerRevisionStrategy: Strategy = {
  validate: (object, old) => [
    ...negativeIssues('revision', object['revision']),
    ...(old === undefined ? [] : changedIssues('data', object['data'], old['data'])),
  ],
};

const RETENTIONS = ['Retain', 'Delete'];

/** An update strategy, rolling unless it says otherwise, with what a rolling one has by default. */
function withRollingUpdate(given: unknown, rolling: JsonRecord): JsonRecord {
  const strategy = recordOf(given);
  const type = strategy['type'] ?? 'RollingUpdate';
  if (type !== 'RollingUpdate') return { ...strategy, type };
  return { ...strategy, type, rollingUpdate: { ...rolling, ...recordOf(strategy['rollingUpdate']) } };
}

function withClaimTemplateDefaults(claim: JsonRecord): JsonRecord {
  return withClaimDefaults({ apiVersion: 'v1', kind: 'PersistentVolumeClaim', ...claim });
}

/** What Deployments, ReplicaSets and DaemonSets have in common. */
function workloadIssues(object: KubeObject, old: KubeObject | undefined, what: string): FieldIssue[] {
  const spec = recordOf(object['spec']);
  const before = recordOf(old?.['spec']);
  return [
    ...negativeIssues('spec.replicas', spec['replicas']),
    ...selectorIssues(spec, what),
    ...(old === undefined ? [] : changedIssues('spec.selector', spec['selector'], before['selector'])),
    ...lastingTemplateIssues('spec', spec),
  ];
}

/** Either pods are surged or they are missing for a while, never both or neither. */
function rollingDaemonIssues({ maxUnavailable, maxSurge }: JsonRecord): FieldIssue[] {
  const field = 'spec.updateStrategy.rollingUpdate';
  const both = !isNothing(maxUnavailable) && !isNothing(maxSurge);
  const neither = isNothing(maxUnavailable) && isNothing(maxSurge);
  return [
    ...countOrPercentIssues(`${field}.maxUnavailable`, maxUnavailable),
    ...countOrPercentIssues(`${field}.maxSurge`, maxSurge),
    ...(both ? [invalidIssue(`${field}.maxSurge`, maxSurge, 'may not be set when maxUnavailable is non-zero')] : []),
    ...(neither ? [requiredIssue(`${field}.maxUnavailable`, 'cannot be 0 when maxSurge is 0')] : []),
  ];
}

function isNothing(countOrPercent: unknown): boolean {
  return countOrPercent === 0 || countOrPercent === '0%';
}

function deploymentStrategyIssues(strategy: JsonRecord): FieldIssue[] {
  const field = 'spec.strategy';
  const rolling = strategy['rollingUpdate'];
  if (strategy['type'] === 'Recreate' && rolling !== undefined) {
    return [forbiddenIssue(`${field}.rollingUpdate`, "may not be specified when strategy `type` is 'Recreate'")];
  }
  const { maxUnavailable, maxSurge } = recordOf(rolling);
  return [
    ...choiceIssues(`${field}.type`, strategy['type'], ['Recreate', 'RollingUpdate']),
    ...countOrPercentIssues(`${field}.rollingUpdate.maxUnavailable`, maxUnavailable),
    ...(isNothing(maxUnavailable) && isNothing(maxSurge)
      ? [invalidIssue(`${field}.rollingUpdate.maxUnavailable`, maxUnavailable, 'may not be 0 when `maxSurge` is 0')]
      : []),
  ];
}

function statefulSetSpecIssues(spec: JsonRecord): FieldIssue[] {
  const policy = textOf(spec['podManagementPolicy']);
  const update = recordOf(spec['updateStrategy']);
  const partition = recordOf(update['rollingUpdate'])['partition'];
  const serviceName = textOf(spec['serviceName']);
  const serviceIssue = serviceName === '' ? undefined : labelNameIssue('spec.serviceName', serviceName);
  const claims = recordsOf(spec['volumeClaimTemplates']).map(({ metadata }) => ({ name: recordOf(metadata)['name'] }));
  const template = recordOf(spec['template']);
  const podSpec = recordOf(template['spec']);
  const withClaims = {
    ...spec,
    template: { ...template, spec: { ...podSpec, volumes: [...recordsOf(podSpec['volumes']), ...claims] } },
  };
  return [
    ...(['OrderedReady', 'Parallel'].includes(policy)
      ? []
      : [invalidIssue('spec.podManagementPolicy', policy, "must be 'OrderedReady' or 'Parallel'")]),
    ...(['RollingUpdate', 'OnDelete'].includes(textOf(update['type']))
      ? []
      : [invalidIssue('spec.updateStrategy', update, "must be 'RollingUpdate' or 'OnDelete'")]),
    ...negativeIssues('spec.updateStrategy.rollingUpdate.partition', partition),
    ...negativeIssues('spec.replicas', spec['replicas']),
    ...negativeIssues('spec.minReadySeconds', spec['minReadySeconds']),
    ...negativeIssues('spec.ordinals.start', recordOf(spec['ordinals'])['start']),
    ...(serviceIssue === undefined ? [] : [serviceIssue]),
    ...selectorIssues(spec, 'statefulset'),
    ...lastingTemplateIssues('spec', withClaims),
  ];
}

const STATEFUL_SET_CHANGES = [
  'replicas',
  'ordinals',
  'template',
  'updateStrategy',
  'revisionHistoryLimit',
  'persistentVolumeClaimRetentionPolicy',
  'minReadySeconds',
];

function fixedStatefulSetIssues(spec: JsonRecord, before: JsonRecord): FieldIssue[] {
  const fixed = (from: JsonRecord) =>
    Object.fromEntries(Object.entries(from).filter(([field]) => !STATEFUL_SET_CHANGES.includes(field)));
  if (jsonEqual(fixed(spec), fixed(before))) return [];
  const names = STATEFUL_SET_CHANGES.map((field) => `'${field}'`);
  return [
    forbiddenIssue(
      'spec',
      `updates to statefulset spec for fields other than ${names.slice(0, -1).join(', ')} and ${names.at(-1) ?? ''} are forbidden`,
    ),
  ];
}
