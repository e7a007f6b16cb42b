import type { PersistentVolumeClaim } from 'kubernetes-types/core/v1.js';
import type { KubeObject, Node, Pod, PodCondition } from '#kube';
import { ignoreNotFound, orIfNotFound } from '../reconcile/api-errors.ts';
import type { ControllerContext } from '../reconcile/context.ts';
import { keyOf, parseKey } from '../reconcile/informer.ts';
import { startReconcileLoop, type ReconcileLoop } from '../reconcile/loop.ts';
import { RESOURCES } from '../../resources.ts';
import { awaitsScheduling, claimsOf, planScheduling, saysAlready } from './scheduler-plan.ts';
import { isPodFinished } from '../workloads/pod-state.ts';
import { wireTime } from '../reconcile/wire-time.ts';

/** Gives each pending pod its node, or writes into its status and an event why there is none. */
export function startScheduler(context: ControllerContext): ReconcileLoop {
  const { api, clock } = context;
  const events = context.eventsOf('default-scheduler');

  /** Writes the PodScheduled condition by a patch that leaves the kubelet's conditions alone. */
  const setScheduled = (key: { namespace: string; name: string }, pod: Pod, condition: Partial<PodCondition>) => {
    const lastTransitionTime = wireTime(clock.now());
    const { uid, generation } = pod.metadata ?? {};
    const known = { type: 'PodScheduled', lastTransitionTime, reason: null, message: null };
    const observed = generation === undefined ? {} : { observedGeneration: generation };
    const body = { metadata: { uid }, status: { conditions: [{ ...known, ...observed, ...condition }] } };
    return ignoreNotFound(api.patch(RESOURCES.pods, key, 'strategic', body, 'status'));
  };

  /** A pod waits until its claims are bound (the scheduler's plugin VolumeBinding, whose texts these are). */
  const volumeProblem = async (namespace: string, pod: Pod): Promise<string | undefined> => {
    for (const name of claimsOf(pod)) {
      const read = api.get<PersistentVolumeClaim & KubeObject>(RESOURCES.persistentVolumeClaims, { namespace, name });
      const claim = await orIfNotFound(read, undefined);
      if (claim === undefined) return `persistentvolumeclaim "${name}" not found`;
      if (claim.status?.phase !== 'Bound') return 'pod has unbound immediate PersistentVolumeClaims';
    }
    return undefined;
  };

  /** The nodes of pods that have not ended: those take a place there, also while they are being deleted. */
  const places = new Map<string, string>();
  const podsOn = (nodeName: string) => [...places.values()].filter((place) => place === nodeName).length;

  const loop = startReconcileLoop({
    ...context,
    name: 'scheduler',
    reconcile: async (key) => {
      const { namespace = '', name } = parseKey(key);
      const at = { namespace, name };
      const pod = await orIfNotFound(api.get<Pod & KubeObject>(RESOURCES.pods, at), undefined);
      if (pod === undefined || !awaitsScheduling(pod)) return undefined;
      const { items } = await api.list<Node>(RESOURCES.nodes);
      const problem = await volumeProblem(namespace, pod);
      const decision = planScheduling(pod, items, { volumeProblem: problem, podsOn });
      if (decision.kind === 'unschedulable') {
        const { message } = decision;
        if (saysAlready(pod, message)) return undefined;
        await setScheduled(at, pod, { status: 'False', reason: 'Unschedulable', message });
        await events.record(pod, { type: 'Warning', reason: 'FailedScheduling', message });
        return undefined;
      }
      const { nodeName } = decision;
      const { resourceVersion } = pod.metadata;
      // At once, for those that are looked at meanwhile.
      places.set(key, nodeName);
      try {
        await api.patch(RESOURCES.pods, at, 'merge', { metadata: { resourceVersion }, spec: { nodeName } });
      } catch (error) {
        places.delete(key);
        await ignoreNotFound(Promise.reject(error));
        return undefined;
      }
      await setScheduled(at, pod, { status: 'True' });
      const message = `Successfully assigned ${key} to ${nodeName}`;
      await events.record(pod, { type: 'Normal', reason: 'Scheduled', message });
      return undefined;
    },
  });

  const pending = new Set<string>();
  context.watch<Pod & KubeObject>(RESOURCES.pods, ({ type, object }) => {
    const key = keyOf(object);
    const { nodeName } = object.spec ?? {};
    if (type === 'deleted' || isPodFinished(object)) {
      if (places.delete(key)) for (const waiting of pending) loop.enqueue(waiting);
    } else if (nodeName) places.set(key, nodeName);
    if (type === 'deleted' || !awaitsScheduling(object)) {
      pending.delete(key);
      return;
    }
    pending.add(key);
    loop.enqueue(key);
  });
  context.watch(RESOURCES.persistentVolumeClaims, ({ object }) => {
    for (const key of pending) if (parseKey(key).namespace === object.metadata.namespace) loop.enqueue(key);
  });
  context.watch<Node & KubeObject>(RESOURCES.nodes, ({ previous, object }) => {
    // A node's heartbeat changes nothing for a pod that waits.
    if (JSON.stringify(facts(previous)) === JSON.stringify(facts(object))) return;
    for (const key of pending) loop.enqueue(key);
  });
  return loop;
}

const facts = (node: Node | undefined) =>
  node && [node.metadata?.labels, node.spec?.taints, node.spec?.unschedulable, node.status?.allocatable];
