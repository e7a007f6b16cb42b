import type { Clock } from '#base';
import type { Container, ContainerStatus, Pod } from '#kube';
import {
  ContainerStartError,
  type ContainerHandle,
  type ContainerRuntime,
  type ContainerSpec,
} from '../runtime/index.ts';
import { watchContainerRun, type ContainerRun } from './container-run.ts';
import { ContainerConfigError } from './environment.ts';
import type { EventRecorder, PodEvent } from './events.ts';
import { terminationOf, type ContainerFacts, type Termination } from './pod-status.ts';
import { createCrashLoop, shouldRestart } from './restart-policy.ts';

/** Where a container of a pod stands among its others. */
export type ContainerKind = ContainerFacts['kind'];

/** One container of one pod through all its runs. */
export interface PodContainer {
  readonly container: Container;
  readonly kind: ContainerKind;
  readonly facts: ContainerFacts;
  /** The present run. */
  readonly handle: ContainerHandle | undefined;
  /** Over for good, by the pod's restart policy. */
  readonly isDone: boolean;
  /** Over with success, as the next init container needs it; for a sidecar: it has started. */
  readonly letsNextStart: boolean;
  /** Its postStart hook runs: the containers after it wait (kubelet starts them one after the other). */
  readonly holdsOthers: boolean;
  /** When {@link startIfDue} has something to do; infinite while it runs or is done. */
  readonly nextDueAtMs: number;
  /** Starts a run when one is due. */
  startIfDue(pod: Pod, buildSpec: (id: string, restartCount: number) => Promise<ContainerSpec>): Promise<void>;
  /** Tries again now to start a container that waits for a Secret or ConfigMap. */
  retryConfig(): void;
  /** Asks it to end by a time, which a later call can only bring nearer. */
  stop(deadlineMs: number): void;
}

/** What {@link createPodContainer} needs. */
export interface PodContainerOptions {
  readonly pod: Pod;
  readonly container: Container;
  readonly kind: ContainerKind;
  /** What the API server has, from before the lab was restarted. */
  readonly before: ContainerStatus | undefined;
  readonly runtime: ContainerRuntime;
  readonly events: EventRecorder;
  readonly clock: Clock;
  readonly newId: () => string;
  readonly podIp: string;
  /** The pod as it is now. */
  readonly currentPod: () => Pod;
  /** What a run left as its termination message. */
  readonly terminationMessage: (runId: string, exitCode: number, restartCount: number) => Promise<string | undefined>;
  readonly onChange: () => void;
}

/** How soon a container is tried again that waits for something in its configuration, as kubelet's pod sync would. */
const CONFIG_RETRY_MS = 10_000;

/** A container that has not started since this kubelet did; its past comes from its status. */
export function createPodContainer(options: PodContainerOptions): PodContainer {
  const { container, kind, runtime, events, clock } = options;
  const policy = options.pod.spec?.restartPolicy ?? 'Always';
  const crashes = createCrashLoop();
  const about = { name: container.name, init: kind !== 'main' };
  const record = (event: Omit<PodEvent, 'container'>) =>
    events.record(options.currentPod(), { ...event, container: about });
  const past = restore(options.before, policy, kind, clock.now());
  let restartCount = past.restartCount;
  let last = past.last;
  let ended = past.ended;
  let run: ContainerRun | undefined;
  let hasBeenUp = false;
  let containerId: string | undefined;
  let started = past.started;
  const hasInit = (options.pod.spec?.initContainers ?? []).length > 0;
  let waiting: { reason: string; message?: string } = { reason: hasInit ? 'PodInitializing' : 'ContainerCreating' };
  let dueAtMs = 0;
  let pauseMs = 0;
  /** Whether the pause after the last end is not told yet. */
  let isPauseNew = false;
  let isStopped = false;

  const finish = (end: Termination): void => {
    run = undefined;
    ended = end;
    pauseMs = crashes.ended({ ...end, startedAtMs: end.startedAtMs || end.finishedAtMs });
    isPauseNew = true;
    dueAtMs = end.finishedAtMs + pauseMs;
  };

  const isDone = () => ended !== undefined && !shouldRestart(kind, policy, ended.exitCode);

  /** Hooks and probes of a run, and what is left of it at its end. */
  const watch = (handle: ContainerHandle, pod: Pod, number: number): ContainerRun => {
    void handle.exit.then(async (exit) => {
      const end = terminationOf(exit, `lab://${handle.id}`);
      const message = await options.terminationMessage(handle.id, end.exitCode, number).catch(() => undefined);
      finish(message === undefined ? end : { ...end, message });
      options.onChange();
    });
    return watchContainerRun({
      container,
      handle,
      clock,
      podIp: options.podIp,
      record,
      restarts: policy !== 'Never',
      graceMs: (pod.spec?.terminationGracePeriodSeconds ?? 30) * 1000,
      isTerminating: () => options.currentPod().metadata?.deletionTimestamp !== undefined,
      onChange: () => {
        hasBeenUp ||= run?.started ?? false;
        options.onChange();
      },
    });
  };

  const self: PodContainer = {
    container,
    kind,
    get handle() {
      return run?.handle;
    },
    get facts(): ContainerFacts {
      return {
        name: container.name,
        image: container.image ?? '',
        kind,
        restartCount,
        containerId,
        last,
        state:
          run?.isUp === true
            ? { is: 'running', startedAtMs: run.handle.startedAtMs, started: run.started, ready: run.ready }
            : ended !== undefined
              ? { is: 'terminated', ...ended }
              : { is: 'waiting', ...waiting },
      };
    },
    get isDone() {
      return isDone();
    },
    get letsNextStart() {
      return kind === 'sidecar' ? hasBeenUp || (run?.started ?? false) : ended?.exitCode === 0;
    },
    get holdsOthers() {
      return run !== undefined && !run.isUp;
    },
    get nextDueAtMs() {
      return run !== undefined || isDone() ? Infinity : dueAtMs;
    },
    retryConfig: () => {
      if (run === undefined && waiting.reason === 'CreateContainerConfigError') dueAtMs = 0;
    },
    startIfDue: async (pod, buildSpec) => {
      if (run !== undefined || isDone() || isStopped) return;
      if (isPauseNew && pauseMs > 0) {
        isPauseNew = false;
        // The status shows the pause, and the run that failed becomes the one before.
        const where = `${pod.metadata?.name}_${pod.metadata?.namespace}(${pod.metadata?.uid})`;
        const message = `back-off ${formatPause(pauseMs)} restarting failed container=${container.name} pod=${where}`;
        waiting = { reason: 'CrashLoopBackOff', message };
        last = ended ?? last;
        ended = undefined;
        const text = `Back-off restarting failed container ${container.name} in pod ${where}`;
        record({ type: 'Warning', reason: 'BackOff', message: text });
      }
      if (dueAtMs > clock.now()) return;
      const number = started ? restartCount + 1 : restartCount;
      const id = options.newId();
      try {
        record({
          type: 'Normal',
          reason: 'Pulled',
          message: `Container image "${container.image}" already present on machine`,
        });
        const spec = await buildSpec(id, number);
        record({ type: 'Normal', reason: 'Created', message: `Created container: ${container.name}` });
        const fresh = await runtime.start(spec);
        if (ended !== undefined) last = ended;
        ended = undefined;
        record({ type: 'Normal', reason: 'Started', message: `Started container ${container.name}` });
        run = watch(fresh, pod, number);
      } catch (error) {
        if (error instanceof ContainerConfigError) {
          if (ended !== undefined) last = ended;
          ended = undefined;
          waiting = { reason: 'CreateContainerConfigError', message: error.message };
          dueAtMs = clock.now() + CONFIG_RETRY_MS;
          record({ type: 'Warning', reason: 'Failed', message: `Error: ${error.message}` });
          return;
        }
        if (!(error instanceof ContainerStartError)) throw error;
        record({ type: 'Warning', reason: 'Failed', message: `Error: ${error.message}` });
        // containerd's code and times of a container that never ran
        const end = {
          exitCode: 128,
          reason: 'StartError',
          message: error.message,
          startedAtMs: 0,
          finishedAtMs: clock.now(),
          containerId: `lab://${id}`,
        };
        if (ended !== undefined) last = ended;
        finish(end);
        if (!isDone()) {
          waiting = { reason: 'RunContainerError', message: error.message };
          last = end;
          ended = undefined;
        }
      }
      restartCount = number;
      started = true;
      containerId = `lab://${id}`;
    },
    stop: (deadlineMs) => {
      isStopped = true;
      run?.stop({ message: `Stopping container ${container.name}`, deadlineMs });
    },
  };
  return self;
}

/** The past of a container whose process ended with the lab, as after a reboot of the node. */
function restore(
  before: ContainerStatus | undefined,
  policy: string,
  kind: ContainerKind,
  nowMs: number,
): { restartCount: number; started: boolean; last: Termination | undefined; ended: Termination | undefined } {
  const none = { restartCount: 0, started: false, last: undefined, ended: undefined };
  if (before?.containerID === undefined) return none;
  const over = before.state?.terminated ?? (before.state?.running ? undefined : before.lastState?.terminated);
  // Init containers run again, as they do when a pod's sandbox is made anew.
  const isSettled = over !== undefined && kind === 'main' && !shouldRestart(kind, policy, over.exitCode);
  const last: Termination = {
    exitCode: over?.exitCode ?? 137,
    reason: over?.reason ?? 'ContainerStatusUnknown',
    message: over?.message ?? 'The container could not be located when the pod was synchronized',
    startedAtMs: Date.parse(over?.startedAt ?? before.state?.running?.startedAt ?? '') || nowMs,
    finishedAtMs: Date.parse(over?.finishedAt ?? '') || nowMs,
    containerId: before.containerID,
  };
  const isLost = over === undefined && kind === 'main' && policy === 'Never';
  const ended = isSettled || isLost ? last : undefined;
  return { restartCount: before.restartCount, started: true, last: ended === undefined ? last : undefined, ended };
}

function formatPause(ms: number): string {
  const seconds = Math.round(ms / 1000);
  if (seconds < 60) return `${seconds}s`;
  return `${Math.floor(seconds / 60)}m${seconds % 60}s`;
}
