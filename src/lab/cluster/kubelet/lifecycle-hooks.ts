import { connect } from 'node:net';
import type { LifecycleHandler } from 'kubernetes-types/core/v1.js';
import type { Clock } from '#base';
import type { ContainerHandle } from '../runtime/index.ts';
import { runToEnd } from './exec-run.ts';
import { handlerPort, httpGet, type HandlerPlace } from './http-get.ts';

/** What a hook is run with. */
export interface HookTarget extends HandlerPlace {
  readonly handle: Pick<ContainerHandle, 'exec'>;
  readonly clock: Clock;
  /** Gives the hook up. */
  readonly signal: AbortSignal;
}

/** The user agent of kubelet's hooks (pkg/kubelet/lifecycle/handlers.go). */
const HOOK_AGENT = 'kube-lifecycle/1.34';
const FOR_EVER_MS = 2 ** 31 - 1;

/** Runs a postStart or preStop hook to its end. Throws when it fails or was given up. */
export async function runHook(handler: LifecycleHandler, target: HookTarget): Promise<void> {
  if (handler.exec !== undefined) {
    const command = handler.exec.command ?? [];
    const end = await runToEnd(target.handle, command, { ...target, timeoutMs: FOR_EVER_MS });
    if (end.timedOut) throw new Error(`command '${command.join(' ')}' was given up`);
    if (end.exitCode !== 0) throw new Error(`command '${command.join(' ')}' exited with ${end.exitCode}`);
  } else if (handler.httpGet !== undefined) {
    // Any answer will do: kubelet does not look at a hook's status code.
    await httpGet(handler.httpGet, target, { userAgent: HOOK_AGENT, signal: target.signal });
  } else if (handler.sleep !== undefined) {
    await target.clock.sleep(handler.sleep.seconds * 1000, { signal: target.signal });
  } else if (handler.tcpSocket !== undefined) {
    const { host = target.podIp, port } = handler.tcpSocket;
    await connectOnce(host, handlerPort(port, target.container), target.signal);
  }
}

function connectOnce(host: string, port: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port, signal });
    socket.once('connect', () => {
      socket.destroy();
      resolve();
    });
    socket.once('error', reject);
  });
}
