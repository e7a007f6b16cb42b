import {
  request,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type RequestOptions,
  type ServerResponse,
} from 'node:http';
import { KeyferryError } from '#base';
import { lookupElsewhere } from './elsewhere.ts';

const TIMEOUT_MS = 120_000;
const HOP_BY_HOP = new Set([
  'connection',
  'keep-alive',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'upgrade',
]);

/**
 * Sends a plain HTTP request on to `url`, through `upstreamProxy` where there is one, and its answer back. Rejects when no
 * answer comes, and when the name of the host leads to this machine.
 */
export function forwardPlainHttp(
  message: IncomingMessage,
  response: ServerResponse,
  url: URL,
  upstreamProxy: string | undefined,
): Promise<void> {
  const kept = endToEnd(message.headers);
  const { headers, ...target } = upstreamProxy === undefined ? directly(url) : byProxy(url, new URL(upstreamProxy));
  const options: RequestOptions = {
    ...target,
    method: message.method,
    // What the target says counts, whatever the Host was (RFC 9112, 3.2.2).
    headers: { ...kept, ...headers, host: url.host },
    timeout: TIMEOUT_MS,
  };
  return new Promise((resolve, reject) => {
    const outgoing = request(options, (answer) => {
      response.writeHead(answer.statusCode ?? 502, endToEnd(answer.headers));
      answer.pipe(response);
      answer.once('end', resolve).once('error', reject);
    });
    outgoing.once('timeout', () => outgoing.destroy(new Error(`${url.host} does not answer`)));
    outgoing.once('error', (cause) =>
      reject(new KeyferryError('unavailable', `cannot reach http://${url.host}: ${cause.message}`, { cause })),
    );
    response.once('close', () => outgoing.destroy());
    message.pipe(outgoing);
  });
}

/** Headers without those that are for the next hop only, among them what `Connection` names (RFC 9110, 7.6.1). */
function endToEnd(headers: IncomingHttpHeaders): IncomingHttpHeaders {
  const named = (headers.connection ?? '').split(',').map((name) => name.trim().toLowerCase());
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !HOP_BY_HOP.has(name) && !named.includes(name)));
}

interface Destination extends RequestOptions {
  readonly headers: Readonly<Record<string, string>>;
}

function byProxy(url: URL, { hostname, port, username, password }: URL): Destination {
  const login = Buffer.from(`${decodeURIComponent(username)}:${decodeURIComponent(password)}`).toString('base64');
  return {
    host: hostname.replace(/^\[|\]$/g, ''),
    port: port || 80,
    path: url.href,
    headers: username === '' ? {} : { 'proxy-authorization': `Basic ${login}` },
  };
}

function directly(url: URL): Destination {
  return {
    host: url.hostname.replace(/^\[|\]$/g, ''),
    port: url.port || 80,
    path: `${url.pathname}${url.search}`,
    headers: {},
    lookup: lookupElsewhere,
  };
}
