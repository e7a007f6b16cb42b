import type { Job } from 'kubernetes-types/batch/v1.js';
import type { Container } from 'kubernetes-types/core/v1.js';
import type { KubeObject, Pod } from '#kube';
import { controllerReference } from '../workloads/ownership.ts';
import { podOfTemplate, type PodBody } from '../workloads/pod-template.ts';

/** Keeps a pod of a Job until the Job has counted it. */
export const JOB_TRACKING = 'batch.kubernetes.io/job-tracking';
/** The index of a pod of an Indexed Job, as an annotation and as a label. */
export const COMPLETION_INDEX = 'batch.kubernetes.io/job-completion-index';
/** How often the pods of an index failed before this one (backoffLimitPerIndex). */
export const INDEX_FAILURE_COUNT = 'batch.kubernetes.io/job-index-failure-count';

/** Whether the Job's pods are told apart by an index. */
export const isIndexed = (job: Job): boolean => job.spec?.completionMode === 'Indexed';

/** The index of a pod; undefined when it has none. */
export function indexOf(pod: Pod): number | undefined {
  const text = pod.metadata?.annotations?.[COMPLETION_INDEX];
  return text !== undefined && /^\d+$/.test(text) ? Number(text) : undefined;
}

/** How often the pod's index failed before it, as it was noted at its creation. */
export function indexFailureCount(pod: Pod): number {
  return Number(pod.metadata?.annotations?.[INDEX_FAILURE_COUNT] ?? 0) || 0;
}

/** Which pod of a Job. */
export interface JobPodRequest {
  readonly index?: number | undefined;
  /** How often the index failed, for Jobs with a limit per index. */
  readonly failures?: number | undefined;
}

/**
 * A pod of the Job. One of an Indexed Job has its index in its name, label, annotation, host name and in
 * JOB_COMPLETION_INDEX of each container.
 */
export function planJobPod(job: Job & KubeObject, { index, failures }: JobPodRequest): PodBody {
  const { name = '', uid = '' } = job.metadata;
  const pod = podOfTemplate(job.spec?.template, {
    generateName: index === undefined ? `${name}-` : `${name}-${index}-`,
    finalizers: [JOB_TRACKING],
    owner: controllerReference({ apiVersion: 'batch/v1', kind: 'Job', name, uid }),
    ...(index === undefined ? {} : { labels: { [COMPLETION_INDEX]: String(index) } }),
    annotations: {
      ...(index === undefined ? {} : { [COMPLETION_INDEX]: String(index) }),
      ...(failures === undefined ? {} : { [INDEX_FAILURE_COUNT]: String(failures) }),
    },
  });
  if (index === undefined || pod.spec === undefined) return pod;
  const { containers, initContainers } = pod.spec;
  return {
    ...pod,
    spec: {
      ...pod.spec,
      hostname: `${name}-${index}`,
      containers: containers.map(withIndex),
      ...(initContainers === undefined ? {} : { initContainers: initContainers.map(withIndex) }),
    },
  };
}

function withIndex(container: Container): Container {
  const env = container.env ?? [];
  if (env.some(({ name }) => name === 'JOB_COMPLETION_INDEX')) return container;
  const fieldPath = `metadata.labels['${COMPLETION_INDEX}']`;
  return { ...container, env: [...env, { name: 'JOB_COMPLETION_INDEX', valueFrom: { fieldRef: { fieldPath } } }] };
}
