import type { KubeObject } from '#kube';
import { isRecord, recordOf, recordsOf, type JsonRecord } from '../json.ts';

// kubectl before 1.33 makes autoscalers as autoscaling/v1, which knows one target: that of the CPU.

/** The annotation in which autoscaling/v1 keeps metrics that it has no field for (pkg/apis/autoscaling/annotations.go). */
export const OTHER_METRICS = 'autoscaling.alpha.kubernetes.io/metrics';
const BEHAVIOR = 'autoscaling.alpha.kubernetes.io/behavior';

/** A stored (autoscaling/v2) autoscaler as autoscaling/v1. */
export function autoscalerFromStored(stored: KubeObject): KubeObject {
  const { metrics, behavior, ...spec } = recordOf(stored['spec']);
  const all = recordsOf(metrics);
  const cpu = all.find(cpuTarget);
  const others = all.filter((metric) => metric !== cpu);
  const kept = {
    ...(others.length === 0 ? {} : { [OTHER_METRICS]: JSON.stringify(others) }),
    ...(behavior === undefined ? {} : { [BEHAVIOR]: JSON.stringify(behavior) }),
  };
  const {
    currentMetrics: _current,
    conditions: _conditions,
    currentReplicas = 0,
    ...status
  } = recordOf(stored['status']);
  return {
    ...stored,
    apiVersion: 'autoscaling/v1',
    metadata:
      Object.keys(kept).length === 0
        ? stored.metadata
        : { ...stored.metadata, annotations: { ...stored.metadata.annotations, ...kept } },
    spec: { ...spec, ...(cpu === undefined ? {} : { targetCPUUtilizationPercentage: cpuTarget(cpu) }) },
    status: { currentReplicas, ...status },
  };
}

/** An autoscaling/v1 autoscaler as it is stored. */
export function autoscalerToStored(object: KubeObject): KubeObject {
  const { targetCPUUtilizationPercentage: target, ...spec } = recordOf(object['spec']);
  const { [OTHER_METRICS]: metricsText, [BEHAVIOR]: behaviorText, ...annotations } = object.metadata.annotations ?? {};
  const { annotations: _annotations, ...metadata } = object.metadata;
  const cpu = {
    type: 'Resource',
    resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: target } },
  };
  const metrics = [...(target === undefined ? [] : [cpu]), ...recordsOf(parsed(metricsText))];
  const behavior = parsed(behaviorText);
  const { currentCPUUtilizationPercentage: _current, ...status } = recordOf(object['status']);
  return {
    ...object,
    apiVersion: 'autoscaling/v2',
    metadata: Object.keys(annotations).length === 0 ? metadata : { ...metadata, annotations },
    spec: {
      ...spec,
      ...(metrics.length === 0 ? {} : { metrics }),
      ...(isRecord(behavior) ? { behavior } : {}),
    },
    status: { currentMetrics: null, desiredReplicas: 0, ...status },
  };
}

/** The percentage of the CPU that a metric aims at; undefined for any other metric. */
function cpuTarget(metric: JsonRecord): number | undefined {
  const { name, target } = recordOf(metric['resource']);
  const { type, averageUtilization } = recordOf(target);
  return name === 'cpu' && type === 'Utilization' && typeof averageUtilization === 'number'
    ? averageUtilization
    : undefined;
}

function parsed(text: string | undefined): unknown {
  try {
    return text === undefined ? undefined : (JSON.parse(text) as unknown);
  } catch {
    return undefined;
  }
}
