import { recordOf, type JsonRecord, valueAt } from '../json.ts';
import { matchesLabels, requirementsOf } from '../selectors/label-selector.ts';
import type { FieldIssue } from '../status-errors.ts';
import { choiceIssues, invalidIssue, requiredIssue } from './field-issues.ts';
import { withPodDefaults } from './pod-defaults.ts';
import { podSpecIssues } from './pod-validation.ts';

/** A workload's spec whose template has what Kubernetes fills into pods. */
export function withTemplateDefaults(spec: JsonRecord): JsonRecord {
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

/** The labels of a workload's template. */
export function templateLabels(spec: JsonRecord): Readonly<Record<string, string>> {
  return recordOf(valueAt(spec, ['template', 'metadata', 'labels'])) as Record<string, string>;
}

/** What is wrong with the template below `path` of a workload whose pods are always started again. */
export function lastingTemplateIssues(path: string, spec: JsonRecord): FieldIssue[] {
  const podSpec = recordOf(valueAt(spec, ['template', 'spec']));
  return [
    ...podSpecIssues(`${path}.template.spec`, podSpec),
    ...choiceIssues(`${path}.template.spec.restartPolicy`, podSpec['restartPolicy'], ['Always']),
  ];
}

/** What is wrong with a workload's selector; `what` names the workload as Kubernetes' texts do. */
export function selectorIssues(spec: JsonRecord, what: string): FieldIssue[] {
  if (spec['selector'] === undefined) return [requiredIssue('spec.selector')];
  const requirements = requirementsOf(recordOf(spec['selector']));
  if (requirements.length === 0) {
    return [invalidIssue('spec.selector', spec['selector'], `empty selector is invalid for ${what}`)];
  }
  return unmatchedTemplateIssues('spec', spec);
}

/** An issue when the selector does not find the template's labels. */
export function unmatchedTemplateIssues(path: string, spec: JsonRecord): FieldIssue[] {
  const labels = templateLabels(spec);
  return matchesLabels(requirementsOf(recordOf(spec['selector'])), labels)
    ? []
    : [invalidIssue(`${path}.template.metadata.labels`, labels, '`selector` does not match template `labels`')];
}
