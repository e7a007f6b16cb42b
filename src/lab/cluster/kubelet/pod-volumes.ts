import { chmod, chown, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { HostPathVolumeSource, PersistentVolume } from 'kubernetes-types/core/v1.js';
import { backoffMs, errorText, type Clock, type Log, type Random } from '#base';
import type { Pod, Volume } from '#kube';
import { writeVolumeFiles } from './atomic-writer.ts';
import { csiTargetPath, type CsiVolumes } from './csi-volume.ts';
import { parseQuantity } from '../quantity.ts';
import type { EventRecorder } from './events.ts';
import { prepareHostPath } from './host-path.ts';
import type { VolumeMounter } from './mounts.ts';
import type { NodeRoot } from './node-root.ts';
import {
  buildVolumeFiles,
  commonUser,
  isFileVolume,
  VolumeError,
  volumeUses,
  type VolumeSources,
} from './volume-files.ts';

/** The volumes of one pod: set up, kept fresh, taken down. */
export interface PodVolumes {
  /** Starts what is due; never waits. Afterwards `nextDueAtMs` is true. */
  ensure(pod: Pod): void;
  /** True when every volume that a container mounts is set up. */
  readonly ready: boolean;
  /** When {@link ensure} has something to do again. */
  readonly nextDueAtMs: number;
  /** The folder or file of a volume; only for volumes that are set up. */
  hostPath(volumeName: string): string;
  /** Whether a volume is a part of this machine, where nobody writes. */
  isReadOnly(volumeName: string): boolean;
  /** Makes volumes that use the object due now. */
  objectChanged(kind: 'Secret' | 'ConfigMap', name: string): void;
  /** Makes volumes due now that tell of the pod's labels and annotations. */
  podChanged(): void;
  /** Makes all volumes due now that a driver wants to hear of again, or that have failed. */
  republish(): void;
  /** Takes everything down; answers false when something is left and has to be tried again. */
  tearDown(pod: Pod): Promise<boolean>;
}

/** What {@link createPodVolumes} needs. */
export interface PodVolumesOptions {
  /** `pods/<uid>`. */
  readonly podDir: string;
  readonly csi: CsiVolumes;
  readonly mounter: VolumeMounter;
  readonly sources: (pod: Pod) => VolumeSources;
  readonly events: EventRecorder;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly nodeRoot: NodeRoot;
  /** The volume that a claim is bound to; undefined when it is not. */
  readonly claimed: (namespace: string, claim: string) => Promise<PersistentVolume | undefined>;
  /** Whether files can be given to other users. */
  readonly canChangeUser: boolean;
  readonly signal: AbortSignal;
  /** Called whenever something has come to an end. */
  readonly onProgress: () => void;
}

interface VolumeState {
  volume: Volume;
  isSetUp: boolean;
  busy: Promise<void> | undefined;
  failures: number;
  dueAtMs: number;
  hostPath: string;
  readOnly: boolean;
}

/** Kubelet's volume manager: nestedpendingoperations' first and longest pause. */
const RETRY = { initialMs: 500, maxMs: 122_000 };

/** The volumes of a pod that its containers mount; others are left alone, as kubelet leaves them. */
export function createPodVolumes(options: PodVolumesOptions): PodVolumes {
  const { podDir, clock, random, events, mounter, log, signal } = options;
  const states = new Map<string, VolumeState>();

  const attempt = async (pod: Pod, state: VolumeState): Promise<void> => {
    try {
      const refreshAtMs = await setUp(options, pod, state);
      state.isSetUp = true;
      state.failures = 0;
      state.dueAtMs = refreshAtMs;
    } catch (error) {
      if (signal.aborted) return;
      state.failures += 1;
      state.dueAtMs = clock.now() + backoffMs(RETRY, state.failures, random);
      const text = `MountVolume.SetUp failed for volume "${state.volume.name}" : ${errorMessage(error)}`;
      events.record(pod, { type: 'Warning', reason: 'FailedMount', message: text });
      log.debug('Volume not set up', { pod: pod.metadata?.name, volume: state.volume.name });
    } finally {
      state.busy = undefined;
      options.onProgress();
    }
  };

  return {
    ensure: (pod) => {
      for (const volume of usedVolumes(pod)) {
        if (!states.has(volume.name)) {
          const hostPath = volumePath(podDir, volume);
          const fresh = { isSetUp: false, busy: undefined, failures: 0, dueAtMs: 0, readOnly: false };
          states.set(volume.name, { volume, hostPath, ...fresh });
        }
      }
      for (const state of states.values()) {
        if (state.busy === undefined && state.dueAtMs <= clock.now()) state.busy = attempt(pod, state);
      }
    },
    get ready() {
      return [...states.values()].every(({ isSetUp }) => isSetUp);
    },
    get nextDueAtMs() {
      return Math.min(Infinity, ...[...states.values()].filter(({ busy }) => busy === undefined).map((s) => s.dueAtMs));
    },
    hostPath: (name) => states.get(name)?.hostPath ?? join(podDir, 'missing', name),
    isReadOnly: (name) => states.get(name)?.readOnly ?? false,
    objectChanged: (kind, name) => {
      for (const state of states.values()) {
        if (volumeUses(state.volume, kind, name) && (isFileVolume(state.volume) || !state.isSetUp)) state.dueAtMs = 0;
      }
    },
    podChanged: () => {
      for (const state of states.values()) if (tellsOfPod(state.volume)) state.dueAtMs = 0;
    },
    republish: () => {
      for (const state of states.values()) {
        if (!state.isSetUp || (state.volume.csi !== undefined && state.dueAtMs < Infinity)) state.dueAtMs = 0;
      }
    },
    tearDown: async (pod) => {
      for (const { busy } of states.values()) await busy;
      for (const [name, state] of states) {
        try {
          if (state.volume.csi !== undefined) await options.csi.unpublish(state.hostPath, signal);
          states.delete(name);
        } catch (error) {
          const text = `UnmountVolume.TearDown failed for volume "${name}" : ${errorMessage(error)}`;
          log.warn('Volume not taken down', { pod: pod.metadata?.name, volume: name, error: text });
          state.isSetUp = false;
        }
      }
      if (states.size > 0) return false;
      await mounter.removeTree(podDir);
      return true;
    },
  };
}

/** The volumes that a container or init container mounts. */
export function usedVolumes(pod: Pod): Volume[] {
  const containers = [...(pod.spec?.containers ?? []), ...(pod.spec?.initContainers ?? [])];
  const used = new Set(containers.flatMap(({ volumeMounts = [] }) => volumeMounts.map(({ name }) => name)));
  return (pod.spec?.volumes ?? []).filter(({ name }) => used.has(name));
}

function tellsOfPod({ downwardAPI, projected }: Volume): boolean {
  return downwardAPI !== undefined || (projected?.sources ?? []).some((source) => source.downwardAPI !== undefined);
}

function errorMessage(error: unknown): string {
  return error instanceof VolumeError ? error.message : errorText(error);
}

/** Where a volume is, as kubelet lays it out below `pods/<uid>/volumes`. */
function volumePath(podDir: string, volume: Volume): string {
  if (volume.csi !== undefined) return csiTargetPath(podDir, volume.name);
  const plugin =
    (volume.secret && 'secret') ??
    (volume.configMap && 'configmap') ??
    (volume.projected && 'projected') ??
    (volume.downwardAPI && 'downward-api') ??
    'empty-dir';
  return join(podDir, 'volumes', `kubernetes.io~${plugin}`, volume.name);
}

async function setUp(options: PodVolumesOptions, pod: Pod, state: VolumeState): Promise<number> {
  const { volume, hostPath } = state;
  const { mounter, clock, canChangeUser } = options;
  const fsGroup = canChangeUser ? pod.spec?.securityContext?.fsGroup : undefined;
  if (volume.csi !== undefined) {
    return (await options.csi.publish(pod, volume, hostPath, { fsGroup, signal: options.signal })).refreshAtMs;
  }
  if (isFileVolume(volume)) {
    const { files, refreshAtMs } = await buildVolumeFiles(pod, volume, options.sources(pod));
    await mounter.mountTmpfs(hostPath, 'mode=0755');
    const uid = canChangeUser && volume.projected !== undefined ? commonUser(pod) : undefined;
    const owned =
      fsGroup === undefined ? files : new Map([...files].map(([path, f]) => [path, { ...f, mode: f.mode | 0o040 }]));
    await writeVolumeFiles(hostPath, owned, { clock, owner: { uid, gid: fsGroup } });
    return refreshAtMs;
  }
  if (volume.emptyDir !== undefined) {
    if (volume.emptyDir.medium === 'Memory') {
      const size = volume.emptyDir.sizeLimit === undefined ? undefined : parseQuantity(volume.emptyDir.sizeLimit);
      await mounter.mountTmpfs(hostPath, size === undefined ? 'mode=0777' : `mode=0777,size=${Math.ceil(size)}`);
    }
    await mkdir(hostPath, { recursive: true });
    await chmod(hostPath, fsGroup === undefined ? 0o777 : 0o2777);
    if (fsGroup !== undefined) await chown(hostPath, 0, fsGroup);
    return Infinity;
  }
  const onNode = volume.hostPath ?? (await claimedHostPath(options, pod, volume));
  if (onNode !== undefined) {
    const place = options.nodeRoot.resolve(onNode.path);
    await prepareHostPath(place, onNode.type ?? '');
    state.hostPath = place.nodePath === '/' ? await options.nodeRoot.whole() : place.machinePath;
    state.readOnly = place.readOnly || volume.persistentVolumeClaim?.readOnly === true;
    // A claim's volume is given to the group, as a disk would be; a hostPath never is.
    if (volume.persistentVolumeClaim !== undefined && fsGroup !== undefined && !place.readOnly) {
      await chown(place.machinePath, 0, fsGroup);
      await chmod(place.machinePath, 0o2775);
    }
    return Infinity;
  }
  const kind = Object.keys(volume).find((key) => key !== 'name') ?? 'unknown';
  throw new VolumeError(`no volume plugin matched: the lab has no ${kind} volumes`);
}

/** Where the volume of a claim is on the node. The lab knows persistent volumes that are folders of it. */
async function claimedHostPath(
  { claimed }: PodVolumesOptions,
  pod: Pod,
  { persistentVolumeClaim: claim }: Volume,
): Promise<HostPathVolumeSource | undefined> {
  if (claim === undefined) return undefined;
  const volume = await claimed(pod.metadata?.namespace ?? 'default', claim.claimName);
  if (volume === undefined) throw new VolumeError(`persistentvolumeclaim "${claim.claimName}" is not bound`);
  const { hostPath } = volume.spec ?? {};
  if (hostPath !== undefined) return hostPath;
  throw new VolumeError(`the lab mounts only hostPath volumes, and "${volume.metadata?.name ?? ''}" is none`);
}
