import type { RawData, WebSocket } from 'ws';
import type { Duplex } from 'node:stream';
import type { KubeObject } from '#kube';
import { badRequest } from '../status-errors.ts';
import type { ServeContext } from './context.ts';
import { requireStreams } from './pod-log.ts';
import { serveSpdy } from './spdy/index.ts';
import type { UpgradeService } from './upgrades.ts';

/** Opens a connection to a port of the pod. Rejects with the words that the client is to see. */
type Connect = (port: number) => Promise<Duplex>;

const STREAMS = 'portforward.k8s.io';
const CHANNELS = 'v4.channel.k8s.io';

/** Port-forward, as kubelet serves it (pkg/kubelet/server/portforward): over SPDY, or over the channels of a WebSocket. */
export function preparePortForward(context: ServeContext, pod: KubeObject, query: URLSearchParams): UpgradeService {
  const { uid = '', name = '', namespace = '' } = pod.metadata;
  const streams = requireStreams(context, pod);
  const connect: Connect = (port) => streams.portForward({ podUid: uid, podName: name, namespace }, port);
  return {
    webSocket: [CHANNELS],
    spdy: [STREAMS],
    open: () =>
      Promise.resolve({
        serveWebSocket: (webSocket) => forwardOverChannels(webSocket, parsePorts(query), connect),
        serveSpdy: (transport) => forwardOverSpdy(transport, connect),
      }),
  };
}

/** The ports of a query: `ports=80&ports=443` or `ports=80,443`. Throws 400. */
export function parsePorts(query: URLSearchParams): number[] {
  const texts = query.getAll('ports').flatMap((text) => text.split(','));
  if (texts.length === 0) throw badRequest('query parameter "ports" is required');
  return texts.map((text) => {
    const port = parsePort(text);
    if (port === undefined) throw badRequest(`unable to parse "${text}" as a port`);
    return port;
  });
}

function parsePort(text: string): number | undefined {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : 0;
  return port > 0 && port < 65536 ? port : undefined;
}

/**
 * A pair of streams for each connection that a client of the client makes: `data` carries it, `error` tells in words why it
 * failed. A pair is known by its header `requestID`.
 */
export async function forwardOverSpdy(transport: Duplex, connect: Connect): Promise<void> {
  const halves = new Map<string, { data?: Duplex; error?: Duplex }>();
  const connection = serveSpdy(transport, ({ headers, duplex }) => {
    duplex.on('error', () => undefined);
    const type = headers.get('streamtype');
    const id = headers.get('requestid') ?? '';
    const port = parsePort(headers.get('port') ?? '');
    if ((type !== 'data' && type !== 'error') || port === undefined) {
      duplex.destroy(new Error('a stream of port-forward has no type or no port'));
      return;
    }
    const pair = { ...halves.get(id), [type]: duplex };
    halves.set(id, pair);
    if (pair.data === undefined || pair.error === undefined) return;
    halves.delete(id);
    void forwardPair(pair.data, pair.error, () => connect(port));
  });
  await connection.closed;
}

async function forwardPair(data: Duplex, error: Duplex, connect: () => Promise<Duplex>): Promise<void> {
  error.resume();
  try {
    await join(data, await connect());
  } catch (failure) {
    error.write((failure as Error).message);
  }
  data.end();
  error.end();
  data.resume();
}

/** Copies both ways until the pod's side is over, or the client's is gone. Throws what broke the pod's side. */
function join(client: Duplex, pod: Duplex): Promise<void> {
  return new Promise((resolve, reject) => {
    pod.once('error', reject);
    pod.once('close', () => resolve());
    client.once('close', () => pod.destroy());
    client.pipe(pod);
    pod.pipe(client, { end: false });
  });
}

/**
 * Two channels for each port, its data and its errors; the first message on each is the port as two bytes, the lower one
 * first. There is one connection a port, made at once.
 */
export async function forwardOverChannels(
  webSocket: WebSocket,
  ports: readonly number[],
  connect: Connect,
): Promise<void> {
  const left = new Promise<void>((resolve) => {
    webSocket.once('close', () => resolve());
  });
  webSocket.on('error', () => undefined);
  const send = (channel: number, content: Uint8Array) =>
    new Promise<void>((resolve) => {
      webSocket.send(Buffer.concat([Buffer.of(channel), content]), () => resolve());
    });
  const inputs = new Map<number, (content: Buffer) => void>();
  webSocket.on('message', (raw: RawData) => {
    const message = Array.isArray(raw) ? Buffer.concat(raw) : Buffer.isBuffer(raw) ? raw : Buffer.from(raw);
    inputs.get(message[0] ?? -1)?.(message.subarray(1));
  });
  const forward = async (port: number, index: number): Promise<void> => {
    const [data, error] = [index * 2, index * 2 + 1];
    const number = Buffer.alloc(2);
    number.writeUInt16LE(port);
    // what comes before the connection stands
    const early: Buffer[] = [];
    inputs.set(data, (content) => early.push(content));
    await Promise.all([send(data, number), send(error, number)]);
    try {
      const pod = await connect(port);
      void left.then(() => pod.destroy());
      for (const content of early) pod.write(content);
      inputs.set(data, (content) => {
        if (pod.write(content)) return;
        webSocket.pause();
        pod.once('drain', () => webSocket.resume());
      });
      for await (const chunk of pod as AsyncIterable<Buffer>) await send(data, chunk);
    } catch (failure) {
      await send(error, Buffer.from((failure as Error).message));
    }
  };
  await Promise.race([left, Promise.all(ports.map(forward))]);
  webSocket.close(1000);
}
