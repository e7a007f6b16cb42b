import type { KubeObject, Pod } from '#kube';
import { ignoreNotFound, orIfNotFound } from '../reconcile/api-errors.ts';
import type { ControllerContext } from '../reconcile/context.ts';
import { keyOf, parseKey } from '../reconcile/informer.ts';
import { startReconcileLoop, type ReconcileLoop } from '../reconcile/loop.ts';
import { isPodFinished } from '../workloads/pod-state.ts';
import { RESOURCES } from '../../resources.ts';

/** What the pod garbage collector does with a pod. */
export type PodGcPlan = 'keep' | 'delete' | 'fail-and-delete';

/**
 * A pod of a node that is gone has nobody to end it, nor has one that is being deleted and never got a node. Kubernetes
 * also deletes ended pods beyond 12500; a lab has no such number.
 */
export function planPodGc(pod: Pod, nodeExists: boolean): PodGcPlan {
  const { nodeName } = pod.spec ?? {};
  if (!nodeName) return pod.metadata?.deletionTimestamp === undefined ? 'keep' : 'delete';
  if (nodeExists) return 'keep';
  return isPodFinished(pod) ? 'delete' : 'fail-and-delete';
}

// Kubernetes gives a node that it misses this long to appear again.
const QUARANTINE_MS = 40_000;

/** Deletes pods that no kubelet will delete. */
export function startPodGc(context: ControllerContext): ReconcileLoop {
  const { api, clock } = context;
  const missingSince = new Map<string, number>();
  const podsByKey = new Map<string, string>();

  const nodeExists = async (name: string | undefined): Promise<boolean> =>
    !name || (await orIfNotFound(api.get(RESOURCES.nodes, { name }), undefined)) !== undefined;

  const loop = startReconcileLoop({
    ...context,
    name: 'pod-gc',
    reconcile: async (key) => {
      const at = parseKey(key);
      const pod = await orIfNotFound(api.get<Pod & KubeObject>(RESOURCES.pods, at), undefined);
      if (pod === undefined) return undefined;
      const nodeName = pod.spec?.nodeName ?? '';
      const exists = await nodeExists(nodeName);
      const plan = planPodGc(pod, exists);
      if (exists) missingSince.delete(nodeName);
      if (plan === 'keep') return undefined;
      if (!exists) {
        const since = missingSince.get(nodeName) ?? clock.monotonic();
        missingSince.set(nodeName, since);
        const leftMs = since + QUARANTINE_MS - clock.monotonic();
        if (leftMs > 0) return { againAfterMs: leftMs };
      }
      if (plan === 'fail-and-delete') {
        const status = { phase: 'Failed', reason: 'NodeLost', message: 'PodGC: node no longer exists' };
        await ignoreNotFound(api.patch(RESOURCES.pods, at, 'merge', { status }, 'status'));
      }
      const { uid } = pod.metadata;
      const preconditions = uid === undefined ? {} : { uid };
      await ignoreNotFound(api.delete(RESOURCES.pods, at, { gracePeriodSeconds: 0, preconditions }));
      return undefined;
    },
  });

  context.watch<Pod & KubeObject>(RESOURCES.pods, ({ type, object, previous }) => {
    const key = keyOf(object);
    if (type === 'deleted') podsByKey.delete(key);
    else podsByKey.set(key, object.spec?.nodeName ?? '');
    const moved = previous === undefined || previous.spec?.nodeName !== object.spec?.nodeName;
    if (type !== 'deleted' && (moved || object.metadata.deletionTimestamp !== undefined)) loop.enqueue(key);
  });
  context.watch(RESOURCES.nodes, ({ type, object }) => {
    if (type !== 'deleted') return;
    for (const [key, nodeName] of podsByKey) if (nodeName === object.metadata.name) loop.enqueue(key);
  });
  return loop;
}
