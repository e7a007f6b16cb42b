import { rm } from 'node:fs/promises';
import { posix } from 'node:path';
import { errorText, type Clock, type Log, type Random } from '#base';
import type { Container, Pod, PodStatus } from '#kube';
import { ApiError, type ApiAccess } from '../api-access.ts';
import type { ContainerMount, ContainerRuntime } from '../runtime/index.ts';
import { RESOURCES } from '../resources.ts';
import { buildContainerSpec } from './container-spec.ts';
import { buildEnvironment, type EnvironmentSources } from './environment.ts';
import type { EventRecorder } from './events.ts';
import { limitEvents } from './limits-of-the-lab.ts';
import { createPodContainer, type ContainerKind, type PodContainer } from './pod-container.ts';
import { writePodFiles, type NodeNames } from './pod-files.ts';
import { computePodStatus } from './pod-status.ts';
import type { PodVolumes } from './pod-volumes.ts';
import { prepareTerminationFile, readTerminationMessage } from './termination-message.ts';
import { createWakeup } from './wakeup.ts';

/** The loop that makes one pod be what the API server says. */
export interface PodWorker {
  readonly pod: Pod;
  /** The pod as it is now; `gone` when the API server has it no more. */
  update(pod: Pod | 'gone'): void;
  objectChanged(kind: 'Secret' | 'ConfigMap', name: string): void;
  republish(): void;
  container(name: string): PodContainer | undefined;
  /** Resolves when the pod is gone and cleaned up, or when the kubelet stops. */
  readonly ended: Promise<void>;
}

/** What a worker needs beside its pod. */
export interface PodWorkerOptions {
  readonly api: ApiAccess;
  readonly runtime: ContainerRuntime;
  readonly events: EventRecorder;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly node: NodeNames;
  /** `pods/<uid>`. */
  readonly podDir: string;
  /** The folder of this pod's logs. */
  readonly logDir: string;
  readonly createVolumes: (onProgress: () => void) => PodVolumes;
  readonly sources: (pod: Pod) => EnvironmentSources;
  readonly signal: AbortSignal;
}

const RESYNC_MS = 60_000;
const RETRY_MS = 1000;
/** pkg/kubelet/active_deadline.go */
const DEADLINE_EXCEEDED = {
  reason: 'DeadlineExceeded',
  message: 'Pod was active on the node longer than the specified deadline',
};

/** Starts the loop of a pod. Each pass looks at everything and does what is missing, so a lost wake-up costs only time. */
export function startPodWorker(first: Pod, options: PodWorkerOptions): PodWorker {
  const { api, clock, log, signal, events, runtime } = options;
  const wakeup = createWakeup(clock);
  const volumes = options.createVolumes(wakeup.wake);
  const startTimeMs = Date.parse(first.status?.startTime ?? '') || clock.now();
  const { uid = '', namespace = 'default', name = '' } = first.metadata ?? {};
  const key = { namespace, name };
  let pod = first;
  const containers = createContainers(first, { ...options, currentPod: () => pod }, wakeup.wake);
  let isGone = false;
  let podFiles: ContainerMount[] | undefined;
  let written = '';
  let stoppingSinceMs: number | undefined;
  let isTornDown = false;
  let tooOld = false;

  const buildSpec = async (container: Container, id: string, run: number) => {
    podFiles ??= await writePodFiles(options.podDir, pod, options.node);
    const lastWords = await prepareTerminationFile(options.podDir, container, id);
    return buildContainerSpec({
      id,
      pod,
      container,
      env: await buildEnvironment(pod, container, options.sources(pod)),
      nodeName: options.node.nodeName,
      volumes,
      runtime,
      podFiles: lastWords === undefined ? podFiles : [...podFiles, lastWords],
      logPath: containerLogPath(options.logDir, container.name, run),
    });
  };

  const syncContainers = async (): Promise<void> => {
    const start = (entry: PodContainer) => entry.startIfDue(pod, (id, run) => buildSpec(entry.container, id, run));
    const init = containers.filter(({ kind }) => kind !== 'main');
    for (const entry of init) {
      await start(entry);
      if (!entry.letsNextStart) return;
    }
    for (const entry of containers.filter(({ kind }) => kind === 'main')) {
      await start(entry);
      if (entry.holdsOthers) return;
    }
  };

  /** Whether the pod has used up its activeDeadlineSeconds; the first time it is told. */
  const isTooOld = () => {
    if (tooOld || clock.now() < activeUntilMs(pod, startTimeMs)) return tooOld;
    tooOld = true;
    events.record(pod, { type: 'Normal', reason: DEADLINE_EXCEEDED.reason, message: DEADLINE_EXCEEDED.message });
    return true;
  };

  const isOver = () => {
    if (isTooOld()) return true;
    const main = containers.filter(({ kind }) => kind === 'main');
    if (main.every(({ isDone }) => isDone)) return true;
    return containers.some(({ kind, isDone, letsNextStart }) => kind === 'init' && isDone && !letsNextStart);
  };

  /** Stops what runs: the containers, then the sidecars. True when nothing runs any more. */
  const stopContainers = (): boolean => {
    stoppingSinceMs ??= clock.now();
    const running = containers.filter(({ handle }) => handle !== undefined);
    const deadlineMs = stopDeadlineMs();
    const mains = running.filter(({ kind }) => kind !== 'sidecar');
    // Sidecars go last, the one that came last first; past the deadline all go.
    const now = clock.now() >= deadlineMs ? containers : mains.length > 0 ? mains : running.slice(-1);
    for (const entry of now) entry.stop(deadlineMs);
    return running.length === 0;
  };
  const stopDeadlineMs = () => {
    const { deletionGracePeriodSeconds } = pod.metadata ?? {};
    const graceSeconds = isGone ? 0 : (deletionGracePeriodSeconds ?? pod.spec?.terminationGracePeriodSeconds ?? 30);
    return (stoppingSinceMs ?? clock.now()) + graceSeconds * 1000;
  };

  const writeStatus = async (): Promise<void> => {
    if (isGone) return;
    const facts = containers.map((entry) => entry.facts);
    const status = computePodStatus({
      pod,
      containers: facts,
      volumesReady: volumes.ready,
      startTimeMs,
      nowMs: clock.now(),
      hostIp: options.node.nodeIp,
      ...(tooOld ? { failure: DEADLINE_EXCEEDED } : {}),
    });
    const text = JSON.stringify(status);
    if (text === written) return;
    try {
      // Conditions are merged by their type: those of others (the scheduler's, an eviction's) are left to them.
      const body = { metadata: { uid }, status: withNulls(status) };
      const answer = await api.patch(RESOURCES.pods, key, 'strategic', body, 'status');
      if (answer.metadata.uid === uid) pod = answer as Pod;
      written = text;
    } catch (error) {
      if (!(error instanceof ApiError && [404, 409].includes(error.body.code))) throw error;
    }
  };

  /** One pass; answers when the next one is due, or undefined when the pod is no more. */
  const sync = async (): Promise<number | undefined> => {
    if (isGone || pod.metadata?.deletionTimestamp !== undefined) {
      const isStopped = stopContainers();
      await writeStatus();
      if (!isStopped) return Math.max(stopDeadlineMs(), clock.now() + 100);
      isTornDown ||= await volumes.tearDown(pod);
      if (!isTornDown) return clock.now() + RETRY_MS;
      if (isGone) return undefined;
      await api
        .delete(RESOURCES.pods, key, { gracePeriodSeconds: 0, preconditions: { uid } })
        .catch((error: unknown) => {
          if (!(error instanceof ApiError && [404, 409].includes(error.body.code))) throw error;
        });
      return clock.now() + RESYNC_MS;
    }
    if (isOver()) {
      const isStopped = stopContainers();
      await writeStatus();
      if (isStopped && !isTornDown) isTornDown = await volumes.tearDown(pod);
      return clock.now() + (isStopped && isTornDown ? RESYNC_MS : RETRY_MS);
    }
    volumes.ensure(pod);
    if (volumes.ready || containers.some(({ facts }) => facts.containerId !== undefined)) await syncContainers();
    await writeStatus();
    const due = Math.min(
      volumes.nextDueAtMs,
      activeUntilMs(pod, startTimeMs),
      ...containers.map(({ nextDueAtMs }) => (volumes.ready ? nextDueAtMs : Infinity)),
    );
    // A container whose turn has not come is due since ever, but only a change of another one makes its turn.
    return Math.max(Math.min(due, clock.now() + RESYNC_MS), due <= clock.now() ? clock.now() + RETRY_MS : 0);
  };

  const ended = (async () => {
    for (const event of limitEvents(first, runtime)) events.record(first, event);
    announceRoots(first, options);
    while (!signal.aborted) {
      let nextAtMs: number | undefined;
      try {
        nextAtMs = await sync();
        if (nextAtMs === undefined) break;
      } catch (error) {
        if (!signal.aborted)
          log.error('Pod not synchronized', { pod: `${namespace}/${name}`, error: errorText(error) });
        nextAtMs = clock.now() + RETRY_MS;
      }
      await wakeup.wait(nextAtMs, signal);
    }
    if (signal.aborted) return;
    await rm(options.logDir, { recursive: true, force: true });
  })();

  return {
    get pod() {
      return pod;
    },
    update: (next) => {
      if (next === 'gone') {
        isGone = true;
      } else {
        if (isOlder(next, pod)) return;
        if (!hasSameMetadata(pod, next)) volumes.podChanged();
        pod = next;
      }
      wakeup.wake();
    },
    objectChanged: (kind, objectName) => {
      volumes.objectChanged(kind, objectName);
      for (const entry of containers) entry.retryConfig();
      wakeup.wake();
    },
    republish: () => {
      volumes.republish();
      wakeup.wake();
    },
    container: (wanted) => containers.find(({ container }) => container.name === wanted),
    ended,
  };
}

function hasSameMetadata(a: Pod, b: Pod): boolean {
  const told = ({ metadata }: Pod) => JSON.stringify([metadata?.labels, metadata?.annotations]);
  return told(a) === told(b);
}

/** When a pod's activeDeadlineSeconds are over. */
function activeUntilMs({ spec }: Pod, startTimeMs: number): number {
  return spec?.activeDeadlineSeconds === undefined ? Infinity : startTimeMs + spec.activeDeadlineSeconds * 1000;
}

/** Where a run of a container has its log. */
export function containerLogPath(logDir: string, container: string, run: number): string {
  return posix.join(logDir, container, `${run}.log`);
}

function createContainers(
  pod: Pod,
  options: PodWorkerOptions & { readonly currentPod: () => Pod },
  onChange: () => void,
): PodContainer[] {
  const status = [...(pod.status?.initContainerStatuses ?? []), ...(pod.status?.containerStatuses ?? [])];
  const create = (container: Container, kind: ContainerKind) =>
    createPodContainer({
      pod,
      container,
      kind,
      before: status.find(({ name }) => name === container.name),
      runtime: options.runtime,
      events: options.events,
      clock: options.clock,
      newId: () => options.random.bytes(16).toString('hex'),
      podIp: options.node.nodeIp,
      currentPod: options.currentPod,
      terminationMessage: (runId, exitCode, run) =>
        readTerminationMessage({
          podDir: options.podDir,
          container,
          runId,
          exitCode,
          logPath: containerLogPath(options.logDir, container.name, run),
        }),
      onChange,
    });
  const isSidecar = (container: Container) => (container as { restartPolicy?: string }).restartPolicy === 'Always';
  return [
    ...(pod.spec?.initContainers ?? []).map((container) =>
      create(container, isSidecar(container) ? 'sidecar' : 'init'),
    ),
    ...(pod.spec?.containers ?? []).map((container) => create(container, 'main')),
  ];
}

/** Says once per image what the containers' root is made of. */
function announceRoots(pod: Pod, { runtime, events }: PodWorkerOptions): void {
  if (pod.status?.startTime !== undefined) return;
  const all = [...(pod.spec?.initContainers ?? []), ...(pod.spec?.containers ?? [])];
  for (const image of new Set(all.map((container) => container.image ?? ''))) {
    events.record(pod, { type: 'Normal', reason: 'LabContainerRoot', message: runtime.describeRoot(image) });
  }
}

/**
 * Whether the watch tells of a state from before the kubelet's own last write: to go by it would be to write the past
 * again, and to be told of that, without end.
 */
function isOlder(next: Pod, pod: Pod): boolean {
  return Number(next.metadata?.resourceVersion) < Number(pod.metadata?.resourceVersion);
}

/** A patch leaves what it does not name: the fields that a status no longer has are named with null. */
function withNulls({ conditions = [], ...status }: PodStatus): unknown {
  return {
    reason: null,
    message: null,
    initContainerStatuses: null,
    podIP: null,
    ...status,
    conditions: conditions.map((condition) => ({ reason: null, message: null, ...condition })),
  };
}
