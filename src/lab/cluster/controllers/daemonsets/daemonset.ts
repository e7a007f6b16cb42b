import type { ControllerRevision, DaemonSet } from 'kubernetes-types/apps/v1.js';
import type { KubeObject, Node, Pod } from '#kube';
import { RESOURCES } from '../../resources.ts';
import { ignoreNotFound, orIfNotFound } from '../reconcile/api-errors.ts';
import type { ControllerContext } from '../reconcile/context.ts';
import { keyOf, parseKey } from '../reconcile/informer.ts';
import { sameJson } from '../reconcile/json.ts';
import { startReconcileLoop, type ReconcileLoop } from '../reconcile/loop.ts';
import { applyClaims, claimOwner } from '../workloads/claims.ts';
import { createPodControl } from '../workloads/pod-control.ts';
import { syncRevisions, trimRevisions } from '../workloads/revision-history.ts';
import { hashOf, REVISION_HASH } from '../workloads/revisions.ts';
import { watchWorkload } from '../workloads/watch-workload.ts';
import { nodeOf, planDaemonPod } from './daemonset-pods.ts';
import { planDaemonSet, planDaemonSetStatus } from './daemonset-plan.ts';

type StoredSet = DaemonSet & KubeObject;

/** Keeps one pod of each DaemonSet on every node where it belongs, and rolls new templates out. */
export function startDaemonSetController(context: ControllerContext): ReconcileLoop {
  const { api, clock } = context;
  const events = context.eventsOf('daemonset-controller');
  const control = createPodControl(context, events);

  const podsOf = (set: StoredSet) =>
    applyClaims<Pod>({
      api,
      resource: RESOURCES.pods,
      namespace: set.metadata.namespace ?? '',
      owner: claimOwner('apps/v1', 'DaemonSet', set),
    });

  const remove = async (set: StoredSet, pod: Pod): Promise<void> => {
    const { namespace = '', name = '' } = pod.metadata ?? {};
    const where = `daemon pod ${namespace}/${name} on node ${nodeOf(pod) ?? ''}, will try to`;
    if (pod.status?.phase === 'Failed') {
      await events.record(set, {
        type: 'Warning',
        reason: 'FailedDaemonPod',
        message: `Found failed ${where} kill it`,
      });
    }
    if (pod.status?.phase === 'Succeeded') {
      const message = `Found succeeded ${where} delete it`;
      await events.record(set, { type: 'Normal', reason: 'SucceededDaemonPod', message });
    }
    await control.delete(set, pod);
  };

  const loop = startReconcileLoop({
    ...context,
    name: 'daemonset',
    reconcile: async (key) => {
      const { namespace = '', name } = parseKey(key);
      const set = await orIfNotFound(api.get<StoredSet>(RESOURCES.daemonSets, { namespace, name }), undefined);
      if (set === undefined) return undefined;
      const { selector } = set.spec ?? {};
      const history = await syncRevisions({ api, resource: RESOURCES.daemonSets, owner: set, selector });
      if (history === undefined) return undefined;
      const { update, all } = history;
      const { items: nodes } = await api.list<Node>(RESOURCES.nodes);
      const view = { set, nodes, hash: hashOf(update) };
      const pods = await podsOf(set);
      const step = planDaemonSet({ ...view, pods, nowMs: clock.now() });
      const change = async (): Promise<void> => {
        for (const pod of step.remove) await remove(set, pod);
        for (const node of step.create) await control.create(set, planDaemonPod(set, node, hashOf(update)));
      };
      // A pod that is refused is no reason to tell of one that is gone: the status comes first, then the failure.
      const [changed] = await Promise.allSettled([change()]);
      const settled = step.create.length + step.remove.length === 0 ? pods : await podsOf(set);
      const { status, againAfterMs } = planDaemonSetStatus({ ...view, pods: settled, nowMs: clock.now() });
      if (!sameJson(status, set.status)) {
        await ignoreNotFound(api.update(RESOURCES.daemonSets, { namespace, name }, { ...set, status }, 'status'));
      }
      if (changed.status === 'rejected') throw changed.reason;
      const used = new Set([hashOf(update), ...settled.map(({ metadata }) => metadata?.labels?.[REVISION_HASH])]);
      const isUsed = (revision: ControllerRevision) => used.has(hashOf(revision));
      await trimRevisions(api, set, all, isUsed);
      return againAfterMs === undefined ? undefined : { againAfterMs };
    },
  });
  const sets = new Set<string>();
  context.watch(RESOURCES.daemonSets, ({ type, object }) => {
    if (type === 'deleted') sets.delete(keyOf(object));
    else sets.add(keyOf(object));
  });
  watchWorkload<DaemonSet>(context, loop, {
    kind: 'DaemonSet',
    resource: RESOURCES.daemonSets,
    dependents: RESOURCES.pods,
    selectorOf: ({ spec }) => spec?.selector,
  });
  context.watch<Node & KubeObject>(RESOURCES.nodes, ({ type, previous, object }) => {
    // A node's heartbeat changes nothing for its daemons.
    if (type === 'modified' && sameJson(factsOf(previous), factsOf(object))) return;
    for (const key of sets) loop.enqueue(key);
  });
  return loop;
}

const factsOf = (node: Node | undefined) => [node?.metadata?.labels, node?.spec?.taints];
