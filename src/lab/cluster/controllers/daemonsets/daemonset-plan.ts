import type { DaemonSet, DaemonSetStatus } from 'kubernetes-types/apps/v1.js';
import type { Node, Pod } from '#kube';
import { podCount } from '../workloads/pod-count.ts';
import { availableInMs, isPodFinished, isPodReady } from '../workloads/pod-state.ts';
import { REVISION_HASH } from '../workloads/revisions.ts';
import { judgeNode, nodeOf, type NodeVerdict } from './daemonset-pods.ts';

/** A DaemonSet with what it has. */
export interface DaemonSetView {
  readonly set: DaemonSet;
  readonly nodes: readonly Node[];
  readonly pods: readonly Pod[];
  /** The hash of the present template. */
  readonly hash: string;
  readonly nowMs: number;
}

/** What to create and to delete now. */
export interface DaemonSetStep {
  /** The names of the nodes that need a pod. */
  readonly create: readonly string[];
  readonly remove: readonly Pod[];
}

/** One node with the set's pods on it that are not being deleted. */
interface NodeView {
  readonly name: string;
  readonly verdict: NodeVerdict;
  readonly pods: readonly Pod[];
  /** The pod of the present template, and one of an older one. */
  readonly fresh: Pod | undefined;
  readonly stale: Pod | undefined;
}

const isTerminating = (pod: Pod) => pod.metadata?.deletionTimestamp !== undefined;
const createdAt = ({ metadata }: Pod) => `${metadata?.creationTimestamp ?? ''} ${metadata?.name ?? ''}`;

function viewNodes({ set, nodes, pods, hash }: DaemonSetView): readonly NodeView[] {
  const isFresh = (pod: Pod) => pod.metadata?.labels?.[REVISION_HASH] === hash;
  return nodes.map((node) => {
    const name = node.metadata?.name ?? '';
    const here = pods.filter((pod) => nodeOf(pod) === name && !isTerminating(pod));
    const alive = here.filter((pod) => !isPodFinished(pod));
    return {
      name,
      verdict: judgeNode(set, node),
      pods: here,
      fresh: alive.find(isFresh),
      stale: alive.find((pod) => !isFresh(pod)),
    };
  });
}

/** What the set does now: first one pod on each node where one belongs, then the rolling update. */
export function planDaemonSet(view: DaemonSetView): DaemonSetStep {
  if (view.set.metadata?.deletionTimestamp !== undefined) return { create: [], remove: [] };
  const nodes = viewNodes(view);
  const wanted = nodes.filter(({ verdict }) => verdict === 'run').length;
  const limits = updateLimits(view.set, wanted);
  const create: string[] = [];
  const remove: Pod[] = [];
  for (const node of nodes) {
    if (node.verdict === 'run' && node.pods.length === 0) create.push(node.name);
    remove.push(...surplusOn(node, limits.maxSurge > 0, view));
  }
  // Pods whose node is gone are left to the pod garbage collector.
  if (create.length + remove.length > 0) return { create, remove };
  if (view.set.spec?.updateStrategy?.type === 'OnDelete') return { create, remove };
  return limits.maxSurge > 0
    ? planSurge(view, nodes, limits.maxSurge)
    : planReplace(view, nodes, limits.maxUnavailable);
}

/** Ended pods, pods where none belongs, and all but the oldest; a surge may have one pod of each template. */
function surplusOn({ pods, verdict, stale, fresh }: NodeView, surges: boolean, view: DaemonSetView): readonly Pod[] {
  const ended = pods.filter(isPodFinished);
  const alive = pods.filter((pod) => !isPodFinished(pod)).sort((a, b) => (createdAt(a) < createdAt(b) ? -1 : 1));
  if (verdict === 'none') return [...ended, ...alive];
  if (!surges || stale === undefined || fresh === undefined) return [...ended, ...alive.slice(1)];
  const old = alive.filter((pod) => pod.metadata?.labels?.[REVISION_HASH] !== view.hash);
  const young = alive.filter((pod) => pod.metadata?.labels?.[REVISION_HASH] === view.hash);
  return [...ended, ...old.slice(1), ...young.slice(1)];
}

const isAvailable = ({ set, nowMs }: DaemonSetView, pod: Pod | undefined) =>
  pod !== undefined && availableInMs(pod, set.spec?.minReadySeconds ?? 0, nowMs) === 0;

/** Without surge: old pods go, those first that are not available anyway, as long as enough are. */
function planReplace(view: DaemonSetView, nodes: readonly NodeView[], maxUnavailable: number): DaemonSetStep {
  const running = nodes.filter(({ verdict }) => verdict === 'run');
  const broken = running.flatMap(({ stale }) => (stale !== undefined && !isAvailable(view, stale) ? [stale] : []));
  const candidates = running.flatMap(({ stale }) => (stale !== undefined && isAvailable(view, stale) ? [stale] : []));
  const unavailable = running.filter(({ stale, fresh }) => stale === undefined && !isAvailable(view, fresh)).length;
  const room = Math.max(0, maxUnavailable - unavailable);
  return { create: [], remove: [...broken, ...candidates.slice(0, room)] };
}

/** With surge: a node gets its new pod beside the old one, which goes when the new one is available. */
function planSurge(view: DaemonSetView, nodes: readonly NodeView[], maxSurge: number): DaemonSetStep {
  const running = nodes.filter(({ verdict }) => verdict === 'run');
  const surging = running.filter(({ stale, fresh }) => stale !== undefined && fresh !== undefined);
  const remove = surging.flatMap(({ stale, fresh }) =>
    stale !== undefined && isAvailable(view, fresh) ? [stale] : [],
  );
  const waiting = running.filter(({ stale, fresh }) => stale !== undefined && fresh === undefined);
  const broken = waiting.filter(({ stale }) => !isAvailable(view, stale));
  const candidates = waiting.filter(({ stale }) => isAvailable(view, stale));
  const room = Math.max(0, maxSurge - surging.length);
  return { create: [...broken, ...candidates.slice(0, room)].map(({ name }) => name), remove };
}

/** The limits in pods: shares are rounded up; where both come to 0, one pod may be unavailable. */
function updateLimits(
  { spec }: DaemonSet,
  wanted: number,
): { readonly maxSurge: number; readonly maxUnavailable: number } {
  const { maxSurge = 0, maxUnavailable = 1 } = spec?.updateStrategy?.rollingUpdate ?? {};
  const surge = podCount(maxSurge, wanted);
  const unavailable = podCount(maxUnavailable, wanted);
  return { maxSurge: surge, maxUnavailable: surge === 0 ? Math.max(1, unavailable) : unavailable };
}

/** The status of a set, and when it changes by time alone (minReadySeconds). */
export interface DaemonSetStatusPlan {
  readonly status: DaemonSetStatus;
  readonly againAfterMs: number | undefined;
}

/** Counts nodes: where a pod belongs, where one is, where it is of the present template, ready and available. */
export function planDaemonSetStatus(view: DaemonSetView): DaemonSetStatusPlan {
  const { set, nowMs } = view;
  const nodes = viewNodes(view);
  const running = nodes.filter(({ verdict }) => verdict === 'run');
  // Of several pods of a node the oldest speaks for it.
  const chosen = running.flatMap(({ pods }) =>
    [...pods].sort((a, b) => (createdAt(a) < createdAt(b) ? -1 : 1)).slice(0, 1),
  );
  const waits = chosen.filter(isPodReady).map((pod) => availableInMs(pod, set.spec?.minReadySeconds ?? 0, nowMs) ?? 0);
  const available = waits.filter((wait) => wait === 0).length;
  const updated = chosen.filter((pod) => pod.metadata?.labels?.[REVISION_HASH] === view.hash).length;
  const pending = waits.filter((wait) => wait > 0);
  const { generation } = set.metadata ?? {};
  const { collisionCount, conditions } = set.status ?? {};
  const count = (field: string, value: number) => (value === 0 ? {} : { [field]: value });
  return {
    status: {
      currentNumberScheduled: chosen.length,
      numberMisscheduled: nodes.filter(({ verdict, pods }) => verdict !== 'run' && pods.length > 0).length,
      desiredNumberScheduled: running.length,
      numberReady: chosen.filter(isPodReady).length,
      ...(generation === undefined ? {} : { observedGeneration: generation }),
      ...count('updatedNumberScheduled', updated),
      ...count('numberAvailable', available),
      ...count('numberUnavailable', running.length - available),
      ...(collisionCount === undefined ? {} : { collisionCount }),
      ...(conditions === undefined ? {} : { conditions }),
    },
    againAfterMs: pending.length === 0 ? undefined : Math.min(...pending),
  };
}
