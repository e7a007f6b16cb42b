import type { DaemonSet } from 'kubernetes-types/apps/v1.js';
import type { Toleration } from 'kubernetes-types/core/v1.js';
import type { KubeObject, Node, Pod } from '#kube';
import { controllerReference } from '../workloads/ownership.ts';
import { podOfTemplate, type PodBody } from '../workloads/pod-template.ts';
import { REVISION_HASH } from '../workloads/revisions.ts';
import { selectsNode, untoleratedTaint } from '../scheduling/node-fit.ts';

/** Whether a pod of the set belongs on a node: to be started there, or at least to go on running. */
export type NodeVerdict = 'run' | 'keep' | 'none';

const condition = (name: string, effect: string): Toleration => ({
  key: `node.kubernetes.io/${name}`,
  operator: 'Exists',
  effect,
});

// What every daemon pod bears (AddOrUpdateDaemonPodTolerations): it stays whatever becomes of its node.
const TOLERATIONS: readonly Toleration[] = [
  condition('not-ready', 'NoExecute'),
  condition('unreachable', 'NoExecute'),
  condition('disk-pressure', 'NoSchedule'),
  condition('memory-pressure', 'NoSchedule'),
  condition('pid-pressure', 'NoSchedule'),
  condition('unschedulable', 'NoSchedule'),
];
const HOST_NETWORK_TOLERATION = condition('network-unavailable', 'NoSchedule');

function tolerationsOf({ spec }: DaemonSet): readonly Toleration[] {
  const own = spec?.template.spec;
  const added = own?.hostNetwork === true ? [...TOLERATIONS, HOST_NETWORK_TOLERATION] : TOLERATIONS;
  const isSame = (a: Toleration, b: Toleration) =>
    a.key === b.key && a.operator === b.operator && a.effect === b.effect && (a.value ?? '') === (b.value ?? '');
  const present = own?.tolerations ?? [];
  return [...present, ...added.filter((one) => !present.some((other) => isSame(one, other)))];
}

/** Whether the set's pod belongs on the node, by node name, selector, affinity and taints. */
export function judgeNode(set: DaemonSet, node: Node): NodeVerdict {
  const spec = set.spec?.template.spec;
  if (spec?.nodeName !== undefined && spec.nodeName !== '' && spec.nodeName !== node.metadata?.name) return 'none';
  const pod = { spec: { ...spec, containers: [], tolerations: [...tolerationsOf(set)] } };
  if (!selectsNode(pod, node)) return 'none';
  if (untoleratedTaint(pod, node, ['NoSchedule', 'NoExecute']) === undefined) return 'run';
  return untoleratedTaint(pod, node, ['NoExecute']) === undefined ? 'keep' : 'none';
}

const GENERATION = 'deprecated.daemonset.template.generation';

/** The pod of a node; the scheduler puts it there by an affinity to the node's name. */
export function planDaemonPod(set: DaemonSet & KubeObject, nodeName: string, hash: string): PodBody {
  const { name = '', uid = '', annotations } = set.metadata;
  const generation = annotations?.[GENERATION];
  const pod = podOfTemplate(set.spec?.template, {
    generateName: `${name}-`,
    labels: {
      [REVISION_HASH]: hash,
      ...(generation === undefined ? {} : { 'pod-template-generation': generation }),
    },
    owner: controllerReference({ apiVersion: 'apps/v1', kind: 'DaemonSet', name, uid }),
  });
  if (pod.spec === undefined) return pod;
  const term = { matchFields: [{ key: 'metadata.name', operator: 'In', values: [nodeName] }] };
  const nodeAffinity = {
    ...pod.spec.affinity?.nodeAffinity,
    requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [term] },
  };
  return {
    ...pod,
    spec: {
      ...pod.spec,
      affinity: { ...pod.spec.affinity, nodeAffinity },
      tolerations: [...tolerationsOf(set)],
    },
  };
}

/** The node that a pod runs on or is meant for. */
export function nodeOf({ spec }: Pod): string | undefined {
  if (spec?.nodeName) return spec.nodeName;
  const terms = spec?.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms ?? [];
  for (const { matchFields = [] } of terms) {
    const name = matchFields.find(({ key, operator }) => key === 'metadata.name' && operator === 'In')?.values?.[0];
    if (name !== undefined) return name;
  }
  return undefined;
}
