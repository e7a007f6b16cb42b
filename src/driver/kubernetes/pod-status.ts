import type { KubeClient } from '#kube';
import {
  podStatusName,
  SECRET_CLASS_GROUP,
  SECRET_CLASS_LABELS,
  SECRET_CLASS_RESOURCES,
  type PodStatusObject,
} from '#secretclass';
import type { BackgroundQueue } from './background-queue.ts';
import type { VolumeRecord } from '../volume/volume-record.ts';

/** Writes SecretProviderClassPodStatus objects, off the way of a publish. */
export interface PodStatusWriter {
  /** Tells the cluster what a volume holds. Equal to what was written last: nothing is sent. */
  report(volume: VolumeRecord): void;
  /** Takes a volume that an earlier process mounted into account. Its object is written when nothing else makes it so. */
  enter(volume: VolumeRecord): void;
  /**
   * Forgets a volume. Its object goes with the pod (owner reference); where it tells of another volume too, this one is
   * taken out of it.
   */
  forget(targetPath: string): void;
}

/** What {@link createPodStatusWriter} needs. */
export interface PodStatusOptions {
  readonly client: Pick<KubeClient, 'patch'>;
  readonly queue: BackgroundQueue;
  readonly nodeName: string;
}

const FIELD_MANAGER = 'secrets-store-csi-driver';

// Kubelet publishes what is mounted again within 90 s of a driver's start, which reports more than a record knows.
const ENTERED_AFTER_MS = 120_000;
// A pod's volumes are unpublished one after another; its object is not written for each of them.
const FORGOTTEN_AFTER_MS = 30_000;

/**
 * The object for the volumes of one pod that name one class, in upstream's form: Reloader and others read it. With one
 * volume it is upstream's; with several it lists the objects of all. An object that they hold in different versions, as in
 * the middle of a refresh, has the version of the volume that changed last. `targetPath` is that of the first one: it
 * must not change with every refresh.
 */
export function buildPodStatus(volumes: readonly [VolumeRecord, ...VolumeRecord[]], nodeName: string): PodStatusObject {
  const byPath = volumes.toSorted((a, b) => compare(a.targetPath, b.targetPath));
  const byTime = byPath.toSorted((a, b) => compare(a.writtenAt, b.writtenAt));
  const [{ podName, podNamespace, podUid, className }] = volumes;
  const versions = new Map(
    byTime.flatMap((volume) => volume.versions.map(({ id, version }) => [id, version] as const)),
  );
  return {
    apiVersion: `${SECRET_CLASS_GROUP}/v1`,
    kind: 'SecretProviderClassPodStatus',
    metadata: {
      name: podStatusName(podName, podNamespace, className),
      namespace: podNamespace,
      labels: { [SECRET_CLASS_LABELS.node]: nodeName },
      ownerReferences: [{ apiVersion: 'v1', kind: 'Pod', name: podName, uid: podUid }],
    },
    status: {
      podName,
      secretProviderClassName: className,
      mounted: true,
      targetPath: byPath[0]?.targetPath ?? '',
      objects: [...versions].map(([id, version]) => ({ id, version })).toSorted((a, b) => compare(a.id, b.id)),
    },
  };
}

function compare(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}

/** The volumes of one pod that name one class: one object. */
interface Group {
  readonly name: string;
  readonly volumes: Map<string, VolumeRecord>;
  /** Kubelet has published one of them to this process. */
  reported: boolean;
  /** What was written last. */
  written: string | undefined;
}

/**
 * A {@link PodStatusWriter} by server-side apply: one request whether the object is new, known, or left by an earlier
 * pod of the same name, whose owner reference the apply replaces.
 */
export function createPodStatusWriter({ client, queue, nodeName }: PodStatusOptions): PodStatusWriter {
  // By the pod's UID: the next pod of its name may begin before the volumes of this one are gone.
  const groups = new Map<string, Group>();
  const keys = new Map<string, string>();
  // The group that an object tells of: the one that came last.
  const current = new Map<string, string>();

  const write = (key: string, group: Group, afterMs: number): void => {
    const [first, ...others] = group.volumes.values();
    if (first === undefined || current.get(group.name) !== key) return;
    const object = buildPodStatus([first, ...others], nodeName);
    const text = JSON.stringify(object);
    if (group.written === text) {
      queue.drop(key); // back to what it was, before the change was written
      return;
    }
    const task = async (signal: AbortSignal): Promise<void> => {
      group.written = undefined;
      await client.patch(
        SECRET_CLASS_RESOURCES.podStatuses,
        { namespace: first.podNamespace, name: group.name },
        { type: 'apply', fieldManager: FIELD_MANAGER, force: true, body: object },
        { signal },
      );
      group.written = text;
    };
    queue.put(key, task, { afterMs });
  };

  const groupOf = (volume: VolumeRecord): readonly [string, Group] => {
    const key = `${volume.podUid}/${volume.className}`;
    const name = podStatusName(volume.podName, volume.podNamespace, volume.className);
    const group = groups.get(key) ?? { name, volumes: new Map(), reported: false, written: undefined };
    groups.set(key, group);
    keys.set(volume.targetPath, key);
    group.volumes.set(volume.targetPath, volume);
    return [key, group];
  };

  return {
    report(volume) {
      const [key, group] = groupOf(volume);
      if (!group.reported) current.set(group.name, key);
      group.reported = true;
      write(key, group, 0);
    },
    enter(volume) {
      const [key, group] = groupOf(volume);
      if (!current.has(group.name)) current.set(group.name, key);
      write(key, group, ENTERED_AFTER_MS);
    },
    forget(targetPath) {
      const key = keys.get(targetPath);
      const group = key === undefined ? undefined : groups.get(key);
      if (key === undefined || group === undefined) return;
      keys.delete(targetPath);
      group.volumes.delete(targetPath);
      if (group.volumes.size > 0) write(key, group, FORGOTTEN_AFTER_MS);
      else {
        groups.delete(key);
        if (current.get(group.name) === key) current.delete(group.name);
        queue.drop(key);
      }
    },
  };
}
