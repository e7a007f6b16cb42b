import type { NodeSelector, NodeSelectorTerm, Taint, Toleration } from 'kubernetes-types/core/v1.js';
import type { Node, Pod } from '#kube';
import { requirementHolds } from '../workloads/label-selector.ts';

/** Whether the pod's nodeSelector and required node affinity choose the node. */
export function selectsNode(pod: Pick<Pod, 'spec'>, node: Node): boolean {
  const labels = node.metadata?.labels ?? {};
  const selected = Object.entries(pod.spec?.nodeSelector ?? {}).every(([key, value]) => labels[key] === value);
  const affinity = pod.spec?.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution;
  return selected && affinityHolds(affinity, node);
}

/** The first taint of the node with one of these effects that the pod does not tolerate. */
export function untoleratedTaint(pod: Pick<Pod, 'spec'>, node: Node, effects: readonly string[]): Taint | undefined {
  const tolerations = pod.spec?.tolerations ?? [];
  return (node.spec?.taints ?? []).find(
    (taint) => effects.includes(taint.effect) && !tolerations.some((toleration) => tolerates(toleration, taint)),
  );
}

/** Whether a toleration covers a taint. */
export function tolerates(toleration: Toleration, taint: Taint): boolean {
  const { key = '', operator = 'Equal', value = '', effect = '' } = toleration;
  if (effect !== '' && effect !== taint.effect) return false;
  if (key === '') return operator === 'Exists';
  return key === taint.key && (operator === 'Exists' || value === (taint.value ?? ''));
}

function affinityHolds(affinity: NodeSelector | undefined, node: Node): boolean {
  return affinity === undefined || affinity.nodeSelectorTerms.some((term) => termHolds(term, node));
}

/** All requirements of a term; an empty term chooses nothing. */
function termHolds({ matchExpressions = [], matchFields = [] }: NodeSelectorTerm, node: Node): boolean {
  if (matchExpressions.length + matchFields.length === 0) return false;
  const labels = node.metadata?.labels ?? {};
  return (
    matchExpressions.every(({ key, operator, values = [] }) => requirementHolds(labels[key], operator, values)) &&
    // metadata.name is the only field that Kubernetes knows here.
    matchFields.every(({ operator, values = [] }) => requirementHolds(node.metadata?.name, operator, values))
  );
}
