import type { ControllerRevision, StatefulSet } from 'kubernetes-types/apps/v1.js';
import type { KubeObject, Pod } from '#kube';
import { RESOURCES } from '../../resources.ts';
import { ignoreNotFound, isAlreadyExists, isNamespaceTerminating, orIfNotFound } from '../reconcile/api-errors.ts';
import type { ControllerContext } from '../reconcile/context.ts';
import { parseKey } from '../reconcile/informer.ts';
import { sameJson } from '../reconcile/json.ts';
import { startReconcileLoop, type ReconcileLoop } from '../reconcile/loop.ts';
import { applyClaims, claimOwner } from '../workloads/claims.ts';
import { createPodControl, type PodControlTexts } from '../workloads/pod-control.ts';
import { isPodFinished } from '../workloads/pod-state.ts';
import { syncRevisions, trimRevisions } from '../workloads/revision-history.ts';
import { watchWorkload } from '../workloads/watch-workload.ts';
import { ordinalOf, planClaims, planStatefulPod, revisionNameOf } from './statefulset-pods.ts';
import { planStatefulSet, planStatefulSetStatus, type StatefulSetStep } from './statefulset-plan.ts';

type StoredSet = StatefulSet & KubeObject;

const TEXTS: PodControlTexts = {
  created: (pod, { metadata }) => `create Pod ${pod} in StatefulSet ${metadata.name ?? ''} successful`,
  notCreated: (error, pod, { metadata }) =>
    `create Pod ${pod} in StatefulSet ${metadata.name ?? ''} failed error: ${error}`,
  deleted: (pod, { metadata }) => `delete Pod ${pod} in StatefulSet ${metadata.name ?? ''} successful`,
};

// How soon a set looks again at a pod's name that somebody else has.
const NAME_TAKEN_MS = 1000;

/** Keeps the pods of each StatefulSet: who they are, in which order they come and go, and of which revision they are. */
export function startStatefulSetController(context: ControllerContext): ReconcileLoop {
  const { api, clock } = context;
  const events = context.eventsOf('statefulset-controller');
  const control = createPodControl(context, events, TEXTS);

  const podsOf = (set: StoredSet) =>
    applyClaims<Pod>({
      api,
      resource: RESOURCES.pods,
      namespace: set.metadata.namespace ?? '',
      // A pod belongs to the set by its name too.
      isIgnored: (pod) => ordinalOf(set, pod) === undefined,
      owner: claimOwner('apps/v1', 'StatefulSet', set),
    });

  const createClaims = async (set: StoredSet, ordinal: number): Promise<void> => {
    const { namespace, name = '' } = set.metadata;
    for (const claim of planClaims(set, ordinal)) {
      const claimName = claim.metadata?.name ?? '';
      const key = { namespace, name: claimName };
      if ((await orIfNotFound(api.get(RESOURCES.persistentVolumeClaims, key), undefined)) !== undefined) continue;
      await api.create(RESOURCES.persistentVolumeClaims, namespace, claim);
      const message = `create Claim ${claimName} Pod ${name}-${ordinal} in StatefulSet ${name} success`;
      await events.record(set, { type: 'Normal', reason: 'SuccessfulCreate', message });
    }
  };

  /** Answers whether all of it could be done. */
  const apply = async (set: StoredSet, { create, remove }: StatefulSetStep): Promise<boolean> => {
    for (const { ordinal, revision } of create) {
      const pod = planStatefulPod(set, revision, ordinal);
      const key = { namespace: set.metadata.namespace, name: pod.metadata.name ?? '' };
      // A pod of this name that is not the set's: of a set before this one, or somebody's own.
      if ((await orIfNotFound(api.get(RESOURCES.pods, key), undefined)) !== undefined) return false;
      try {
        await createClaims(set, ordinal);
        await control.create(set, pod);
      } catch (error) {
        if (isNamespaceTerminating(error)) return true;
        if (isAlreadyExists(error)) return false;
        throw error;
      }
    }
    for (const pod of remove) {
      const { namespace = '', name = '' } = pod.metadata ?? {};
      if (isPodFinished(pod)) {
        const failed = pod.status?.phase === 'Failed';
        const what = `StatefulSet ${namespace}/${set.metadata.name ?? ''} is recreating`;
        await events.record(
          set,
          failed
            ? { type: 'Warning', reason: 'RecreatingFailedPod', message: `${what} failed Pod ${name}` }
            : { type: 'Normal', reason: 'RecreatingTerminatedPod', message: `${what} terminated Pod ${name}` },
        );
      }
      await control.delete(set, pod);
    }
    return true;
  };

  const loop = startReconcileLoop({
    ...context,
    name: 'statefulset',
    reconcile: async (key) => {
      const { namespace = '', name } = parseKey(key);
      const set = await orIfNotFound(api.get<StoredSet>(RESOURCES.statefulSets, { namespace, name }), undefined);
      if (set === undefined) return undefined;
      const history = await syncRevisions({
        api,
        resource: RESOURCES.statefulSets,
        owner: set,
        selector: set.spec?.selector,
      });
      if (history === undefined) return undefined;
      const { update, all } = history;
      const current = all.find(({ metadata }) => metadata?.name === set.status?.currentRevision) ?? update;
      const view = { set, current, update };
      const pods = await podsOf(set);
      const step = planStatefulSet({ ...view, pods, nowMs: clock.now() });
      const isDone = await apply(set, step);
      const settled = step.create.length + step.remove.length === 0 ? pods : await podsOf(set);
      const { status, againAfterMs } = planStatefulSetStatus({ ...view, pods: settled, nowMs: clock.now() });
      if (!sameJson(status, set.status)) {
        await ignoreNotFound(api.update(RESOURCES.statefulSets, { namespace, name }, { ...set, status }, 'status'));
      }
      const used = new Set([status.currentRevision, status.updateRevision, ...settled.map(revisionNameOf)]);
      const isUsed = ({ metadata }: ControllerRevision) => used.has(metadata?.name);
      await trimRevisions(api, set, all, isUsed);
      if (!isDone) return { againAfterMs: NAME_TAKEN_MS };
      return againAfterMs === undefined ? undefined : { againAfterMs };
    },
  });
  watchWorkload<StatefulSet>(context, loop, {
    kind: 'StatefulSet',
    resource: RESOURCES.statefulSets,
    dependents: RESOURCES.pods,
    selectorOf: ({ spec }) => spec?.selector,
  });
  return loop;
}
