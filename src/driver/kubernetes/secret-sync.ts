import { errorText, inputError, type Clock, type KeyferryError, type Log, type Random } from '#base';
import { isReason, RESOURCES, type EventRecorder, type KubeClient, type OwnerReference, type Pod } from '#kube';
import type { ParsedSecretProviderClass } from '#secretclass';
import { ownersOfPod, syncSecrets, type FindOwners, type MountedFiles, type SecretSyncRequest } from '#secretsync';
import type { BackgroundQueue } from './background-queue.ts';
import type { DriverMetrics } from '../metrics.ts';
import { createMountedFileReader, listMountedFiles } from '../volume/mounted-files.ts';
import type { PodIdentity } from '../request/parse-publish.ts';
import { podTarget } from './pod-target.ts';
import { isAnyTold, NOTHING_TOLD, planTelling, type ToldCauses } from './retell.ts';
import { textWithHint } from './text-with-hint.ts';
import type { VolumeRecord } from '../volume/volume-record.ts';

/** The Secrets that a class asks for, and what became of them: there is none, they are as wanted, or they are tried again. */
export interface SyncedSecrets {
  readonly names: readonly string[];
  readonly state: 'none' | 'synced' | 'later';
}

/** The Kubernetes Secrets of volumes. */
export interface SecretSync {
  /**
   * Syncs the Secrets of a volume from its mounted files before kubelet gets its answer, so that a container hardly
   * ever waits for them; where neither the files (`changed`) nor what the class asks for did change since, the API
   * server is not asked. It never throws: a failure is a pod event and is tried again in the background, with the class
   * as it is then.
   */
  sync(
    pod: PodIdentity,
    targetPath: string,
    parsed: ParsedSecretProviderClass,
    options: {
      readonly changed: boolean;
      /** As of ProviderMountResult: keys made from them are left out. */
      readonly absentFiles: readonly string[];
      readonly signal: AbortSignal;
    },
  ): Promise<SyncedSecrets>;
  /** Looks after the Secrets of a volume that an earlier process mounted. */
  enter(volume: VolumeRecord): void;
  /** Gives up what is still to be tried for a volume, and its Secrets with the last volume that has them. */
  forget(targetPath: string): void;
}

/** What {@link createSecretSync} needs. */
export interface SecretSyncDependencies {
  readonly client: Pick<KubeClient, 'get' | 'create' | 'patch'>;
  readonly readClass: (
    key: { readonly namespace: string; readonly name: string },
    signal: AbortSignal,
  ) => Promise<ParsedSecretProviderClass>;
  readonly queue: BackgroundQueue;
  readonly events: Pick<EventRecorder, 'record'>;
  readonly metrics: Pick<DriverMetrics, 'secretsSynced' | 'secretsNotSynced'>;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
}

interface Volume {
  readonly targetPath: string;
  readonly pod: PodIdentity;
  readonly className: string;
  absentFiles: readonly string[];
  /** Who owns the pod's Secrets, once it was asked for. */
  owners: readonly OwnerReference[] | undefined;
  /** What the class asked for when its Secrets were last as wanted. */
  synced: string | undefined;
  told: ToldCauses;
}

const RETRY_MS = 5000;

// A Secret that somebody removes or changes is mended within six minutes. Upstream looks every five minutes.
const LOOK_EVERY_MS = 300_000;
const LOOK_JITTER_MS = 60_000;

/** A {@link SecretSync} on the API server. */
export function createSecretSync(deps: SecretSyncDependencies): SecretSync {
  const { client, readClass, queue, events, metrics, clock, random, log } = deps;
  // In the order in which they were last synced.
  const volumes = new Map<string, Volume>();
  // The volumes of each class, by `namespace/class`.
  const classes = new Map<string, Set<string>>();

  const tell = (volume: Volume, failures: readonly KeyferryError[]) => {
    const { pod, className, told } = volume;
    // An API server that has just started forbids what its roles allow, until it has read them.
    const doubtful = new Set(failures.filter(({ code }) => code === 'permission-denied').map(textWithHint));
    const telling = planTelling(told, failures.map(textWithHint), clock.monotonic(), doubtful);
    for (const text of telling.tell) events.record(podTarget(pod), 'Warning', 'FailedToCreateSecret', text);
    if (failures.length === 0 && isAnyTold(told)) {
      const text = `the K8s secrets of secretproviderclass ${className} are as it asks for again`;
      events.record(podTarget(pod), 'Normal', 'SecretSyncRecovered', text);
    }
    volume.told = telling.told;
  };

  /** Answers what failed. */
  const syncNow = async (
    volume: Volume,
    { value, secretIssues }: ParsedSecretProviderClass,
    how: Pick<SecretSyncRequest, 'mode' | 'owners' | 'signal'>,
  ): Promise<readonly KeyferryError[]> => {
    const { pod } = volume;
    const startMs = clock.monotonic();
    const of = `of pod ${pod.namespace}/${pod.name}`;
    const files = filesOf(volume);
    const { namespace, secretObjects } = value;
    const { done, failures } = await syncSecrets({ client, clock }, { of, namespace, secretObjects, files, ...how });
    if (how.signal?.aborted === true) return failures;
    for (const { name, change } of done) {
      if (change !== 'rotated') continue;
      events.record(podTarget(pod), 'Normal', 'SecretRotationComplete', `successfully rotated K8s secret ${name}`);
    }
    const what = `secretproviderclass ${value.namespace}/${value.name}`;
    const all = secretIssues.length > 0 ? [inputError(what, secretIssues), ...failures] : failures;
    tell(volume, all);
    if (all.length > 0) metrics.secretsNotSynced(value.provider);
    else metrics.secretsSynced(value.provider, (clock.monotonic() - startMs) / 1000);
    return all;
  };

  const ownersOf = async (volume: Volume, signal: AbortSignal): Promise<readonly OwnerReference[]> => {
    const { namespace, name, uid } = volume.pod;
    const pod = await client.get<Pod>(RESOURCES.pods, { namespace, name }, { signal }).catch((error: unknown) => {
      if (!isReason(error, 'NotFound')) throw error;
    });
    volume.owners = pod?.metadata?.uid === uid && !isEnding(pod) ? ownersOfPod(pod) : undefined;
    return volume.owners ?? [];
  };

  /** Right after a publish: for this volume's pod. */
  const write = (volume: Volume, parsed: ParsedSecretProviderClass, signal: AbortSignal) =>
    syncNow(volume, parsed, {
      mode: 'write',
      owners: async () => volume.owners ?? (await ownersOf(volume, signal)),
      signal,
    });

  const tryAgain = (volume: Volume) => {
    const key = { namespace: volume.pod.namespace, name: volume.className };
    const again = async (signal: AbortSignal) => {
      const parsed = await readClass(key, signal);
      const [failure] = await write(volume, parsed, signal);
      if (failure !== undefined) throw failure;
      volume.synced = wantedText(parsed, volume);
    };
    queue.put(volume.targetPath, again, { afterMs: RETRY_MS });
  };

  /** From time to time: one look at the class and one at each of its Secrets, for all volumes of it. */
  const lookAt = (classKey: string): void => {
    const look = async (signal: AbortSignal) => {
      const targets = [...volumes.values()].filter((volume) => keyOf(volume) === classKey);
      const newest = targets.at(-1);
      if (newest === undefined) return;
      const [namespace = '', name = ''] = classKey.split('/');
      const parsed = await readClass({ namespace, name }, signal).catch((error: unknown) => {
        if (!isReason(error, 'NotFound')) throw error; // a class that was removed: its Secrets stay as they are
      });
      if (parsed !== undefined && parsed.value.secretObjects.length > 0) {
        const owners: FindOwners = async (sure) => {
          const found = await Promise.all(
            targets.map(async (volume) => (sure ? undefined : volume.owners) ?? (await ownersOf(volume, signal))),
          );
          return found.flat();
        };
        await syncNow(newest, parsed, { mode: 'mend', owners, signal });
      }
      lookAt(classKey);
    };
    const afterMs = LOOK_EVERY_MS + (2 * random.fraction() - 1) * LOOK_JITTER_MS;
    if (classes.has(classKey)) queue.put(`class ${classKey}`, look, { afterMs });
  };

  const enter = (pod: PodIdentity, targetPath: string, className: string): Volume => {
    const known = volumes.get(targetPath);
    const same = known?.pod.uid === pod.uid && known.className === className;
    const fresh: Omit<Volume, 'targetPath' | 'pod' | 'className'> = {
      absentFiles: [],
      owners: undefined,
      synced: undefined,
      told: NOTHING_TOLD,
    };
    const volume: Volume = same ? known : { targetPath, pod, className, ...fresh };
    if (known !== undefined && !same) leave(known);
    volumes.delete(targetPath);
    volumes.set(targetPath, volume);
    const siblings = classes.get(keyOf(volume));
    if (siblings !== undefined) siblings.add(targetPath);
    else {
      classes.set(keyOf(volume), new Set([targetPath]));
      lookAt(keyOf(volume));
    }
    return volume;
  };

  const leave = (volume: Volume): void => {
    volumes.delete(volume.targetPath);
    const siblings = classes.get(keyOf(volume));
    siblings?.delete(volume.targetPath);
    if (siblings?.size !== 0) return;
    classes.delete(keyOf(volume));
    queue.drop(`class ${keyOf(volume)}`);
  };

  return {
    async sync(pod, targetPath, parsed, { changed, absentFiles, signal }) {
      const volume = enter(pod, targetPath, parsed.value.name);
      const names = parsed.value.secretObjects.map(({ secretName }) => secretName);
      volume.absentFiles = absentFiles;
      const wanted = wantedText(parsed, volume);
      if (!changed && volume.synced === wanted) return { names, state: names.length === 0 ? 'none' : 'synced' };
      queue.drop(targetPath);
      volume.synced = undefined;
      if (names.length === 0 && parsed.secretIssues.length === 0) {
        volume.told = NOTHING_TOLD;
        return { names, state: 'none' };
      }
      const failures = await write(volume, parsed, signal);
      if (failures.length === 0) {
        volume.synced = wanted;
        return { names, state: 'synced' };
      }
      log.warn('Secrets of a volume not synced, tried again soon', {
        namespace: pod.namespace,
        pod: pod.name,
        class: parsed.value.name,
        error: failures.map(errorText).join('; '),
      });
      tryAgain(volume);
      return { names, state: 'later' };
    },
    enter: ({ podNamespace: namespace, podName: name, podUid: uid, targetPath, className, absentFiles = [] }) => {
      enter({ namespace, name, uid }, targetPath, className).absentFiles = absentFiles;
    },
    forget(targetPath) {
      queue.drop(targetPath);
      const volume = volumes.get(targetPath);
      if (volume !== undefined) leave(volume);
    },
  };
}

function keyOf({ pod, className }: Volume): string {
  return `${pod.namespace}/${className}`;
}

/** What a class asks for of a volume, to be compared. */
function wantedText({ value, secretIssues }: ParsedSecretProviderClass, { absentFiles }: Volume): string {
  return JSON.stringify([value.secretObjects, secretIssues, absentFiles]);
}

function filesOf({ targetPath, absentFiles }: Volume): MountedFiles {
  return {
    read: createMountedFileReader(targetPath),
    list: () => listMountedFiles(targetPath),
    isAbsent: (path) => absentFiles.some((absent) => path === absent || path.startsWith(`${absent}/`)),
  };
}

/** A pod that ends, or whose containers have all ended, gets no Secrets any more: nobody reads them, and its owner may be going. */
function isEnding({ metadata, status }: Pod): boolean {
  return metadata?.deletionTimestamp !== undefined || status?.phase === 'Succeeded' || status?.phase === 'Failed';
}
