import { connect } from 'node:net';
import type { Probe } from 'kubernetes-types/core/v1.js';
import { errorText, type Clock } from '#base';
import { machineTime } from '#lab/clock';
import { ExecStartError } from '../pod-streams.ts';
import type { ContainerHandle } from '../runtime/index.ts';
import { runToEnd } from './exec-run.ts';
import { goNetworkError, handlerPort, hostPort, httpGet, type HandlerPlace } from './http-get.ts';
import { probeGrpc } from './probe-grpc.ts';

/** What one attempt of a probe came to; `error` when it could not be made at all, `warning` counts as a success. */
export interface ProbeOutcome {
  readonly result: 'success' | 'warning' | 'failure' | 'error';
  /** For people; kubelet's text. */
  readonly output: string;
}

/** What a probe is run with. */
export interface ProbeTarget extends HandlerPlace {
  readonly handle: Pick<ContainerHandle, 'exec'>;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

/** The user agent of kubelet's HTTP probes; hooks have another one. */
const PROBE_AGENT = 'kube-probe/1.34';

/** Runs a probe once, for at most its `timeoutSeconds` (pkg/probe). Never throws. */
export async function runProbe(probe: Probe, target: ProbeTarget): Promise<ProbeOutcome> {
  const timeoutMs = (probe.timeoutSeconds ?? 1) * 1000;
  const timer = new AbortController();
  const over = () => timer.abort();
  target.signal.addEventListener('abort', over, { once: true });
  const { clock } = target;
  void machineTime(clock)
    .sleep(timeoutMs, { signal: timer.signal })
    .then(over, () => undefined);
  try {
    if (probe.exec !== undefined) return await probeExec(probe.exec.command ?? [], target, timeoutMs);
    if (probe.httpGet !== undefined) return await probeHttp(probe.httpGet, target, timer.signal);
    if (probe.tcpSocket !== undefined) return await probeTcp(probe.tcpSocket, target, timer.signal);
    if (probe.grpc !== undefined) return await probeGrpc(probe.grpc, target, timer.signal, timeoutMs);
    return { result: 'error', output: `missing probe handler for ${target.container.name}` };
  } catch (error) {
    const text = errorText(error);
    // what kubelet hears from its runtime, it hears by gRPC
    return {
      result: 'error',
      output: error instanceof ExecStartError ? `rpc error: code = Unknown desc = ${text}` : text,
    };
  } finally {
    target.signal.removeEventListener('abort', over);
    over();
  }
}

async function probeExec(command: readonly string[], target: ProbeTarget, timeoutMs: number): Promise<ProbeOutcome> {
  const end = await runToEnd(target.handle, command, { ...target, timeoutMs });
  if (end.timedOut) {
    return {
      result: 'failure',
      output: `command timed out: "${command.join(' ')}" timed out after ${timeoutMs / 1000}s`,
    };
  }
  return { result: end.exitCode === 0 ? 'success' : 'failure', output: end.output };
}

async function probeHttp(
  action: NonNullable<Probe['httpGet']>,
  target: ProbeTarget,
  signal: AbortSignal,
): Promise<ProbeOutcome> {
  // A port that does not exist is an error of the probe, not of the container.
  handlerPort(action.port, target.container);
  try {
    const { status, body, leftHost } = await httpGet(action, target, { userAgent: PROBE_AGENT, signal });
    if (leftHost) return { result: 'warning', output: `Probe terminated redirects, Response body: ${body}` };
    if (status >= 200 && status < 400) return { result: 'success', output: body };
    return { result: 'failure', output: `HTTP probe failed with statuscode: ${status}` };
  } catch (error) {
    return { result: 'failure', output: (error as Error).message };
  }
}

function probeTcp(
  action: NonNullable<Probe['tcpSocket']>,
  target: ProbeTarget,
  signal: AbortSignal,
): Promise<ProbeOutcome> {
  const host = action.host === undefined || action.host === '' ? target.podIp : action.host;
  const port = handlerPort(action.port, target.container);
  return new Promise((resolve) => {
    const socket = connect({ host, port });
    const end = (outcome: ProbeOutcome) => {
      signal.removeEventListener('abort', expire);
      socket.destroy();
      resolve(outcome);
    };
    const expire = () => end({ result: 'failure', output: `dial tcp ${hostPort(host, port)}: i/o timeout` });
    signal.addEventListener('abort', expire, { once: true });
    socket.once('connect', () => end({ result: 'success', output: '' }));
    socket.once('error', (error) =>
      end({ result: 'failure', output: goNetworkError(error, { hostname: host, port: String(port) }) }),
    );
  });
}
