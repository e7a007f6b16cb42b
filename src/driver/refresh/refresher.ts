import { isDeepStrictEqual } from 'node:util';
import { Secret, type Clock } from '#base';
import type { CachedClass, ClassCache, ClassKey } from './class-cache.ts';
import type { PublishRequest } from '../request/parse-publish.ts';
import type { PodMarks } from './pod-marks.ts';
import type { DueCheck, RefreshSchedule } from './refresh-schedule.ts';
import { tokensExpireAtMs } from './token-expiry.ts';
import type { VolumeRecord } from '../volume/volume-record.ts';

/** What a check saw of the class and the pod, and when: what a volume record keeps of it. */
export type VolumeCheck = NonNullable<VolumeRecord['check']>;

/** A check that is under way. */
export interface RunningCheck {
  readonly startedAtMs: number;
  readonly podRefresh: string | undefined;
}

/**
 * What is known of the mounted volumes and makes their refreshes possible without kubelet: the newest request of each,
 * with its tokens, in memory only; and what each saw of its class and its pod at its last check, so that any change of
 * these makes it due, also one that happened while no driver ran.
 */
export interface Refresher {
  /** False: a volume that has its files is never checked again. */
  readonly enabled: boolean;
  /** Kubelet published a mounted volume again: its request is the newest. `record`: what was known of it before. */
  keep(request: PublishRequest, record: VolumeRecord | undefined): void;
  /** The check that is due for a volume, if one is. */
  due(targetPath: string): DueCheck | undefined;
  begin(request: PublishRequest): RunningCheck;
  /** What the record of a volume keeps of a check that succeeds. */
  describe(running: RunningCheck, seen: CachedClass): VolumeCheck;
  /** A check succeeded, and its volume can be refreshed with `request` from now on. */
  checked(request: PublishRequest, running: RunningCheck, seen: CachedClass): void;
  failed(targetPath: string): void;
  /** Forgets a volume, its tokens among all else. */
  forget(targetPath: string): void;
  /** The volumes that can be refreshed now, with the times at which they come due or came due. */
  refreshable(): Iterable<{ readonly targetPath: string; readonly dueAtMs: number }>;
  /** The newest request of a volume. */
  request(targetPath: string): PublishRequest | undefined;
  /** Calls `listener` whenever the time at which a volume can be refreshed may be another one, with that time. */
  onChange(listener: (dueAtMs: number) => void): void;
}

/** What {@link createRefresher} needs. */
export interface RefresherOptions {
  readonly schedule: RefreshSchedule;
  readonly classes: Pick<ClassCache, 'read' | 'onChange'>;
  readonly pods: Pick<PodMarks, 'markOf' | 'onPod'>;
  readonly clock: Clock;
  /** Ends the reading of classes in the background. */
  readonly signal: AbortSignal;
}

interface Kept {
  readonly request: Secret<PublishRequest>;
  readonly classKey: ClassKey;
  readonly podUid: string;
  readonly tokensExpireAtMs: number;
  /** What the last check saw, and over it what was wanted since then: nothing is wanted twice. */
  saw: Partial<VolumeCheck['saw']>;
}

/** A token that is about to expire would have expired when Entra ID looks at it. */
const TOKEN_MARGIN_MS = 30_000;
/** Several edits of a class one after another make one refresh. */
const EDIT_PAUSE_MS = 500;

/** A {@link Refresher} that knows of no volume yet. */
export function createRefresher({ schedule, classes, pods, clock, signal }: RefresherOptions): Refresher {
  const volumes = new Map<string, Kept>();
  let listener: (dueAtMs: number) => void = () => undefined;
  const tell = (targetPath: string) => listener(schedule.dueAtMs(targetPath) ?? 0);

  const store = (request: PublishRequest, saw: Kept['saw']) => {
    volumes.set(request.targetPath, {
      request: new Secret(request),
      classKey: classOf(request),
      podUid: request.pod.uid,
      tokensExpireAtMs: tokensExpireAtMs(request.volumeContext),
      saw,
    });
    tell(request.targetPath);
  };

  const look = (targetPath: string, now: Partial<VolumeCheck['saw']>) => {
    const kept = volumes.get(targetPath);
    if (kept === undefined) return;
    const { saw } = kept;
    // What is seen for the first time, such as the annotation that a pod was made with, is no wish for a refresh.
    kept.saw = { ...saw, ...now };
    const edited = saw.spec !== undefined && now.spec !== undefined && now.spec !== saw.spec;
    if (isNewWish(saw.classRefresh, now.classRefresh) || isNewWish(saw.podRefresh, now.podRefresh)) {
      schedule.want(targetPath);
    } else if (edited) schedule.want(targetPath, EDIT_PAUSE_MS);
    else return;
    tell(targetPath);
  };

  const lookAtPod = ({ targetPath, pod }: PublishRequest) => {
    const podRefresh = pods.markOf(pod);
    if (podRefresh !== undefined) look(targetPath, { podRefresh });
  };

  classes.onChange((key, marks, { intervalMs }) => {
    for (const [targetPath, kept] of volumes) {
      if (kept.classKey.name !== key.name || kept.classKey.namespace !== key.namespace) continue;
      schedule.changeInterval(targetPath, intervalMs);
      look(targetPath, { spec: marks.spec, classRefresh: marks.refresh });
      tell(targetPath);
    }
  });
  pods.onPod(({ uid, mark }) => {
    for (const [targetPath, { podUid }] of volumes) if (podUid === uid) look(targetPath, { podRefresh: mark });
  });

  /** A volume of before this process: its class may have changed meanwhile, and is to be followed from now on. */
  const meet = (request: PublishRequest) => {
    classes.read(classOf(request), signal).then(
      ({ marks, interval }) => {
        schedule.changeInterval(request.targetPath, interval.intervalMs);
        tell(request.targetPath);
        look(request.targetPath, { spec: marks.spec, classRefresh: marks.refresh });
      },
      () => undefined, // the next check says why
    );
  };

  const describe: Refresher['describe'] = ({ podRefresh }, { interval, marks }) => ({
    atMs: clock.now(),
    ...(interval.intervalMs !== undefined && { intervalMs: interval.intervalMs }),
    saw: { spec: marks.spec, classRefresh: marks.refresh, ...(podRefresh !== undefined && { podRefresh }) },
  });

  return {
    enabled: schedule.enabled,
    keep(request, record) {
      if (!schedule.enabled) return;
      const { targetPath } = request;
      const known = volumes.get(targetPath);
      if (known === undefined) {
        const { atMs, intervalMs } = record?.check ?? {};
        schedule.enter(targetPath, {
          ageMs: atMs === undefined ? undefined : clock.now() - atMs,
          ...(intervalMs !== undefined && { intervalMs }),
        });
      }
      // What a check fails for may be the Secret of nodePublishSecretRef, which only kubelet can bring.
      else if (!isDeepStrictEqual(request.secrets.expose(), known.request.expose().secrets.expose()))
        schedule.want(targetPath);
      store(request, known?.saw ?? record?.check?.saw ?? {});
      if (known === undefined) meet(request);
      lookAtPod(request);
    },
    due: (targetPath) => schedule.due(targetPath),
    begin: ({ targetPath, pod }) => ({
      startedAtMs: clock.monotonic(),
      podRefresh: pods.markOf(pod) ?? volumes.get(targetPath)?.saw.podRefresh,
    }),
    describe,
    checked(request, running, seen) {
      if (!schedule.enabled) return;
      const { startedAtMs } = running;
      schedule.checked(request.targetPath, { startedAtMs, intervalMs: seen.interval.intervalMs });
      store(request, describe(running, seen).saw);
      lookAtPod(request);
    },
    failed(targetPath) {
      schedule.failed(targetPath);
      tell(targetPath);
    },
    forget(targetPath) {
      volumes.delete(targetPath);
      schedule.forget(targetPath);
    },
    *refreshable() {
      const nowMs = clock.now();
      for (const [targetPath, kept] of volumes) {
        const dueAtMs = schedule.dueAtMs(targetPath);
        if (dueAtMs === undefined || kept.tokensExpireAtMs - TOKEN_MARGIN_MS <= nowMs) continue;
        yield { targetPath, dueAtMs };
      }
    },
    request: (targetPath) => volumes.get(targetPath)?.request.expose(),
    onChange: (next) => {
      listener = next;
    },
  };
}

/** A refresh annotation that is set, and is not what it was. */
function isNewWish(before: string | undefined, now: string | undefined): boolean {
  return before !== undefined && now !== undefined && now !== '' && now !== before;
}

function classOf({ pod, className }: PublishRequest): ClassKey {
  return { namespace: pod.namespace, name: className };
}
