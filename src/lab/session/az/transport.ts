// Loaded on the first request only. It stands on Node's own client: undici would add its WebAssembly parser, whose
// compilation keeps a short-lived process alive for about 100 ms after its work is done (measured on Node 20).
import { request as httpRequest, type IncomingHttpHeaders, type IncomingMessage } from 'node:http';
import { Agent, request as httpsRequest } from 'node:https';
import { connect as tlsConnect } from 'node:tls';
import type { Duplex } from 'node:stream';

/** One HTTPS request as it goes out. */
export interface Outgoing {
  readonly url: URL;
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | undefined;
  readonly signal: AbortSignal;
}

/** Its answer. */
export interface Incoming {
  readonly status: number;
  readonly reason: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** Connections to hosts, kept until they are closed. */
export interface Transport {
  send(outgoing: Outgoing): Promise<Incoming>;
  close(): void;
}

/** A proxy refused to open a tunnel. */
export class TunnelRefused extends Error {
  override readonly name = 'TunnelRefused';
  readonly status: number;

  /** `reason` is the text that the proxy gave with the status. */
  constructor(status: number, reason: string) {
    super(reason);
    this.status = status;
  }
}

const LIMIT_BYTES = 16 * 1024 * 1024;

/** A transport through `proxy` (an http URL), or to hosts directly; `ca` (PEM) is what it trusts in place of the usual roots. */
export function createTransport(proxy: URL | undefined, ca: string | undefined): Transport {
  const agent = new Agent({ keepAlive: true, ...(ca === undefined ? {} : { ca }) });
  if (proxy !== undefined) tunnelThrough(agent, proxy, ca);
  return {
    send: ({ url, method, headers, body, signal }) =>
      new Promise((resolve, reject) => {
        const length = method === 'GET' || method === 'HEAD' ? {} : { 'content-length': Buffer.byteLength(body ?? '') };
        const outgoing = httpsRequest(url, { agent, method, signal, headers: { ...headers, ...length } }, (answer) => {
          readText(answer).then(
            (text) =>
              resolve({
                status: answer.statusCode ?? 0,
                reason: answer.statusMessage ?? '',
                headers: answer.headers,
                body: text,
              }),
            reject,
          );
        });
        outgoing.on('error', reject);
        outgoing.end(body);
      }),
    close: () => agent.destroy(),
  };
}

type CreateConnection = (
  options: {
    readonly host?: string;
    readonly port?: number | string;
    readonly servername?: string;
    readonly signal?: AbortSignal;
  },
  done: (error: Error | null, socket?: Duplex) => void,
) => undefined;

/** Makes the agent reach its hosts by CONNECT, with TLS inside the tunnel (RFC 9110 section 9.3.6). */
function tunnelThrough(agent: Agent, proxy: URL, ca: string | undefined): void {
  const createConnection: CreateConnection = ({ host = '', port = 443, servername, signal }, done) => {
    const authority = `${host}:${port}`;
    const credentials = `${decodeURIComponent(proxy.username)}:${decodeURIComponent(proxy.password)}`;
    const asked = httpRequest({
      method: 'CONNECT',
      host: proxy.hostname,
      port: proxy.port || 80,
      path: authority,
      agent: false,
      ...(signal === undefined ? {} : { signal }),
      headers: {
        host: authority,
        ...(proxy.username === ''
          ? {}
          : { 'proxy-authorization': `Basic ${Buffer.from(credentials).toString('base64')}` }),
      },
    });
    asked.once('error', done);
    asked.once('connect', (answer, socket) => {
      if (answer.statusCode !== 200) {
        socket.destroy();
        done(new TunnelRefused(answer.statusCode ?? 0, answer.statusMessage ?? ''));
        return;
      }
      const secured = tlsConnect({ socket, servername: servername || host, ...(ca === undefined ? {} : { ca }) });
      const failed = (error: Error) => done(error);
      secured.once('error', failed);
      secured.once('secureConnect', () => {
        secured.off('error', failed);
        done(null, secured);
      });
    });
    asked.end();
    return undefined;
  };
  Object.assign(agent, { createConnection });
}

async function readText(answer: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let sizeBytes = 0;
  for await (const chunk of answer as AsyncIterable<Buffer>) {
    sizeBytes += chunk.length;
    if (sizeBytes > LIMIT_BYTES) throw new Error(`the answer is larger than ${LIMIT_BYTES} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}
