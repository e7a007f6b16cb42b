import type { KubeObject } from '#kube';
import { badRequest } from '../status-errors.ts';
import type { ServeContext } from './context.ts';
import { runChannels } from './exec-channels.ts';
import { isTrue } from './parse-request.ts';
import { containerKey, requireStreams } from './pod-log.ts';
import { runSpdyExec } from './spdy-exec.ts';
import type { UpgradeService } from './upgrades.ts';

/** The subprotocol that adds a signal that a channel is closed. */
const V5 = 'v5.channel.k8s.io';
const V4 = 'v4.channel.k8s.io';

/** Exec and attach: a command of a container, or its own streams. Throws 400 for a container that is not there. */
export function prepareExec(
  context: ServeContext,
  pod: KubeObject,
  subresource: 'exec' | 'attach',
  query: URLSearchParams,
): UpgradeService {
  const key = containerKey(pod, query.get('container'));
  const tty = isTrue(query.get('tty'));
  const asked = {
    stdin: isTrue(query.get('stdin')),
    stdout: isTrue(query.get('stdout')),
    // a terminal has one output
    stderr: isTrue(query.get('stderr')) && !tty,
    tty,
  };
  const attached = subresource === 'attach';
  const command = query.getAll('command');
  if (!attached && command.length === 0) throw badRequest('you must specify at least 1 command for the container');
  const streams = requireStreams(context, pod);
  return {
    webSocket: [V5, V4],
    spdy: [V4],
    open: async () => {
      const session = attached ? await streams.attach(key, asked) : await streams.exec(key, { ...asked, command });
      // a command goes on without its client, but not without its server
      const end = () => session.kill();
      context.stopping.addEventListener('abort', end, { once: true });
      const forget = () => context.stopping.removeEventListener('abort', end);
      return {
        serveWebSocket: (webSocket) => {
          const closeSignals = webSocket.protocol === V5;
          return runChannels({ webSocket, session, tty, closeSignals, attached }).finally(forget);
        },
        serveSpdy: (transport) => runSpdyExec({ transport, session, asked, attached }).finally(forget),
      };
    },
  };
}
