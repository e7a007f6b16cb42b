import { STATUS_CODES, type IncomingMessage, type Server } from 'node:http';
import type { Duplex } from 'node:stream';
import { createWebSocketStream, WebSocketServer, type WebSocket } from 'ws';
import { requireObject } from '../operations/context.ts';
import { badRequest, unknownResource } from '../status-errors.ts';
import { admitRequest } from './admit-request.ts';
import type { ServeContext } from './context.ts';
import { prepareExec } from './pod-exec.ts';
import { preparePortForward } from './port-forward.ts';
import { toApiError } from './respond.ts';

/** What a client may leave HTTP for. */
export interface UpgradeService {
  /** Subprotocols of WebSocket, the best first. */
  readonly webSocket: readonly string[];
  /** Protocols of streams in SPDY/3.1, the best first. */
  readonly spdy: readonly string[];
  /** Called once both sides have agreed on a protocol. Throws what the client is to get instead of it. */
  open(): Promise<UpgradedService>;
}

/** The service, begun; one of the two is called once. Both resolve when it is over. */
export interface UpgradedService {
  serveWebSocket(webSocket: WebSocket): Promise<void>;
  serveSpdy(transport: Duplex): Promise<void>;
}

/** A message is held whole before it is passed on. Clients of Kubernetes write 32 KiB at a time. */
const MAX_MESSAGE_BYTES = 16 * 1024 * 1024;

/** A SPDY/3.1 connection inside of a WebSocket (KEP-4006): the name is followed by the protocol of its streams. */
const TUNNEL = 'SPDY/3.1+';

/** Serves exec, attach and port-forward on a server's upgrades. All of them end when the server stops. */
export function attachUpgrades(server: Server, context: ServeContext): void {
  const connections = new Set<Duplex>();
  server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    socket.on('error', () => socket.destroy());
    connections.add(socket);
    socket.once('close', () => connections.delete(socket));
    const serve = async () => {
      if (!(await context.faults.admit(request, socket))) return;
      const { service, way, protocol } = await prepare(context, request);
      if (way === 'spdy') await service.serveSpdy(switchToSpdy(socket, head, protocol));
      else await serveWebSocket({ request, socket, head, protocol }, service);
    };
    serve().catch((error: unknown) => {
      refuse(socket, toApiError(error, context.api.log).body);
    });
  });
  // upgraded connections are no longer the HTTP server's, and it would wait for them
  const end = () => {
    for (const socket of connections) socket.destroy();
  };
  context.stopping.addEventListener('abort', end, { once: true });
}

interface Agreed {
  readonly service: UpgradedService;
  readonly way: 'websocket' | 'spdy';
  readonly protocol: string;
}

async function prepare(context: ServeContext, request: IncomingMessage): Promise<Agreed> {
  const { info, url } = await admitRequest(context, request);
  if (info.type !== 'resource' || info.group !== '' || info.resource !== 'pods') throw unknownResource();
  const kind = context.api.kinds.get(info);
  const upgrade = request.headers.upgrade?.toLowerCase();
  const pod = () => requireObject(context.api, { kind, namespace: info.namespace, name: info.name });
  let service: UpgradeService;
  if (info.subresource === 'exec' || info.subresource === 'attach') {
    service = prepareExec(context, pod(), info.subresource, url.searchParams);
  } else if (info.subresource === 'portforward') {
    service = preparePortForward(context, pod(), url.searchParams);
  } else {
    throw unknownResource();
  }
  const names = (header: string) => [request.headers[header] ?? []].flat().flatMap((text) => text.split(/\s*,\s*/));
  if (upgrade === 'websocket') {
    const offered = names('sec-websocket-protocol');
    const served = [...service.webSocket, ...service.spdy.map((name) => TUNNEL + name)];
    const protocol = served.find((name) => offered.includes(name));
    if (protocol !== undefined) return { service: await service.open(), way: 'websocket', protocol };
    throw badRequest(`unable to upgrade: none of the subprotocols [${offered.join(' ')}] is served`);
  }
  if (upgrade === 'spdy/3.1') {
    const offered = names('x-stream-protocol-version');
    const protocol = service.spdy.find((name) => offered.includes(name));
    if (protocol !== undefined) return { service: await service.open(), way: 'spdy', protocol };
    throw badRequest(`unable to upgrade: unable to negotiate protocol: client supports [${offered.join(' ')}]`);
  }
  throw badRequest(`unable to upgrade: unknown protocol ${upgrade ?? ''}`);
}

function serveWebSocket(
  opening: {
    readonly request: IncomingMessage;
    readonly socket: Duplex;
    readonly head: Buffer;
    readonly protocol: string;
  },
  service: UpgradedService,
): Promise<void> {
  const { request, socket, head, protocol } = opening;
  const server = new WebSocketServer({
    noServer: true,
    maxPayload: MAX_MESSAGE_BYTES,
    handleProtocols: () => protocol,
  });
  // The tunnel's name has a slash, which is no token of RFC 6455 and which ws therefore refuses. What is agreed is known here.
  request.headers['sec-websocket-protocol'] = 'agreed';
  return new Promise((resolve, reject) => {
    server.handleUpgrade(request, socket, head, (webSocket) => {
      const serve = protocol.startsWith(TUNNEL)
        ? service.serveSpdy(createWebSocketStream(webSocket))
        : service.serveWebSocket(webSocket);
      serve.then(resolve, (error: unknown) => {
        webSocket.terminate();
        reject(error as Error);
      });
    });
  });
}

function switchToSpdy(socket: Duplex, head: Buffer, protocol: string): Duplex {
  const lines = ['HTTP/1.1 101 Switching Protocols', 'Connection: Upgrade', 'Upgrade: SPDY/3.1'];
  socket.write([...lines, `X-Stream-Protocol-Version: ${protocol}`, '', ''].join('\r\n'));
  if (head.length > 0) socket.unshift(head);
  return socket;
}

function refuse(socket: Duplex, body: { readonly code: number }): void {
  if (socket.destroyed || !socket.writable) return;
  const text = JSON.stringify(body);
  socket.end(
    [
      `HTTP/1.1 ${body.code} ${STATUS_CODES[body.code] ?? 'Refused'}`,
      'content-type: application/json',
      `content-length: ${Buffer.byteLength(text)}`,
      'connection: close',
      '',
      text,
    ].join('\r\n'),
  );
}
