import type { CallOptions, KubeClient } from '#kube';
import {
  podStatusName,
  SECRET_CLASS_GROUP,
  SECRET_CLASS_LABELS,
  SECRET_CLASS_RESOURCES,
  type PodStatusObject,
} from '#secretclass';
import type { BackgroundQueue } from './background-queue.ts';
import type { VolumeRecord } from './volume-record.ts';

/** Writes SecretProviderClassPodStatus objects, off the way of a publish. */
export interface PodStatusWriter {
  /** Tells the cluster what a volume holds. Equal to what was written last: nothing is sent. */
  report(volume: VolumeRecord): void;
  /** Forgets a volume; its object goes with the pod (owner reference). */
  forget(targetPath: string): void;
}

/** What {@link createPodStatusWriter} needs. */
export interface PodStatusOptions {
  readonly client: Pick<KubeClient, 'patch'>;
  readonly queue: BackgroundQueue;
  readonly nodeName: string;
}

const FIELD_MANAGER = 'secrets-store-csi-driver';

/** The object of a volume, in upstream's form: Reloader and others read it. */
export function buildPodStatus(volume: VolumeRecord, nodeName: string): PodStatusObject {
  return {
    apiVersion: `${SECRET_CLASS_GROUP}/v1`,
    kind: 'SecretProviderClassPodStatus',
    metadata: {
      name: podStatusName(volume.podName, volume.podNamespace, volume.className),
      namespace: volume.podNamespace,
      labels: { [SECRET_CLASS_LABELS.node]: nodeName },
      ownerReferences: [{ apiVersion: 'v1', kind: 'Pod', name: volume.podName, uid: volume.podUid }],
    },
    status: {
      podName: volume.podName,
      secretProviderClassName: volume.className,
      mounted: true,
      targetPath: volume.targetPath,
      objects: volume.versions.toSorted((a, b) => (a.id < b.id ? -1 : Number(a.id > b.id))),
    },
  };
}

/**
 * A {@link PodStatusWriter} by server-side apply: one request whether the object is new, known, or left by an earlier
 * pod of the same name, whose owner reference the apply replaces.
 */
export function createPodStatusWriter({ client, queue, nodeName }: PodStatusOptions): PodStatusWriter {
  const written = new Map<string, string>();
  return {
    report(volume) {
      const object = buildPodStatus(volume, nodeName);
      const text = JSON.stringify(object);
      if (written.get(volume.targetPath) === text) return;
      queue.put(volume.targetPath, async (signal) => {
        const options: CallOptions = { signal };
        await client.patch(
          SECRET_CLASS_RESOURCES.podStatuses,
          { namespace: volume.podNamespace, name: object.metadata.name as string },
          { type: 'apply', fieldManager: FIELD_MANAGER, force: true, body: object },
          options,
        );
        if (!signal.aborted) written.set(volume.targetPath, text);
      });
    },
    forget(targetPath) {
      queue.drop(targetPath);
      written.delete(targetPath);
    },
  };
}
