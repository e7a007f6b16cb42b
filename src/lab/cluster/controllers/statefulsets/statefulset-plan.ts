import type { ControllerRevision, StatefulSet, StatefulSetStatus } from 'kubernetes-types/apps/v1.js';
import type { Pod } from '#kube';
import { availableInMs, isPodFinished, isPodReady } from '../workloads/pod-state.ts';
import { ordinalOf, ordinalsOf, revisionNameOf } from './statefulset-pods.ts';

/** A StatefulSet with what it has. */
export interface StatefulSetView {
  readonly set: StatefulSet;
  readonly pods: readonly Pod[];
  /** The revision that pods are of which an update does not reach (yet), and that of the present template. */
  readonly current: ControllerRevision;
  readonly update: ControllerRevision;
  readonly nowMs: number;
}

/** The next changes; after them the world is looked at anew. */
export interface StatefulSetStep {
  readonly create: readonly { readonly ordinal: number; readonly revision: ControllerRevision }[];
  readonly remove: readonly Pod[];
}

const isTerminating = (pod: Pod) => pod.metadata?.deletionTimestamp !== undefined;
const isRunningAndReady = (pod: Pod) => pod.status?.phase === 'Running' && isPodReady(pod);

const isAvailable = ({ set, nowMs }: StatefulSetView, pod: Pod) =>
  isRunningAndReady(pod) && availableInMs(pod, set.spec?.minReadySeconds ?? 0, nowMs) === 0;

/** Up to the pod that others wait for: in order, one after another, unless podManagementPolicy is Parallel. */
const isOrdered = ({ spec }: StatefulSet) => spec?.podManagementPolicy !== 'Parallel';

/** What the set does next, by the rules of Kubernetes' StatefulSet controller (stateful_set_control.go). */
export function planStatefulSet(view: StatefulSetView): StatefulSetStep {
  const { set, pods } = view;
  if (set.metadata?.deletionTimestamp !== undefined) return { create: [], remove: [] };
  const { start, end } = ordinalsOf(set);
  const byOrdinal = new Map(pods.map((pod) => [ordinalOf(set, pod), pod]));
  const create: { ordinal: number; revision: ControllerRevision }[] = [];
  const remove: Pod[] = [];
  for (let ordinal = start; ordinal < end; ordinal += 1) {
    const pod = byOrdinal.get(ordinal);
    if (pod === undefined) create.push({ ordinal, revision: revisionFor(view, ordinal) });
    else if (isPodFinished(pod) && !isTerminating(pod)) remove.push(pod);
    const isInTheWay = pod === undefined || isTerminating(pod) || !isAvailable(view, pod);
    if (isInTheWay && isOrdered(set)) return { create, remove };
  }
  const condemned = pods
    .filter((pod) => isBeyond(ordinalOf(set, pod), start, end))
    .sort((a, b) => (ordinalOf(set, b) ?? 0) - (ordinalOf(set, a) ?? 0));
  if (isOrdered(set) && condemned.length > 0) return { create, remove: planOrderedShrink(view, condemned) };
  remove.push(...condemned.filter((pod) => !isTerminating(pod)));
  const outdated = planUpdate(view, byOrdinal);
  return { create, remove: outdated === undefined ? remove : [...remove, outdated] };
}

const isBeyond = (ordinal: number | undefined, start: number, end: number) =>
  ordinal !== undefined && (ordinal < start || ordinal >= end);

/** The highest ordinal goes first; while one goes, or one that is not well is further down, the others wait. */
function planOrderedShrink(view: StatefulSetView, condemned: readonly Pod[]): readonly Pod[] {
  const [next] = condemned;
  if (next === undefined || isTerminating(next)) return [];
  const firstUnwell = [...condemned].reverse().find((pod) => isTerminating(pod) || !isRunningAndReady(pod));
  return isAvailable(view, next) || next === firstUnwell ? [next] : [];
}

/** The pod that a rolling update replaces next: from the highest ordinal down to the partition, each after the other is well. */
function planUpdate(view: StatefulSetView, byOrdinal: ReadonlyMap<number | undefined, Pod>): Pod | undefined {
  const { set, update } = view;
  const { start, end } = ordinalsOf(set);
  const { type = 'RollingUpdate', rollingUpdate } = set.spec?.updateStrategy ?? {};
  if (type === 'OnDelete') return undefined;
  for (let ordinal = end - 1; ordinal >= Math.max(start, start + (rollingUpdate?.partition ?? 0)); ordinal -= 1) {
    const pod = byOrdinal.get(ordinal);
    if (pod === undefined) return undefined;
    if (revisionNameOf(pod) !== update.metadata?.name && !isTerminating(pod))
      return isPodFinished(pod) ? undefined : pod;
    if (isTerminating(pod) || !isAvailable(view, pod)) return undefined;
  }
  return undefined;
}

/** Below the partition pods stay what they were. */
function revisionFor({ set, current, update }: StatefulSetView, ordinal: number): ControllerRevision {
  const partition = set.spec?.updateStrategy?.rollingUpdate?.partition ?? 0;
  return ordinal < ordinalsOf(set).start + partition ? current : update;
}

/** The status of a set, and when it changes by time alone (minReadySeconds). */
export interface StatefulSetStatusPlan {
  readonly status: StatefulSetStatus;
  readonly againAfterMs: number | undefined;
}

/** Counts the pods; an update that reached all of them makes its revision the current one. */
export function planStatefulSetStatus(view: StatefulSetView): StatefulSetStatusPlan {
  const { set, pods, current, update, nowMs } = view;
  const currentName = current.metadata?.name ?? '';
  const updateName = update.metadata?.name ?? '';
  const ready = pods.filter(isRunningAndReady);
  const waits = ready.map((pod) => availableInMs(pod, set.spec?.minReadySeconds ?? 0, nowMs) ?? 0);
  const staying = pods.filter((pod) => !isTerminating(pod)).map(revisionNameOf);
  const countOf = (name: string) => staying.filter((revision) => revision === name).length;
  const wanted = set.spec?.replicas ?? 1;
  const updated = countOf(updateName);
  const isUpdated =
    set.spec?.updateStrategy?.type !== 'OnDelete' &&
    [updated, ready.length, pods.length].every((number) => number === wanted);
  const { generation } = set.metadata ?? {};
  const { collisionCount, conditions } = set.status ?? {};
  const pending = waits.filter((wait) => wait > 0);
  const count = (field: string, value: number) => (value === 0 ? {} : { [field]: value });
  return {
    status: {
      ...(generation === undefined ? {} : { observedGeneration: generation }),
      replicas: pods.length,
      ...count('readyReplicas', ready.length),
      ...count('currentReplicas', isUpdated ? updated : countOf(currentName)),
      ...count('updatedReplicas', updated),
      currentRevision: isUpdated ? updateName : currentName,
      updateRevision: updateName,
      collisionCount: collisionCount ?? 0,
      availableReplicas: waits.filter((wait) => wait === 0).length,
      ...(conditions === undefined ? {} : { conditions }),
    },
    againAfterMs: pending.length === 0 ? undefined : Math.min(...pending),
  };
}
