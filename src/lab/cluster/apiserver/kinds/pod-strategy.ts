import { recordOf } from '../json.ts';
import type { Strategy } from './kind.ts';
import { withPodDefaults } from './pod-defaults.ts';
import { podIssues } from './pod-validation.ts';

/** Pods: begin Pending, keep their spec, and are gone once the node says so. */
export const podStrategy: Strategy = {
  prepareForCreate: (object) => ({
    ...object,
    status: { phase: 'Pending' },
  }),
  defaults: (object) => ({ ...object, spec: withPodDefaults(recordOf(object['spec'])) }),
  validate: podIssues,
  graceSeconds: (object, asked) => {
    const spec = recordOf(object['spec']);
    const phase = recordOf(object['status'])['phase'];
    // a pod that is on no node, or has ended, needs nobody to stop it
    if (!spec['nodeName'] || phase === 'Succeeded' || phase === 'Failed') return 0;
    return Math.max(0, asked ?? Number(spec['terminationGracePeriodSeconds'] ?? 30));
  },
};
