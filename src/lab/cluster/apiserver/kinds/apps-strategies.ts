import type { KubeObject } from '#kube';
import { jsonEqual, recordOf, valueAt, type JsonRecord } from '../json.ts';
import { matchesLabels, requirementsOf } from '../selectors/label-selector.ts';
import type { FieldIssue } from '../status-errors.ts';
import type { Strategy } from './kind.ts';
import { withPodDefaults } from './pod-defaults.ts';
import { podSpecIssues } from './pod-validation.ts';

/** Deployments: one replica, rolling updates, ten old revisions, ten minutes to make progress. */
export const deploymentStrategy: Strategy = {
  defaults: (object) => {
    const spec = recordOf(object['spec']);
    return {
      ...object,
      spec: {
        ...withTemplateDefaults(spec),
        replicas: spec['replicas'] ?? 1,
        strategy: withStrategyDefaults(recordOf(spec['strategy'])),
        revisionHistoryLimit: spec['revisionHistoryLimit'] ?? 10,
        progressDeadlineSeconds: spec['progressDeadlineSeconds'] ?? 600,
      },
    };
  },
  validate: templateOwnerIssues,
};

/** ReplicaSets: one replica. */
export const replicaSetStrategy: Strategy = {
  prepareForCreate: (object) => ({ ...object, status: { replicas: 0 } }),
  defaults: (object) => {
    const spec = recordOf(object['spec']);
    return { ...object, spec: { ...withTemplateDefaults(spec), replicas: spec['replicas'] ?? 1 } };
  },
  validate: templateOwnerIssues,
};

function withStrategyDefaults(strategy: JsonRecord): JsonRecord {
  const type = strategy['type'] ?? 'RollingUpdate';
  if (type !== 'RollingUpdate') return { ...strategy, type };
  return {
    ...strategy,
    type,
    rollingUpdate: { maxUnavailable: '25%', maxSurge: '25%', ...recordOf(strategy['rollingUpdate']) },
  };
}

function withTemplateDefaults(spec: JsonRecord): JsonRecord {
  const template = recordOf(spec['template']);
  return {
    ...spec,
    template: {
      ...template,
      metadata: template['metadata'] ?? {},
      spec: withPodDefaults(recordOf(template['spec'])),
    },
  };
}

function templateOwnerIssues(object: KubeObject, old: KubeObject | undefined): FieldIssue[] {
  const spec = recordOf(object['spec']);
  const issues: FieldIssue[] = [];
  if (Number(spec['replicas'] ?? 1) < 0) {
    issues.push({
      field: 'spec.replicas',
      reason: 'FieldValueInvalid',
      value: spec['replicas'],
      detail: 'must be greater than or equal to 0',
    });
  }
  issues.push(...selectorIssues(spec));
  if (old !== undefined) {
    const before = recordOf(old['spec'])['selector'];
    if (!jsonEqual(before, spec['selector'])) {
      issues.push({
        field: 'spec.selector',
        reason: 'FieldValueInvalid',
        value: spec['selector'],
        detail: 'field is immutable',
      });
    }
  }
  const podSpec = recordOf(valueAt(spec, ['template', 'spec']));
  issues.push(...podSpecIssues('spec.template.spec', podSpec));
  if (podSpec['restartPolicy'] !== 'Always') {
    issues.push({
      field: 'spec.template.spec.restartPolicy',
      reason: 'FieldValueNotSupported',
      value: podSpec['restartPolicy'],
      detail: 'supported values: "Always"',
    });
  }
  return issues;
}

function selectorIssues(spec: JsonRecord): FieldIssue[] {
  const selector = recordOf(spec['selector']);
  const labels = recordOf(valueAt(spec, ['template', 'metadata', 'labels'])) as Record<string, string>;
  const requirements = requirementsOf(selector);
  if (spec['selector'] === undefined) return [{ field: 'spec.selector', reason: 'FieldValueRequired' }];
  if (requirements.length === 0) {
    return [
      {
        field: 'spec.selector',
        reason: 'FieldValueInvalid',
        value: selector,
        detail: 'empty selector is invalid for deployment',
      },
    ];
  }
  return matchesLabels(requirements, labels)
    ? []
    : [
        {
          field: 'spec.template.metadata.labels',
          reason: 'FieldValueInvalid',
          value: labels,
          detail: '`selector` does not match template `labels`',
        },
      ];
}
