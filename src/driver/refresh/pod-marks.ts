import type { Clock, Log, Random } from '#base';
import { RESOURCES, startInformer, type KubeClient, type KubeObject } from '#kube';
import type { PodIdentity } from '../request/parse-publish.ts';
import { REFRESH_ANNOTATIONS, refreshMark } from './refresh-annotations.ts';

/** The refresh annotations of this node's pods. */
export interface PodMarks extends AsyncDisposable {
  /** The mark of the pod's annotation, `''` where it has none; undefined where the pod is not known (yet). */
  markOf(pod: PodIdentity): string | undefined;
  /** Calls `listener` with each pod that is told of, changed or not. */
  onPod(listener: (pod: { readonly uid: string; readonly mark: string }) => void): void;
}

/** What {@link startPodMarks} needs. */
export interface PodMarksOptions {
  readonly client: Pick<KubeClient, 'list' | 'watch'>;
  readonly nodeName: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
}

/** Follows the metadata of the pods of a node, and keeps of each its names and a mark: nothing else of a pod is looked at. */
export function startPodMarks({ client, nodeName, clock, random, log }: PodMarksOptions): PodMarks {
  const informer = startInformer({
    client,
    resource: RESOURCES.pods,
    query: { fieldSelector: `spec.nodeName=${nodeName}`, metadataOnly: true },
    project,
    clock,
    random,
    log,
  });
  return {
    markOf({ namespace, name, uid }) {
      const pod = informer.get({ namespace, name });
      return pod?.metadata.uid === uid ? markIn(pod) : undefined;
    },
    onPod(listener) {
      informer.onChange(({ type, object }) => {
        const { uid } = object.metadata;
        if (type !== 'deleted' && uid !== undefined) listener({ uid, mark: markIn(object) });
      });
    },
    [Symbol.asyncDispose]: () => informer[Symbol.asyncDispose](),
  };
}

function project({ apiVersion, kind, metadata }: KubeObject): KubeObject {
  const { namespace, name, uid, resourceVersion } = metadata;
  const found = refreshMark(metadata.annotations);
  return {
    apiVersion,
    kind,
    metadata: {
      ...(namespace !== undefined && { namespace }),
      ...(name !== undefined && { name }),
      ...(uid !== undefined && { uid }),
      ...(resourceVersion !== undefined && { resourceVersion }),
      ...(found !== '' && { annotations: { [REFRESH_ANNOTATIONS.refresh]: found } }),
    },
  };
}

/** The mark that {@link project} put in the annotation's place. */
function markIn({ metadata }: KubeObject): string {
  return metadata.annotations?.[REFRESH_ANNOTATIONS.refresh] ?? '';
}

/** Of a driver that refreshes nothing. */
export const noPodMarks: Pick<PodMarks, 'markOf' | 'onPod'> = { markOf: () => undefined, onPod: () => undefined };
