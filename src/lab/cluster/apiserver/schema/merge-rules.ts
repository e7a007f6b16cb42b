/** How one field merges: what Kubernetes' Go types say in `patchStrategy`, `patchMergeKey`, `listType` and `listMapKey`. */
export interface MergeRule {
  readonly listType?: 'set' | 'map';
  /** Keys of a `map` list under server-side apply. */
  readonly keys?: readonly string[];
  /** Key of strategic merge patches; '' for scalars. Left out: the first of `keys`. */
  readonly mergeKey?: string;
  /** The list is one value for server-side apply, though strategic patches merge it. */
  readonly atomicOnApply?: true;
  /** The list merges under server-side apply only: strategic patches replace it. */
  readonly replaceOnPatch?: true;
  readonly retainKeys?: true;
}

const byName: MergeRule = { listType: 'map', keys: ['name'] };
const byType: MergeRule = { listType: 'map', keys: ['type'] };
const scalarSet: MergeRule = { listType: 'set', mergeKey: '' };

/** Fields that do not merge by default (lists are replaced, objects are merged), as `Type.field`. */
export const MERGE_RULES: Readonly<Record<string, MergeRule>> = {
  'ObjectMeta.finalizers': scalarSet,
  'ObjectMeta.ownerReferences': { listType: 'map', keys: ['uid'] },
  'PodSpec.containers': byName,
  'PodSpec.initContainers': byName,
  'PodSpec.ephemeralContainers': byName,
  'PodSpec.volumes': { ...byName, retainKeys: true },
  'PodSpec.imagePullSecrets': byName,
  'PodSpec.hostAliases': { listType: 'map', keys: ['ip'] },
  'PodSpec.resourceClaims': { ...byName, retainKeys: true },
  'PodSpec.schedulingGates': byName,
  'PodSpec.topologySpreadConstraints': {
    listType: 'map',
    keys: ['topologyKey', 'whenUnsatisfiable'],
    mergeKey: 'topologyKey',
  },
  'Container.env': byName,
  'Container.ports': { listType: 'map', keys: ['containerPort', 'protocol'], mergeKey: 'containerPort' },
  'Container.volumeMounts': { listType: 'map', keys: ['mountPath'] },
  'Container.volumeDevices': { listType: 'map', keys: ['devicePath'] },
  'EphemeralContainer.env': byName,
  'EphemeralContainer.ports': { listType: 'map', keys: ['containerPort', 'protocol'], mergeKey: 'containerPort' },
  'EphemeralContainer.volumeMounts': { listType: 'map', keys: ['mountPath'] },
  'EphemeralContainer.volumeDevices': { listType: 'map', keys: ['devicePath'] },
  'ResourceRequirements.claims': { ...byName, replaceOnPatch: true },
  'PodStatus.conditions': byType,
  'PodStatus.podIPs': { listType: 'map', keys: ['ip'] },
  'PodStatus.hostIPs': { listType: 'map', keys: ['ip'], atomicOnApply: true },
  'PodStatus.resourceClaimStatuses': { ...byName, retainKeys: true },
  'NodeSpec.podCIDRs': scalarSet,
  'NodeStatus.conditions': byType,
  'NodeStatus.addresses': byType,
  'NamespaceStatus.conditions': byType,
  'ServiceAccount.secrets': byName,
  'DeploymentSpec.strategy': { retainKeys: true },
  'DeploymentStatus.conditions': byType,
  'ReplicaSetStatus.conditions': byType,
  'StatefulSetStatus.conditions': byType,
  'DaemonSetStatus.conditions': byType,
  'ReplicationControllerStatus.conditions': byType,
  'JobStatus.conditions': { ...byType, atomicOnApply: true },
  'PodFailurePolicyOnExitCodesRequirement.values': { ...scalarSet, replaceOnPatch: true },
  'UncountedTerminatedPods.succeeded': { ...scalarSet, replaceOnPatch: true },
  'UncountedTerminatedPods.failed': { ...scalarSet, replaceOnPatch: true },
  'HorizontalPodAutoscalerStatus.conditions': byType,
  'ServiceSpec.ports': { listType: 'map', keys: ['port', 'protocol'], mergeKey: 'port' },
  'ServiceStatus.conditions': byType,
  'Endpoint.addresses': { ...scalarSet, replaceOnPatch: true },
  'PodDisruptionBudgetStatus.conditions': byType,
  'PersistentVolumeClaimStatus.conditions': byType,
  'CSIDriverSpec.volumeLifecycleModes': { ...scalarSet, replaceOnPatch: true },
  'ValidatingWebhookConfiguration.webhooks': byName,
  'MutatingWebhookConfiguration.webhooks': byName,
  'ValidatingWebhook.matchConditions': byName,
  'MutatingWebhook.matchConditions': byName,
  'ContainerStatus.volumeMounts': { listType: 'map', keys: ['mountPath'] },
  'ContainerStatus.allocatedResourcesStatus': byName,
  'ResourceStatus.resources': { listType: 'map', keys: ['resourceID'], replaceOnPatch: true },
  'CSINodeSpec.drivers': byName,
  'CustomResourceDefinitionStatus.conditions': { ...byType, replaceOnPatch: true },
};

/** Types that server-side apply owns as a whole (`structType=atomic`). */
export const ATOMIC_TYPES: ReadonlySet<string> = new Set([
  'ConfigMapKeySelector',
  'CrossVersionObjectReference',
  'EndpointAddress',
  'FileKeySelector',
  'LabelSelector',
  'LocalObjectReference',
  'NodeSelector',
  'NodeSelectorTerm',
  'ObjectFieldSelector',
  'ObjectReference',
  'OwnerReference',
  'ResourceFieldSelector',
  'RoleRef',
  'ScopeSelector',
  'SecretKeySelector',
  'SecretReference',
  'ServiceBackendPort',
  'Subject',
  'TopologySelectorTerm',
  'TypedLocalObjectReference',
]);

/** Maps that server-side apply owns as a whole (`mapType=atomic`). */
export const ATOMIC_MAPS: ReadonlySet<string> = new Set([
  'LabelSelector.matchLabels',
  'PodSpec.nodeSelector',
  'ReplicationControllerSpec.selector',
  'Scheduling.nodeSelector',
  'ServiceSpec.selector',
]);
