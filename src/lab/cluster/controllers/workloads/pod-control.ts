import { errorText } from '#base';
import type { KubeObject, Pod } from '#kube';
import { ApiError } from '../../api-access.ts';
import { RESOURCES } from '../../resources.ts';
import { ignoreNotFound, isNamespaceTerminating } from '../reconcile/api-errors.ts';
import type { ControllerContext } from '../reconcile/context.ts';
import type { EventRecorder } from '../reconcile/events.ts';
import type { PodBody } from './pod-template.ts';

/** Creates and deletes the pods of a controller, with the events that people look for. */
export interface PodControl {
  /**
   * Creates a pod; answers undefined when its namespace is being deleted. What the API server refuses is thrown as
   * {@link ApiError}, after an event.
   */
  create(owner: KubeObject, pod: PodBody): Promise<(Pod & KubeObject) | undefined>;
  /** Deletes exactly this pod; one that is gone already is as good. */
  delete(owner: KubeObject, pod: Pod): Promise<void>;
}

/** The texts of the events; Kubernetes' StatefulSets have other ones than the rest. */
export interface PodControlTexts {
  readonly created: (pod: string, owner: KubeObject) => string;
  readonly notCreated: (error: string, pod: string, owner: KubeObject) => string;
  readonly deleted: (pod: string, owner: KubeObject) => string;
}

const TEXTS: PodControlTexts = {
  created: (pod) => `Created pod: ${pod}`,
  notCreated: (error) => `Error creating: ${error}`,
  deleted: (pod) => `Deleted pod: ${pod}`,
};

/** A {@link PodControl} whose events come from `events`. */
export function createPodControl(
  { api }: ControllerContext,
  events: EventRecorder,
  texts: PodControlTexts = TEXTS,
): PodControl {
  return {
    async create(owner, pod) {
      const { name = '' } = pod.metadata;
      try {
        const created = await api.create<Pod & KubeObject>(RESOURCES.pods, owner.metadata.namespace, pod);
        const message = texts.created(created.metadata.name ?? '', owner);
        await events.record(owner, { type: 'Normal', reason: 'SuccessfulCreate', message });
        return created;
      } catch (error) {
        if (isNamespaceTerminating(error)) return undefined;
        if (error instanceof ApiError) {
          const message = texts.notCreated(errorText(error), name, owner);
          await events.record(owner, { type: 'Warning', reason: 'FailedCreate', message });
        }
        throw error;
      }
    },
    async delete(owner, pod) {
      const { namespace, name = '', uid } = pod.metadata ?? {};
      const preconditions = uid === undefined ? {} : { uid };
      await ignoreNotFound(api.delete(RESOURCES.pods, { namespace, name }, { preconditions }));
      await events.record(owner, {
        type: 'Normal',
        reason: 'SuccessfulDelete',
        message: texts.deleted(name, owner),
      });
    },
  };
}
