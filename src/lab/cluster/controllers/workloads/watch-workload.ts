import type { LabelSelector } from 'kubernetes-types/meta/v1.js';
import type { KubeObject, ResourceRef } from '#kube';
import type { ControllerContext } from '../reconcile/context.ts';
import { keyOf, parseKey } from '../reconcile/informer.ts';
import type { ReconcileLoop } from '../reconcile/loop.ts';
import { selectorMatches } from './label-selector.ts';
import { controllerOf } from './ownership.ts';

/** Whose changes ask for a reconciliation. */
export interface WorkloadWatch<T> {
  /** As owner references name it. */
  readonly kind: string;
  readonly resource: ResourceRef;
  /** What it owns. */
  readonly dependents: ResourceRef;
  /** What it would adopt. */
  readonly selectorOf: (workload: T) => LabelSelector | undefined;
}

/** Names to `loop` each workload that changes, and those that own, owned or would adopt a dependent that changes. */
export function watchWorkload<T>(context: ControllerContext, loop: ReconcileLoop, watch: WorkloadWatch<T>): void {
  const selectors = new Map<string, LabelSelector | undefined>();
  context.watch<T & KubeObject>(watch.resource, ({ type, object }) => {
    const key = keyOf(object);
    if (type === 'deleted') selectors.delete(key);
    else selectors.set(key, watch.selectorOf(object));
    loop.enqueue(key);
  });
  context.watch(watch.dependents, ({ object, previous }) => {
    const namespace = object.metadata.namespace ?? '';
    for (const { metadata } of previous === undefined ? [object] : [object, previous]) {
      const controller = controllerOf(metadata);
      if (controller?.kind === watch.kind) loop.enqueue(`${namespace}/${controller.name}`);
      if (controller !== undefined) continue;
      for (const [key, selector] of selectors) {
        if (parseKey(key).namespace === namespace && selectorMatches(selector, metadata.labels)) loop.enqueue(key);
      }
    }
  });
}
