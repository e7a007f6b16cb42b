import type { Node, Pod } from '#kube';
import { isPodFinished, podCondition } from '../workloads/pod-state.ts';
import { selectsNode, tolerates, untoleratedTaint } from './node-fit.ts';

/** Where a pod goes, or why nowhere. */
export type SchedulingDecision =
  { readonly kind: 'assign'; readonly nodeName: string } | { readonly kind: 'unschedulable'; readonly message: string };

/** Whether the pod waits for this scheduler. */
export function awaitsScheduling(pod: Pod): boolean {
  return (
    !pod.spec?.nodeName &&
    pod.metadata?.deletionTimestamp === undefined &&
    !isPodFinished(pod) &&
    (pod.spec?.schedulerName ?? 'default-scheduler') === 'default-scheduler' &&
    (pod.spec?.schedulingGates ?? []).length === 0
  );
}

/**
 * Chooses a node by nodeSelector, required node affinity, taints and `unschedulable`. Requests of CPU and memory, ports,
 * pod affinity and spreading are not looked at: the lab has one node and its containers are processes of the machine.
 * `volumeProblem` is why the pod's volumes keep it from every node.
 */
export function planScheduling(pod: Pod, nodes: readonly Node[], volumeProblem?: string): SchedulingDecision {
  if (nodes.length === 0) return { kind: 'unschedulable', message: 'no nodes available to schedule pods' };
  if (volumeProblem !== undefined) return unschedulable(nodes, volumeProblem);
  const refusals = new Map<string, number>();
  for (const node of nodes) {
    const refusal = refusalOf(pod, node);
    if (refusal === undefined) return { kind: 'assign', nodeName: node.metadata?.name ?? '' };
    refusals.set(refusal, (refusals.get(refusal) ?? 0) + 1);
  }
  const reasons = [...refusals].map(([reason, count]) => `${count} ${reason}`).sort();
  return unschedulable(nodes, reasons.join(', '));
}

function unschedulable({ length }: readonly Node[], reasons: string): SchedulingDecision {
  const preemption = `preemption: 0/${length} nodes are available: ${length} Preemption is not helpful for scheduling.`;
  return { kind: 'unschedulable', message: `0/${length} nodes are available: ${reasons}. ${preemption}` };
}

/** The names of the claims that the pod's volumes are. */
export function claimsOf({ spec }: Pod): readonly string[] {
  return (spec?.volumes ?? []).flatMap(({ persistentVolumeClaim: claim }) =>
    claim === undefined ? [] : [claim.claimName],
  );
}

/** Whether a pod that failed before fails in the same way: then there is nothing new to write. */
export function saysAlready(pod: Pod, message: string): boolean {
  const present = podCondition(pod, 'PodScheduled');
  return present?.status === 'False' && present.message === message;
}

// The texts are those of Kubernetes' scheduler plugins (NodeUnschedulable, TaintToleration, NodeAffinity).
function refusalOf(pod: Pod, node: Node): string | undefined {
  const tolerations = pod.spec?.tolerations ?? [];
  const cordon = { key: 'node.kubernetes.io/unschedulable', effect: 'NoSchedule' } as const;
  if (node.spec?.unschedulable === true && !tolerations.some((toleration) => tolerates(toleration, cordon))) {
    return 'node(s) were unschedulable';
  }
  const taint = untoleratedTaint(pod, node, ['NoSchedule', 'NoExecute']);
  if (taint !== undefined) return `node(s) had untolerated taint {${taint.key}: ${taint.value ?? ''}}`;
  if (!selectsNode(pod, node)) return "node(s) didn't match Pod's node affinity/selector";
  return undefined;
}
