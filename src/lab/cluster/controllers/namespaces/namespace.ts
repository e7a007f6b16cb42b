import type { Namespace } from 'kubernetes-types/core/v1.js';
import type { KubeObject } from '#kube';
import { isAlreadyExists, ignoreNotFound, orIfNotFound } from '../reconcile/api-errors.ts';
import type { ControllerContext } from '../reconcile/context.ts';
import { keyOf } from '../reconcile/informer.ts';
import { sameJson } from '../reconcile/json.ts';
import type { KindCatalog } from '../reconcile/kinds.ts';
import { startReconcileLoop, type ReconcileLoop } from '../reconcile/loop.ts';
import { planNamespaceConditions, SYSTEM_NAMESPACES, type RemainingContent } from './namespace-plan.ts';
import { RESOURCES } from '../../resources.ts';

const FINALIZER = 'kubernetes';

// How soon a namespace is looked at again that still holds something: pods that end, finalizers of others.
const AGAIN_MS = 100;
const SLOW_AGAIN_MS = 2_000;
const PATIENT_MS = 10_000;

/** Creates the namespaces that every cluster has, when they are missing. */
export async function ensureSystemNamespaces(context: ControllerContext): Promise<void> {
  for (const name of SYSTEM_NAMESPACES) {
    const body = { apiVersion: 'v1', kind: 'Namespace', metadata: { name } };
    try {
      await context.api.create(RESOURCES.namespaces, undefined, body);
    } catch (error) {
      if (!isAlreadyExists(error)) throw error;
    }
  }
}

/** Empties namespaces that are being deleted and then lets them go (the `finalize` subresource). */
export function startNamespaceController(context: ControllerContext, catalog: KindCatalog): ReconcileLoop {
  const { api, clock } = context;

  /** Deletes all that is in the namespace; answers what is still there after that. */
  const empty = async (namespace: string): Promise<readonly RemainingContent[]> => {
    const remaining: RemainingContent[] = [];
    for (const { ref, namespaced } of [...catalog.kinds(), EVENTS]) {
      if (!namespaced) continue;
      const before = await orIfNotFound(api.list(ref, { namespace }), undefined);
      if (before === undefined || before.items.length === 0) continue;
      for (const { metadata } of before.items) {
        if (metadata.deletionTimestamp !== undefined) continue;
        const key = { namespace, name: metadata.name ?? '' };
        await ignoreNotFound(api.delete(ref, key, { propagationPolicy: 'Background' }));
      }
      const after = await orIfNotFound(api.list(ref, { namespace }), undefined);
      if (after === undefined || after.items.length === 0) continue;
      remaining.push({
        resource: `${ref.resource}.${ref.group}`,
        count: after.items.length,
        finalizers: after.items.flatMap(({ metadata }) => metadata.finalizers ?? []),
      });
    }
    return remaining;
  };

  const loop = startReconcileLoop({
    ...context,
    name: 'namespace',
    reconcile: async (name) => {
      const read = () => orIfNotFound(api.get<Namespace & KubeObject>(RESOURCES.namespaces, { name }), undefined);
      const namespace = await read();
      const since = namespace?.metadata.deletionTimestamp;
      if (namespace === undefined || since === undefined) return undefined;
      if (!namespace.spec?.finalizers?.includes(FINALIZER)) return undefined;

      const remaining = await empty(name);
      const conditions = planNamespaceConditions(namespace, remaining, clock.now());
      if (remaining.length > 0) {
        if (!sameJson(conditions, namespace.status?.conditions)) {
          const status = { ...namespace.status, conditions };
          await ignoreNotFound(api.update(RESOURCES.namespaces, { name }, { ...namespace, status }, 'status'));
        }
        const slow = clock.now() - Date.parse(since) > PATIENT_MS;
        return { againAfterMs: slow ? SLOW_AGAIN_MS : AGAIN_MS };
      }
      const finalizers = namespace.spec.finalizers.filter((one) => one !== FINALIZER);
      const body = { ...namespace, spec: { ...namespace.spec, finalizers } };
      await ignoreNotFound(api.update(RESOURCES.namespaces, { name }, body, 'finalize'));
      return undefined;
    },
  });

  context.watch<Namespace & KubeObject>(RESOURCES.namespaces, ({ type, object }) => {
    if (type !== 'deleted' && object.metadata.deletionTimestamp !== undefined) loop.enqueue(keyOf(object));
  });
  return loop;
}

// Not in the catalog, since nothing else looks at events.
const EVENTS = { ref: RESOURCES.events, namespaced: true };
