import type { IncomingMessage, Server } from 'node:http';
import type { Duplex } from 'node:stream';
import { WebSocketServer, type WebSocket } from 'ws';
import { requireObject } from '../operations/context.ts';
import { badRequest, unknownResource } from '../status-errors.ts';
import { admitRequest } from './admit-request.ts';
import type { ServeContext } from './context.ts';
import { runChannels, type ExecChannels } from './exec-channels.ts';
import { isTrue } from './parse-request.ts';
import { containerKey, requireStreams } from './pod-log.ts';
import { toApiError } from './respond.ts';

/** The subprotocols that are served, the best first; v5 adds a signal that a channel is closed. */
const PROTOCOLS = ['v5.channel.k8s.io', 'v4.channel.k8s.io'] as const;

/** Serves exec and attach over WebSocket on a server's upgrades. All sessions end when the server stops. */
export function attachExec(server: Server, context: ServeContext): void {
  const sockets = new WebSocketServer({
    noServer: true,
    handleProtocols: (offered) => PROTOCOLS.find((protocol) => offered.has(protocol)) ?? false,
  });
  const sessions = new Set<ExecChannels['session']>();
  server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    socket.on('error', () => socket.destroy());
    openSession(context, request).then(
      ({ attached, session, tty }) =>
        sockets.handleUpgrade(request, socket, head, (webSocket: WebSocket) => {
          const closeSignals = webSocket.protocol === PROTOCOLS[0];
          sessions.add(session);
          void runChannels({ webSocket, session, tty, closeSignals, attached })
            .catch((error: unknown) => {
              toApiError(error, context.api.log);
              webSocket.terminate();
            })
            .finally(() => sessions.delete(session));
        }),
      (error: unknown) => refuse(socket, toApiError(error, context.api.log).body),
    );
  });
  // upgraded connections are no longer the HTTP server's, and it would wait for them
  const end = () => {
    for (const client of sockets.clients) client.terminate();
    // a command goes on without its client, but not without its server
    for (const session of sessions) session.kill();
  };
  context.stopping.addEventListener('abort', end, { once: true });
}

async function openSession(
  context: ServeContext,
  request: IncomingMessage,
): Promise<Pick<ExecChannels, 'attached' | 'session' | 'tty'>> {
  const { info, url } = await admitRequest(context, request);
  if (info.type !== 'resource' || info.group !== '' || info.resource !== 'pods') throw unknownResource();
  if (info.subresource !== 'exec' && info.subresource !== 'attach') throw unknownResource();
  const query = url.searchParams;
  const kind = context.api.kinds.get(info);
  const pod = requireObject(context.api, { kind, namespace: info.namespace, name: info.name });
  const key = containerKey(pod, query.get('container'));
  const tty = isTrue(query.get('tty'));
  const asked = {
    stdin: isTrue(query.get('stdin')),
    stdout: isTrue(query.get('stdout')),
    // a terminal has one output
    stderr: isTrue(query.get('stderr')) && !tty,
    tty,
  };
  const streams = requireStreams(context, pod);
  const offered = (request.headers['sec-websocket-protocol'] ?? '').split(',').map((name) => name.trim());
  if (request.headers.upgrade?.toLowerCase() !== 'websocket' || !PROTOCOLS.some((known) => offered.includes(known))) {
    // kubectl shows the answer to its second try, by SPDY: that one is to tell what is wrong with the pod or container
    (await streams.attach(key, { stdin: false, stdout: false, stderr: false, tty: false })).kill();
    throw badRequest(`unable to upgrade: only WebSocket with ${PROTOCOLS.join(' or ')} is served`);
  }
  if (info.subresource === 'attach') return { session: await streams.attach(key, asked), tty, attached: true };
  const command = query.getAll('command');
  if (command.length === 0) throw badRequest('you must specify at least 1 command for the container');
  return { session: await streams.exec(key, { ...asked, command }), tty, attached: false };
}

function refuse(socket: Duplex, body: { readonly code: number }): void {
  const text = JSON.stringify(body);
  socket.end(
    [
      `HTTP/1.1 ${body.code} Refused`,
      'content-type: application/json',
      `content-length: ${Buffer.byteLength(text)}`,
      'connection: close',
      '',
      text,
    ].join('\r\n'),
  );
}
