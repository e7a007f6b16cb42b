import type { KubeObject } from '#kube';
import { isRecord, recordOf, recordsOf, textOf, valueAt, type JsonRecord } from '../json.ts';
import type { FieldIssue } from '../status-errors.ts';
import { OTHER_METRICS } from './autoscaler-versions.ts';
import {
  changedIssues,
  choiceIssues,
  countOrPercentIssues,
  duplicateIssue,
  forbiddenIssue,
  invalidIssue,
  requiredIssue,
} from './field-issues.ts';
import type { Strategy } from './kind.ts';
import { subdomainIssue } from './names.ts';

/** PodDisruptionBudgets: either so many are available, or so many may be missing. */
export const disruptionBudgetStrategy: Strategy = {
  prepareForCreate: (object) => ({
    ...object,
    status: { disruptionsAllowed: 0, currentHealthy: 0, desiredHealthy: 0, expectedPods: 0 },
  }),
  validate: (object) => {
    const spec = recordOf(object['spec']);
    const { minAvailable, maxUnavailable } = spec;
    return [
      ...(minAvailable !== undefined && maxUnavailable !== undefined
        ? [invalidIssue('spec', spec, 'minAvailable and maxUnavailable cannot be both set')]
        : []),
      ...countOrPercentIssues('spec.minAvailable', minAvailable),
      ...countOrPercentIssues('spec.maxUnavailable', maxUnavailable),
      ...choiceIssues('spec.unhealthyPodEvictionPolicy', spec['unhealthyPodEvictionPolicy'], [
        'AlwaysAllow',
        'IfHealthyBudget',
      ]),
    ];
  },
};

/** The PriorityClasses that every cluster has; others may not use their prefix. */
export const SYSTEM_PRIORITY_CLASSES: readonly KubeObject[] = [
  priorityClass(
    'system-node-critical',
    2_000_001_000,
    'Used for system critical pods that must not be moved from their current node.',
  ),
  priorityClass(
    'system-cluster-critical',
    2_000_000_000,
    'Used for system critical pods that must run in the cluster, but can be moved to another node if necessary.',
  ),
];

function priorityClass(name: string, value: number, description: string): KubeObject {
  return { apiVersion: 'scheduling.k8s.io/v1', kind: 'PriorityClass', metadata: { name }, value, description };
}

const SYSTEM_PREFIX = 'system-';
const HIGHEST_USER_PRIORITY = 1_000_000_000;

/** PriorityClasses: pods of one go before those of lower value; the value is fixed. */
export const priorityClassStrategy: Strategy = {
  defaults: (object) => ({ ...object, preemptionPolicy: object['preemptionPolicy'] ?? 'PreemptLowerPriority' }),
  validate: (object, old) => [
    ...priorityValueIssues(object),
    ...choiceIssues('preemptionPolicy', object['preemptionPolicy'], ['Never', 'PreemptLowerPriority']),
    ...(old === undefined
      ? []
      : [
          ...(old['value'] === object['value'] ? [] : [forbiddenIssue('value', 'may not be changed in an update.')]),
          ...changedIssues('preemptionPolicy', object['preemptionPolicy'], old['preemptionPolicy']),
        ]),
  ],
};

function priorityValueIssues(object: KubeObject): FieldIssue[] {
  const name = object.metadata.name ?? '';
  const value = Number(object['value'] ?? 0);
  if (!name.startsWith(SYSTEM_PREFIX)) {
    return value > HIGHEST_USER_PRIORITY
      ? [forbiddenIssue('value', `maximum allowed value of a user defined priority is ${HIGHEST_USER_PRIORITY}`)]
      : [];
  }
  const known = SYSTEM_PRIORITY_CLASSES.find(({ metadata }) => metadata.name === name);
  const problem =
    known === undefined
      ? `${name} is not a known system priority class`
      : known['value'] !== value
        ? `value of ${name} PriorityClass must be ${String(known['value'])}`
        : object['globalDefault'] === true
          ? `globalDefault of ${name} PriorityClass must be false`
          : undefined;
  return problem === undefined
    ? []
    : [
        forbiddenIssue(
          'metadata.name',
          `priority class names with '${SYSTEM_PREFIX}' prefix are reserved for system use only. error: ${problem}`,
        ),
      ];
}

/** HorizontalPodAutoscalers: stored. At least one pod, at 80 % of its CPU. */
export const autoscalerStrategy: Strategy = {
  prepareForCreate: (object) => ({ ...object, status: { currentMetrics: null, desiredReplicas: 0 } }),
  defaults: (object) => {
    const spec = recordOf(object['spec']);
    const metrics = recordsOf(spec['metrics']);
    return {
      ...object,
      spec: {
        ...spec,
        minReplicas: spec['minReplicas'] ?? 1,
        metrics: metrics.length > 0 ? metrics : [CPU_METRIC],
      },
    };
  },
  validate: (object) => {
    const spec = recordOf(object['spec']);
    const { minReplicas, maxReplicas } = spec;
    const [min, max] = [Number(minReplicas ?? 1), Number(maxReplicas ?? 0)];
    const target = recordOf(spec['scaleTargetRef']);
    return [
      ...(min < 1 ? [invalidIssue('spec.minReplicas', minReplicas, 'must be greater than or equal to 1')] : []),
      ...(max < 1 ? [invalidIssue('spec.maxReplicas', max, 'must be greater than 0')] : []),
      ...(max >= 1 && max < min
        ? [invalidIssue('spec.maxReplicas', max, 'must be greater than or equal to `minReplicas`')]
        : []),
      ...(target['kind'] ? [] : [requiredIssue('spec.scaleTargetRef.kind')]),
      ...(target['name'] ? [] : [requiredIssue('spec.scaleTargetRef.name')]),
    ];
  },
};

/** The same in autoscaling/v1, which aims at eighty percent of the CPU unless it says otherwise. */
export const autoscalerV1Strategy: Strategy = {
  prepareForCreate: (object) => ({ ...object, status: { currentReplicas: 0, desiredReplicas: 0 } }),
  defaults: (object) => {
    const spec = recordOf(object['spec']);
    return {
      ...object,
      spec: {
        ...spec,
        minReplicas: spec['minReplicas'] ?? 1,
        ...(object.metadata.annotations?.[OTHER_METRICS] === undefined
          ? { targetCPUUtilizationPercentage: spec['targetCPUUtilizationPercentage'] ?? 80 }
          : {}),
      },
    };
  },
  validate: (object, old) => autoscalerStrategy.validate?.(object, old) ?? [],
};

const CPU_METRIC = {
  type: 'Resource',
  resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 80 } },
};

/** ResourceQuotas: stored, nothing is counted. */
export const resourceQuotaStrategy: Strategy = {
  prepareForCreate: (object) => ({ ...object, status: {} }),
};

/** LimitRanges: stored, with limits of containers filled in from each other. */
export const limitRangeStrategy: Strategy = {
  defaults: (object) => ({
    ...object,
    spec: {
      ...recordOf(object['spec']),
      limits: recordsOf(valueAt(object, ['spec', 'limits'])).map(withLimitDefaults),
    },
  }),
  validate: (object) => {
    const seen = new Set<unknown>();
    return recordsOf(valueAt(object, ['spec', 'limits'])).flatMap(({ type }, index): FieldIssue[] => {
      const twice = seen.has(type);
      seen.add(type);
      return twice ? [duplicateIssue(`spec.limits[${index}].type`, type)] : [];
    });
  },
};

function withLimitDefaults(item: JsonRecord): JsonRecord {
  if (item['type'] !== 'Container') return item;
  const limits = { ...recordOf(item['max']), ...recordOf(item['default']) };
  const requests = { ...recordOf(item['min']), ...limits, ...recordOf(item['defaultRequest']) };
  return {
    ...item,
    ...(Object.keys(limits).length === 0 ? {} : { default: limits }),
    ...(Object.keys(requests).length === 0 ? {} : { defaultRequest: requests }),
  };
}

/** Webhook configurations: stored, never called. Each webhook fails closed and has ten seconds. */
export const webhookConfigurationStrategy: Strategy = {
  defaults: (object) =>
    Array.isArray(object['webhooks'])
      ? { ...object, webhooks: recordsOf(object['webhooks']).map((webhook) => withWebhookDefaults(object, webhook)) }
      : object,
  validate: (object) => {
    const names = new Set<unknown>();
    return recordsOf(object['webhooks']).flatMap((webhook, index) => {
      const twice = names.has(webhook['name']);
      names.add(webhook['name']);
      const field = `webhooks[${index}]`;
      return [...webhookIssues(field, webhook), ...(twice ? [duplicateIssue(`${field}.name`, webhook['name'])] : [])];
    });
  },
};

function withWebhookDefaults(object: KubeObject, webhook: JsonRecord): JsonRecord {
  const client = recordOf(webhook['clientConfig']);
  return {
    ...webhook,
    clientConfig: isRecord(client['service']) ? { ...client, service: { port: 443, ...client['service'] } } : client,
    failurePolicy: webhook['failurePolicy'] ?? 'Fail',
    matchPolicy: webhook['matchPolicy'] ?? 'Equivalent',
    namespaceSelector: webhook['namespaceSelector'] ?? {},
    objectSelector: webhook['objectSelector'] ?? {},
    timeoutSeconds: webhook['timeoutSeconds'] ?? 10,
    ...(object.kind === 'MutatingWebhookConfiguration'
      ? { reinvocationPolicy: webhook['reinvocationPolicy'] ?? 'Never' }
      : {}),
    ...(Array.isArray(webhook['rules'])
      ? { rules: recordsOf(webhook['rules']).map((rule) => ({ ...rule, scope: rule['scope'] ?? '*' })) }
      : {}),
  };
}

function webhookIssues(field: string, webhook: JsonRecord): FieldIssue[] {
  const name = textOf(webhook['name']);
  const nameIssue = subdomainIssue(`${field}.name`, name);
  const short = nameIssue === undefined && name.split('.').length < 3;
  const client = recordOf(webhook['clientConfig']);
  const one = (client['service'] === undefined) !== (client['url'] === undefined);
  const { timeoutSeconds } = webhook;
  const badTimeout = typeof timeoutSeconds === 'number' && (timeoutSeconds < 1 || timeoutSeconds > 30);
  return [
    ...(nameIssue === undefined ? [] : [nameIssue]),
    ...(short
      ? [invalidIssue(`${field}.name`, name, 'should be a domain with at least three segments separated by dots')]
      : []),
    ...choiceIssues(`${field}.failurePolicy`, webhook['failurePolicy'], ['Fail', 'Ignore']),
    ...choiceIssues(`${field}.matchPolicy`, webhook['matchPolicy'], ['Equivalent', 'Exact']),
    ...(webhook['sideEffects'] === undefined
      ? [requiredIssue(`${field}.sideEffects`, 'must specify one of None, NoneOnDryRun')]
      : choiceIssues(`${field}.sideEffects`, webhook['sideEffects'], ['None', 'NoneOnDryRun'])),
    ...(badTimeout
      ? [invalidIssue(`${field}.timeoutSeconds`, timeoutSeconds, 'the timeout value must be between 1 and 30 seconds')]
      : []),
    ...(one ? [] : [requiredIssue(`${field}.clientConfig`, 'exactly one of url or service is required')]),
    ...(Array.isArray(webhook['admissionReviewVersions']) && webhook['admissionReviewVersions'].length > 0
      ? []
      : [requiredIssue(`${field}.admissionReviewVersions`, 'must specify one of v1, v1beta1')]),
  ];
}
