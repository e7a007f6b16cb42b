import type { KindRow } from './kind-row.ts';
import {
  disruptionBudgetStrategy,
  limitRangeStrategy,
  priorityClassStrategy,
  resourceQuotaStrategy,
  webhookConfigurationStrategy,
} from './policy-strategies.ts';
import { claimStrategy, storageClassStrategy, volumeStrategy } from './storage-strategies.ts';

/** Kinds that limit others, and kinds of storage; most are only stored. */
export const POLICY_KINDS: readonly KindRow[] = [
  {
    group: 'policy',
    kind: 'PodDisruptionBudget',
    resource: 'poddisruptionbudgets',
    shortNames: ['pdb'],
    subresources: ['status'],
    countsGenerations: true,
    strategy: disruptionBudgetStrategy,
  },
  {
    group: 'scheduling.k8s.io',
    kind: 'PriorityClass',
    resource: 'priorityclasses',
    shortNames: ['pc'],
    clusterScoped: true,
    countsGenerations: true,
    strategy: priorityClassStrategy,
  },
  {
    kind: 'ResourceQuota',
    resource: 'resourcequotas',
    shortNames: ['quota'],
    subresources: ['status'],
    strategy: resourceQuotaStrategy,
  },
  { kind: 'LimitRange', resource: 'limitranges', shortNames: ['limits'], strategy: limitRangeStrategy },
  { group: 'node.k8s.io', kind: 'RuntimeClass', resource: 'runtimeclasses', clusterScoped: true },
  {
    group: 'admissionregistration.k8s.io',
    kind: 'ValidatingWebhookConfiguration',
    resource: 'validatingwebhookconfigurations',
    categories: ['api-extensions'],
    clusterScoped: true,
    countsGenerations: true,
    strategy: webhookConfigurationStrategy,
  },
  {
    group: 'admissionregistration.k8s.io',
    kind: 'MutatingWebhookConfiguration',
    resource: 'mutatingwebhookconfigurations',
    categories: ['api-extensions'],
    clusterScoped: true,
    countsGenerations: true,
    strategy: webhookConfigurationStrategy,
  },
  {
    kind: 'PersistentVolume',
    resource: 'persistentvolumes',
    shortNames: ['pv'],
    clusterScoped: true,
    subresources: ['status'],
    strategy: volumeStrategy,
  },
  {
    kind: 'PersistentVolumeClaim',
    resource: 'persistentvolumeclaims',
    shortNames: ['pvc'],
    subresources: ['status'],
    strategy: claimStrategy,
  },
  {
    group: 'storage.k8s.io',
    kind: 'StorageClass',
    resource: 'storageclasses',
    shortNames: ['sc'],
    clusterScoped: true,
    strategy: storageClassStrategy,
  },
];
