import { isRecord, listOf, recordOf, recordsOf, type JsonRecord } from '../json.ts';
import type { Strategy } from './kind.ts';
import { withPodDefaults } from './pod-defaults.ts';
import { podIssues } from './pod-validation.ts';

/** Pods: begin Pending, keep their spec, and are gone once the node says so. */
export const podStrategy: Strategy = {
  prepareForCreate: (object) => ({
    ...object,
    status: { phase: 'Pending', ...gatedConditions(recordOf(object['spec'])) },
  }),
  defaults: (object) => ({
    ...object,
    spec: withHostPorts(withPodDefaults(recordOf(object['spec']))),
    ...(isRecord(object['status']) ? { status: withProbeTimes(object['status']) } : {}),
  }),
  validate: podIssues,
  graceSeconds: (object, asked) => {
    const spec = recordOf(object['spec']);
    const phase = recordOf(object['status'])['phase'];
    // a pod that is on no node, or has ended, needs nobody to stop it
    if (!spec['nodeName'] || phase === 'Succeeded' || phase === 'Failed') return 0;
    return Math.max(0, asked ?? Number(spec['terminationGracePeriodSeconds'] ?? 30));
  },
};

/** The times of a condition are there even when nobody has said them (PodCondition has no omitempty for them). */
function withProbeTimes(status: JsonRecord): JsonRecord {
  if (!Array.isArray(status['conditions'])) return status;
  const times = { lastProbeTime: null, lastTransitionTime: null };
  return { ...status, conditions: recordsOf(status['conditions']).map((condition) => ({ ...times, ...condition })) };
}

/** A pod with scheduling gates says so from its beginning (pkg/registry/core/pod, applySchedulingGatedCondition). */
function gatedConditions(spec: JsonRecord): JsonRecord {
  if (listOf(spec['schedulingGates']).length === 0) return {};
  const condition = {
    type: 'PodScheduled',
    status: 'False',
    reason: 'SchedulingGated',
    message: 'Scheduling is blocked due to non-empty scheduling gates',
    lastProbeTime: null,
    lastTransitionTime: null,
  };
  return { conditions: [condition] };
}

/** On the node's network a container's ports are the node's (SetDefaults_Pod, defaultHostNetworkPorts); templates stay as they are. */
function withHostPorts(spec: JsonRecord): JsonRecord {
  if (spec['hostNetwork'] !== true) return spec;
  const changed = ['containers', 'initContainers'].filter((field) => Array.isArray(spec[field]));
  const withPorts = (container: JsonRecord): JsonRecord => {
    if (!Array.isArray(container['ports'])) return container;
    const ports = recordsOf(container['ports']).map((port) => ({
      ...port,
      hostPort: port['hostPort'] ? port['hostPort'] : port['containerPort'],
    }));
    return { ...container, ports };
  };
  return { ...spec, ...Object.fromEntries(changed.map((field) => [field, recordsOf(spec[field]).map(withPorts)])) };
}
