import { createDisposeStack, type Clock, type Log, type Random } from '#base';
import type { KubeObject, ResourceRef } from '#kube';
import type { ApiAccess } from '../../api-access.ts';
import { startInformer, type ChangeHandler, type Informer } from './informer.ts';
import { createEventRecorder, type EventRecorder } from './events.ts';

/** What every controller is built from. Informers are shared: two controllers that watch pods share one watch. */
export interface ControllerContext extends AsyncDisposable {
  readonly api: ApiAccess;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /** Tells `handler` of the present and all later objects of a resource. */
  watch<T = KubeObject>(resource: ResourceRef, handler: ChangeHandler<T>): void;
  /** Ends the watch of a resource that no longer exists. */
  forget(resource: ResourceRef): void;
  /** A recorder of events that names `component` as their source. */
  eventsOf(component: string): EventRecorder;
}

/** What a {@link ControllerContext} is made of. */
export interface ControllerContextOptions {
  readonly api: ApiAccess;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
}

const nameOf = (resource: ResourceRef) => `${resource.group}/${resource.version}/${resource.resource}`;

/** A {@link ControllerContext}; disposing it ends all watches. */
export function createControllerContext(options: ControllerContextOptions): ControllerContext {
  const informers = new Map<string, Informer>();
  const ending = new Set<Promise<void>>();
  return {
    ...options,
    watch<T>(resource: ResourceRef, handler: ChangeHandler<T>) {
      const name = nameOf(resource);
      const informer = informers.get(name) ?? startInformer({ ...options, resource });
      informers.set(name, informer);
      informer.onChange(handler as unknown as ChangeHandler);
    },
    forget(resource) {
      const name = nameOf(resource);
      const informer = informers.get(name);
      if (informer === undefined || !informers.delete(name)) return;
      const end: Promise<void> = Promise.resolve(informer[Symbol.asyncDispose]()).finally(() => ending.delete(end));
      ending.add(end);
    },
    eventsOf: (component) => createEventRecorder({ ...options, component }),
    async [Symbol.asyncDispose]() {
      const stack = createDisposeStack();
      for (const informer of informers.values()) stack.use(informer);
      await Promise.all([stack[Symbol.asyncDispose](), ...ending]);
    },
  };
}
