import type { KubeObject, Node, Pod } from '#kube';
import { RESOURCES } from '../../resources.ts';
import { ignoreNotFound, orIfNotFound } from '../reconcile/api-errors.ts';
import type { ControllerContext } from '../reconcile/context.ts';
import { keyOf, parseKey } from '../reconcile/informer.ts';
import { sameJson } from '../reconcile/json.ts';
import { startReconcileLoop, type ReconcileLoop } from '../reconcile/loop.ts';
import { wireTime } from '../reconcile/wire-time.ts';
import { tolerates } from './node-fit.ts';

/**
 * Milliseconds after which a pod leaves a node with these taints: 0 when it does not tolerate one of effect NoExecute,
 * the least of the tolerationSeconds where it bears all for a time, undefined when it stays.
 */
export function evictionAfterMs(pod: Pod, node: Node): number | undefined {
  const taints = (node.spec?.taints ?? []).filter(({ effect }) => effect === 'NoExecute');
  const tolerations = pod.spec?.tolerations ?? [];
  const bearing = taints.map((taint) => tolerations.filter((toleration) => tolerates(toleration, taint)));
  if (bearing.some((used) => used.length === 0)) return 0;
  const seconds = bearing.flat().flatMap(({ tolerationSeconds }) => tolerationSeconds ?? []);
  return seconds.length === 0 ? undefined : Math.max(0, Math.min(...seconds)) * 1000;
}

/** Deletes pods from nodes with a taint of effect NoExecute that they do not bear, or not any longer. */
export function startTaintEviction(context: ControllerContext): ReconcileLoop {
  const { api, clock } = context;
  const events = context.eventsOf('taint-eviction-controller');
  /** When a pod that bears a taint for a time began to. */
  const since = new Map<string, number>();
  const podsByNode = new Map<string, Set<string>>();

  const evict = async (at: { namespace: string; name: string }, pod: Pod & KubeObject): Promise<void> => {
    const { uid = '' } = pod.metadata;
    const condition = {
      type: 'DisruptionTarget',
      status: 'True',
      reason: 'DeletionByTaintManager',
      message: 'Taint manager: deleting due to NoExecute taint',
      lastTransitionTime: wireTime(clock.now()),
    };
    const message = `Marking for deletion Pod ${at.namespace}/${at.name}`;
    await events.record(pod, { type: 'Normal', reason: 'TaintManagerEviction', message });
    const body = { metadata: { uid }, status: { conditions: [condition] } };
    await ignoreNotFound(api.patch(RESOURCES.pods, at, 'strategic', body, 'status'));
    await ignoreNotFound(api.delete(RESOURCES.pods, at, { preconditions: { uid } }));
  };

  const loop = startReconcileLoop({
    ...context,
    name: 'taint-eviction',
    reconcile: async (key) => {
      const { namespace = '', name } = parseKey(key);
      const at = { namespace, name };
      const pod = await orIfNotFound(api.get<Pod & KubeObject>(RESOURCES.pods, at), undefined);
      const nodeName = pod?.spec?.nodeName;
      if (pod === undefined || !nodeName || pod.metadata.deletionTimestamp !== undefined) return undefined;
      const node = await orIfNotFound(api.get<Node & KubeObject>(RESOURCES.nodes, { name: nodeName }), undefined);
      const afterMs = node === undefined ? undefined : evictionAfterMs(pod, node);
      if (afterMs === undefined) {
        since.delete(key);
        return undefined;
      }
      const beganMs = since.get(key) ?? clock.monotonic();
      since.set(key, beganMs);
      const leftMs = beganMs + afterMs - clock.monotonic();
      if (leftMs > 0) return { againAfterMs: leftMs };
      since.delete(key);
      await evict(at, pod);
      return undefined;
    },
  });

  context.watch<Pod & KubeObject>(RESOURCES.pods, ({ type, object, previous }) => {
    const key = keyOf(object);
    const { nodeName } = object.spec ?? {};
    if (!nodeName) return;
    const here = podsByNode.get(nodeName) ?? new Set<string>();
    podsByNode.set(nodeName, here);
    if (type === 'deleted') {
      here.delete(key);
      since.delete(key);
    } else here.add(key);
    if (type === 'added' || previous?.spec?.nodeName !== nodeName) loop.enqueue(key);
  });
  context.watch<Node & KubeObject>(RESOURCES.nodes, ({ object, previous }) => {
    if (sameJson(previous?.spec?.taints, object.spec?.taints)) return;
    for (const key of podsByNode.get(keyOf(object)) ?? []) loop.enqueue(key);
  });
  return loop;
}
