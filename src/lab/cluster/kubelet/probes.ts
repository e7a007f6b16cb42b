import type { Probe } from 'kubernetes-types/core/v1.js';
import type { Clock } from '#base';
import type { Container } from '#kube';
import type { PodEvent } from './events.ts';
import type { ProbeOutcome } from './probe-run.ts';

/** The three probes of a container. */
export type ProbeKind = 'startup' | 'liveness' | 'readiness';

/** What {@link startProbes} goes by. */
export interface ProbeOptions {
  readonly container: Pick<Container, 'startupProbe' | 'livenessProbe' | 'readinessProbe'>;
  readonly startedAtMs: number;
  readonly clock: Clock;
  /** Ends all probes; nothing is reported after it. */
  readonly signal: AbortSignal;
  /** One attempt. Never rejects. */
  readonly run: (probe: Probe) => Promise<ProbeOutcome>;
  /** Whether the pod is being deleted: then only readiness is looked at (pkg/kubelet/prober/worker.go). */
  readonly isTerminating: () => boolean;
  readonly record: (event: Omit<PodEvent, 'container'>) => void;
  readonly onChange: () => void;
  /** The container has to be ended: its liveness or startup probe has failed often enough. */
  readonly onFailed: (kind: 'startup' | 'liveness', probe: Probe) => void;
}

/** What the probes of a running container say. */
export interface ContainerProbes {
  /** The startup probe has succeeded, or there is none. */
  readonly started: boolean;
  readonly ready: boolean;
}

const NAMES = { startup: 'Startup', liveness: 'Liveness', readiness: 'Readiness' } as const;
/** How often an attempt is made anew that could not be made at all (prober.go, maxProbeRetries). */
const ATTEMPTS = 3;

/** Counts equal results in a row, and says when they are enough to be believed. */
export function createThreshold(probe: Probe): (succeeded: boolean) => boolean {
  let last: boolean | undefined;
  let run = 0;
  return (succeeded) => {
    run = last === succeeded ? run + 1 : 1;
    last = succeeded;
    return run >= (succeeded ? (probe.successThreshold ?? 1) : (probe.failureThreshold ?? 3));
  };
}

/** Starts a container's probes: first the startup probe alone, then the two others side by side. */
export function startProbes(options: ProbeOptions): ContainerProbes {
  const { container, clock, signal } = options;
  let started = container.startupProbe === undefined;
  let ready = container.readinessProbe === undefined;

  /** Probes until `settled` says that it is enough. */
  const loop = async (kind: ProbeKind, probe: Probe, settled: (succeeded: boolean) => boolean): Promise<void> => {
    const believed = createThreshold(probe);
    const pause = (ms: number) => clock.sleep(ms, { signal }).catch(() => undefined);
    const firstMs = options.startedAtMs + (probe.initialDelaySeconds ?? 0) * 1000;
    await pause(Math.max(0, firstMs - clock.now()));
    while (!signal.aborted) {
      if (kind !== 'readiness' && options.isTerminating()) return;
      const outcome = await attempt(options, probe);
      if (signal.aborted) return;
      report(options, kind, outcome);
      if (outcome.result === 'error') {
        // Kubelet throws away what it could not learn: it counts for neither side (pkg/kubelet/prober/worker.go).
        await pause((probe.periodSeconds ?? 10) * 1000);
        continue;
      }
      const succeeded = outcome.result === 'success' || outcome.result === 'warning';
      if (believed(succeeded) && settled(succeeded)) return;
      await pause((probe.periodSeconds ?? 10) * 1000);
    }
  };

  const begin = async (): Promise<void> => {
    const { startupProbe, livenessProbe, readinessProbe } = container;
    if (startupProbe !== undefined) {
      await loop('startup', startupProbe, (succeeded) => {
        started = succeeded;
        if (succeeded) options.onChange();
        else options.onFailed('startup', startupProbe);
        return true;
      });
      if (!started) return;
    }
    const liveness =
      livenessProbe &&
      loop('liveness', livenessProbe, (succeeded) => {
        if (!succeeded) options.onFailed('liveness', livenessProbe);
        return !succeeded;
      });
    const readiness =
      readinessProbe &&
      loop('readiness', readinessProbe, (succeeded) => {
        if (ready !== succeeded) {
          ready = succeeded;
          options.onChange();
        }
        return false;
      });
    await Promise.all([liveness, readiness]);
  };
  void begin();

  return {
    get started() {
      return started;
    },
    get ready() {
      return started && ready;
    },
  };
}

async function attempt(options: ProbeOptions, probe: Probe): Promise<ProbeOutcome> {
  let outcome = await options.run(probe);
  for (let tries = 1; tries < ATTEMPTS && outcome.result === 'error'; tries += 1) outcome = await options.run(probe);
  return outcome;
}

function report(options: ProbeOptions, kind: ProbeKind, { result, output }: ProbeOutcome): void {
  const name = NAMES[kind];
  const event = { type: 'Warning', reason: 'Unhealthy' } as const;
  if (result === 'failure') options.record({ ...event, message: `${name} probe failed: ${output}` });
  if (result === 'error') {
    options.record({ ...event, message: `${name} probe errored and resulted in unknown state: ${output}` });
  }
  if (result === 'warning') {
    options.record({ ...event, reason: 'ProbeWarning', message: `${name} probe warning: ${output}` });
  }
}
