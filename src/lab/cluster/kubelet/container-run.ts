import { linkSignals, type Clock } from '#base';
import type { Container } from '#kube';
import type { ContainerHandle } from '../runtime/index.ts';
import type { PodEvent } from './events.ts';
import { runHook, type HookTarget } from './lifecycle-hooks.ts';
import { runProbe } from './probe-run.ts';
import { startProbes, type ContainerProbes } from './probes.ts';
import { createWakeup } from './wakeup.ts';

/** How a run is asked to end. */
export interface StopRequest {
  /** The text of the Killing event. */
  readonly message: string;
  /** When it gets SIGKILL; in the past: at once, without a hook. */
  readonly deadlineMs: number;
}

/** One run of a container, from its start to its end. */
export interface ContainerRun {
  readonly handle: ContainerHandle;
  /** False while the postStart hook runs: until then the container does not count as running. */
  readonly isUp: boolean;
  /** Up, and its startup probe has succeeded. */
  readonly started: boolean;
  readonly ready: boolean;
  /** Asks it to end: preStop hook, SIGTERM, SIGKILL. A later call can only bring the deadline nearer. */
  stop(request: StopRequest): void;
}

/** What {@link watchContainerRun} needs. */
export interface ContainerRunOptions {
  readonly container: Container;
  readonly handle: ContainerHandle;
  readonly podIp: string;
  readonly clock: Clock;
  readonly isTerminating: () => boolean;
  /** Whether a container that failed is started again. */
  readonly restarts: boolean;
  /** The pod's grace, milliseconds. */
  readonly graceMs: number;
  readonly record: (event: Omit<PodEvent, 'container'>) => void;
  readonly onChange: () => void;
}

/** How long a container has for SIGTERM after its preStop hook in any case (kuberuntime_container.go). */
const MINIMUM_GRACE_MS = 2000;

/** Runs the hooks and probes of a container that has just been started, until it ends. */
export function watchContainerRun(options: ContainerRunOptions): ContainerRun {
  const { container, handle, clock, record, onChange } = options;
  const over = new AbortController();
  void handle.exit.then(() => over.abort());
  const target = { container, podIp: options.podIp, handle, clock, signal: over.signal };
  const wakeup = createWakeup(clock);
  let isUp = false;
  let probes: ContainerProbes | undefined;
  let deadlineMs: number | undefined;

  const stop = (request: StopRequest): void => {
    const isFirst = deadlineMs === undefined;
    deadlineMs = Math.min(deadlineMs ?? Infinity, request.deadlineMs);
    if (isFirst) void terminate(request.message);
    else wakeup.wake();
  };

  const terminate = async (message: string): Promise<void> => {
    record({ type: 'Normal', reason: 'Killing', message });
    const hook = container.lifecycle?.preStop;
    const isForced = () => (deadlineMs ?? 0) <= clock.now();
    let atLeastMs = 0;
    if (hook !== undefined && !isForced()) {
      await runBefore(() => deadlineMs ?? 0, hook, target).catch(() => {
        // without its output, which could hold anything
        if (!over.signal.aborted)
          record({ type: 'Warning', reason: 'FailedPreStopHook', message: 'PreStopHook failed' });
      });
      atLeastMs = clock.now() + MINIMUM_GRACE_MS;
    }
    if (!isForced() || atLeastMs > 0) handle.signal('SIGTERM');
    while (!over.signal.aborted && Math.max(deadlineMs ?? 0, atLeastMs) > clock.now()) {
      await wakeup.wait(Math.max(deadlineMs ?? 0, atLeastMs), over.signal);
    }
    handle.signal('SIGKILL');
  };

  /** Runs a hook that is given up at a time which may come nearer meanwhile. */
  const runBefore = async (
    endMs: () => number,
    hook: Parameters<typeof runHook>[0],
    place: HookTarget,
  ): Promise<void> => {
    const limit = linkSignals(place.signal);
    const guard = (async () => {
      while (!limit.signal.aborted && endMs() > clock.now()) await wakeup.wait(endMs(), limit.signal);
      limit.abort();
    })();
    try {
      await runHook(hook, { ...place, signal: limit.signal });
    } finally {
      limit.abort();
      limit[Symbol.dispose]();
      await guard;
    }
  };

  const graceOf = (seconds: number | undefined) => (seconds === undefined ? options.graceMs : seconds * 1000);

  const begin = async (): Promise<void> => {
    const hook = container.lifecycle?.postStart;
    if (hook !== undefined) {
      try {
        await runHook(hook, target);
      } catch {
        if (over.signal.aborted) return;
        record({ type: 'Warning', reason: 'FailedPostStartHook', message: 'PostStartHook failed' });
        stop({ message: 'FailedPostStartHook', deadlineMs: clock.now() + options.graceMs });
        return;
      }
    }
    if (over.signal.aborted) return;
    isUp = true;
    probes = startProbes({
      container,
      startedAtMs: handle.startedAtMs,
      clock,
      signal: over.signal,
      run: (probe) => runProbe(probe, target),
      isTerminating: options.isTerminating,
      record,
      onChange,
      onFailed: (kind, probe) => {
        const what = `Container ${container.name} failed ${kind} probe`;
        stop({
          message: options.restarts ? `${what}, will be restarted` : what,
          deadlineMs: clock.now() + graceOf(probe.terminationGracePeriodSeconds),
        });
      },
    });
    onChange();
  };
  if (container.lifecycle?.postStart === undefined) {
    isUp = true;
  }
  void begin();

  return {
    handle,
    get isUp() {
      return isUp;
    },
    get started() {
      return isUp && (probes?.started ?? container.startupProbe === undefined);
    },
    get ready() {
      return isUp && (probes?.ready ?? false);
    },
    stop,
  };
}
