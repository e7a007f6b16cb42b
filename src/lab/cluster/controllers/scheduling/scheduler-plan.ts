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

/** What a decision takes into account beside the pod and the nodes. */
export interface SchedulingFacts {
  /** Why the pod's volumes keep it from every node. */
  readonly volumeProblem?: string | undefined;
  /** How many pods a node has that have not ended. Default: none. */
  readonly podsOn?: (nodeName: string) => number;
}

/**
 * Chooses a node by nodeSelector, required node affinity, taints, `unschedulable` and the number of pods that it takes.
 * Requests of CPU and memory, ports, pod affinity and spreading are not looked at: the lab has one node and its
 * containers are processes of the machine. No pod has to go for one of a higher priority.
 */
export function planScheduling(
  pod: Pod,
  nodes: readonly Node[],
  { volumeProblem, podsOn = () => 0 }: SchedulingFacts = {},
): SchedulingDecision {
  const { length } = nodes;
  if (length === 0) return { kind: 'unschedulable', message: 'no nodes available to schedule pods' };
  if (volumeProblem !== undefined) return unschedulable(length, volumeProblem, `${length} ${NOT_HELPFUL}`);
  const refusals = nodes.map((node) => refusalOf(pod, node) ?? (isFull(node, podsOn) ? TOO_MANY_PODS : undefined));
  const chosen = nodes[refusals.indexOf(undefined)];
  if (chosen !== undefined) return { kind: 'assign', nodeName: chosen.metadata?.name ?? '' };
  // Only a lack of room could be mended by preemption.
  const preemption = refusals.map((refusal) => (refusal === TOO_MANY_PODS ? NO_VICTIMS : NOT_HELPFUL));
  return unschedulable(length, counted(refusals), counted(preemption));
}

const TOO_MANY_PODS = 'Too many pods';
const NOT_HELPFUL = 'Preemption is not helpful for scheduling';
const NO_VICTIMS = 'No preemption victims found for incoming pod';

function unschedulable(nodes: number, reasons: string, preemption: string): SchedulingDecision {
  const none = `0/${nodes} nodes are available:`;
  // the scheduler's plugin for claims of devices, which is on since 1.34, has its word too
  const claims = 'no new claims to deallocate';
  return { kind: 'unschedulable', message: `${none} ${reasons}. ${claims}, preemption: ${none} ${preemption}.` };
}

/** Equal reasons together, each with how many nodes have it. */
function counted(reasons: readonly (string | undefined)[]): string {
  return [...new Set(reasons)]
    .map((reason) => `${reasons.filter((other) => other === reason).length} ${reason}`)
    .sort()
    .join(', ');
}

/** The scheduler's plugin NodeResourcesFit, for pods alone. A node that does not say how many it takes takes any number. */
function isFull({ metadata, status }: Node, podsOn: (nodeName: string) => number): boolean {
  const most = status?.allocatable?.['pods'];
  return most !== undefined && podsOn(metadata?.name ?? '') >= Number(most);
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
