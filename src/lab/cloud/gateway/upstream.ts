import { connect, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { KeyferryError, withDeadline, type Clock } from '#base';
import { lookupElsewhere } from './elsewhere.ts';

const CONNECT_TIMEOUT_MS = 15_000;
const HEAD_LIMIT_BYTES = 16_384;

/** How hosts that the lab does not serve are reached. */
export interface UpstreamOptions {
  readonly clock: Clock;
  /** The HTTPS_PROXY that was set before the lab, for example `http://proxy.corp:3128`. */
  readonly proxyUrl?: string | undefined;
}

/** Opens a connection to `host:443`, through the proxy where there is one. Throws `unavailable` or `deadline-exceeded`. */
export async function openUpstream(host: string, options: UpstreamOptions): Promise<Socket> {
  const { clock, proxyUrl } = options;
  return withDeadline({ clock, timeoutMs: CONNECT_TIMEOUT_MS, what: `connecting to ${host}:443` }, async (signal) => {
    const proxy = proxyUrl === undefined ? undefined : new URL(proxyUrl);
    const socket =
      proxy === undefined
        ? await opened(connect({ host, port: 443, lookup: lookupElsewhere }), signal, 'connect')
        : await opened(proxySocket(proxy), signal, proxy.protocol === 'https:' ? 'secureConnect' : 'connect');
    if (proxy !== undefined) await tunnelThrough(socket, host, proxy, signal);
    return socket;
  });
}

function proxySocket(proxy: URL): Socket {
  const port = Number(proxy.port || (proxy.protocol === 'https:' ? 443 : 80));
  const host = proxy.hostname.replace(/^\[|\]$/g, '');
  return proxy.protocol === 'https:' ? connectTls({ host, port, servername: host }) : connect({ host, port });
}

function opened(socket: Socket, signal: AbortSignal, event: 'connect' | 'secureConnect'): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const onAbort = () => socket.destroy(new Error('aborted'));
    signal.addEventListener('abort', onAbort, { once: true });
    socket.once('error', (error) => {
      signal.removeEventListener('abort', onAbort);
      reject(new KeyferryError('unavailable', `cannot connect: ${error.message}`, { cause: error }));
    });
    socket.once(event, () => {
      signal.removeEventListener('abort', onAbort);
      resolve(socket);
    });
  });
}

/** Asks the outer proxy for a tunnel and leaves the socket at the first byte after its answer. */
async function tunnelThrough(socket: Socket, host: string, proxy: URL, signal: AbortSignal): Promise<void> {
  const login =
    proxy.username === ''
      ? ''
      : `Proxy-Authorization: Basic ${Buffer.from(
          `${decodeURIComponent(proxy.username)}:${decodeURIComponent(proxy.password)}`,
        ).toString('base64')}\r\n`;
  socket.write(`CONNECT ${host}:443 HTTP/1.1\r\nHost: ${host}:443\r\n${login}\r\n`);
  const head = await readHead(socket, signal);
  const status = /^HTTP\/1\.[01] (\d{3})/.exec(head)?.[1];
  if (status !== '200') {
    socket.destroy();
    throw new KeyferryError(
      'unavailable',
      `the proxy ${proxy.host} refused a tunnel to ${host}: ${status ?? 'no HTTP answer'}`,
    );
  }
}

function readHead(socket: Socket, signal: AbortSignal): Promise<string> {
  return new Promise((resolve, reject) => {
    let received = Buffer.alloc(0);
    const done = (error?: Error) => {
      socket.off('data', onData).off('close', onClose);
      signal.removeEventListener('abort', onClose);
      socket.pause();
      if (error !== undefined) {
        socket.destroy();
        reject(error);
      }
    };
    const onClose = () => done(new KeyferryError('unavailable', 'the proxy closed the connection'));
    const onData = (chunk: Buffer) => {
      received = Buffer.concat([received, chunk]);
      const end = received.indexOf('\r\n\r\n');
      if (end === -1) {
        if (received.length > HEAD_LIMIT_BYTES) done(new KeyferryError('unavailable', 'the proxy answers too much'));
        return;
      }
      done();
      const rest = received.subarray(end + 4);
      if (rest.length > 0) socket.unshift(rest);
      resolve(received.subarray(0, end).toString('latin1'));
    };
    socket.on('data', onData).once('close', onClose);
    signal.addEventListener('abort', onClose, { once: true });
  });
}
