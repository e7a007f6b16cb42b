import { recordOf } from '../json.ts';
import { requirementsOf, matchesLabels } from '../selectors/label-selector.ts';
import { invalidIssue, negativeIssues, requiredIssue } from './field-issues.ts';
import type { Strategy } from './kind.ts';
import { lastingTemplateIssues, templateLabels, withTemplateDefaults } from './pod-template.ts';

/** ReplicationControllers: stored; their selector and labels are the template's unless they say otherwise. */
export const replicationControllerStrategy: Strategy = {
  prepareForCreate: (object) => ({ ...object, status: { replicas: 0 } }),
  defaults: (object) => {
    const spec = withTemplateDefaults(recordOf(object['spec']));
    const labels = templateLabels(spec);
    const selector = recordOf(spec['selector']);
    const own = object.metadata.labels ?? {};
    return {
      ...object,
      metadata: Object.keys(own).length > 0 ? object.metadata : { ...object.metadata, labels },
      spec: {
        ...spec,
        replicas: spec['replicas'] ?? 1,
        selector: Object.keys(selector).length > 0 ? selector : labels,
      },
    };
  },
  validate: (object) => {
    const spec = recordOf(object['spec']);
    const selector = recordOf(spec['selector']);
    const labels = templateLabels(spec);
    const matches = matchesLabels(requirementsOf({ matchLabels: selector as Record<string, string> }), labels);
    return [
      ...negativeIssues('spec.replicas', spec['replicas']),
      ...(Object.keys(selector).length === 0 ? [requiredIssue('spec.selector')] : []),
      ...(matches
        ? []
        : [invalidIssue('spec.template.metadata.labels', labels, '`selector` does not match template `labels`')]),
      ...lastingTemplateIssues('spec', spec),
    ];
  },
};

/** PodTemplates: stored, with what pods have by default. */
export const podTemplateStrategy: Strategy = {
  defaults: (object) => ({ ...object, template: withTemplateDefaults(object)['template'] }),
};
