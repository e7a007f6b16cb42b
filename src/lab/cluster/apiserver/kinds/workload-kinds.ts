import {
  controllerRevisionStrategy,
  daemonSetStrategy,
  deploymentStrategy,
  replicaSetStrategy,
  statefulSetStrategy,
} from './apps-strategies.ts';
import { cronJobStrategy, jobStrategy } from './batch-strategies.ts';
import { count } from './cells.ts';
import type { KindRow } from './kind-row.ts';
import { autoscalerStrategy } from './policy-strategies.ts';
import { podTemplateStrategy, replicationControllerStrategy } from './replication-controller-strategy.ts';

const all = ['all'];

/** Kinds that make pods, or decide how many there are. */
export const WORKLOAD_KINDS: readonly KindRow[] = [
  {
    group: 'apps',
    kind: 'Deployment',
    resource: 'deployments',
    shortNames: ['deploy'],
    categories: all,
    subresources: ['status', 'scale'],
    countsGenerations: true,
    strategy: deploymentStrategy,
  },
  {
    group: 'apps',
    kind: 'ReplicaSet',
    resource: 'replicasets',
    shortNames: ['rs'],
    categories: all,
    subresources: ['status', 'scale'],
    selectableFields: ['status.replicas'],
    fieldReaders: { 'status.replicas': (object) => count(object, 'status', 'replicas') },
    countsGenerations: true,
    strategy: replicaSetStrategy,
  },
  {
    group: 'apps',
    kind: 'StatefulSet',
    resource: 'statefulsets',
    shortNames: ['sts'],
    categories: all,
    names: 'label',
    subresources: ['status', 'scale'],
    countsGenerations: true,
    strategy: statefulSetStrategy,
  },
  {
    group: 'apps',
    kind: 'DaemonSet',
    resource: 'daemonsets',
    shortNames: ['ds'],
    categories: all,
    subresources: ['status'],
    countsGenerations: true,
    strategy: daemonSetStrategy,
  },
  {
    group: 'apps',
    kind: 'ControllerRevision',
    resource: 'controllerrevisions',
    strategy: controllerRevisionStrategy,
  },
  {
    group: 'batch',
    kind: 'Job',
    resource: 'jobs',
    categories: all,
    subresources: ['status'],
    selectableFields: ['status.successful'],
    fieldReaders: { 'status.successful': (job) => count(job, 'status', 'succeeded') },
    countsGenerations: true,
    strategy: jobStrategy,
  },
  {
    group: 'batch',
    kind: 'CronJob',
    resource: 'cronjobs',
    shortNames: ['cj'],
    categories: all,
    subresources: ['status'],
    countsGenerations: true,
    strategy: cronJobStrategy,
  },
  {
    kind: 'ReplicationController',
    resource: 'replicationcontrollers',
    shortNames: ['rc'],
    categories: all,
    subresources: ['status', 'scale'],
    selectableFields: ['status.replicas'],
    fieldReaders: { 'status.replicas': (object) => count(object, 'status', 'replicas') },
    countsGenerations: true,
    strategy: replicationControllerStrategy,
  },
  { kind: 'PodTemplate', resource: 'podtemplates', strategy: podTemplateStrategy },
  {
    group: 'autoscaling',
    version: 'v2',
    kind: 'HorizontalPodAutoscaler',
    resource: 'horizontalpodautoscalers',
    shortNames: ['hpa'],
    categories: all,
    subresources: ['status'],
    strategy: autoscalerStrategy,
  },
];
