import { request as httpRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import type { HTTPGetAction } from 'kubernetes-types/core/v1.js';
import type { Container } from '#kube';

/** Where a container's handlers connect to when they name no host. */
export interface HandlerPlace {
  readonly container: Container;
  /** The pod's address. */
  readonly podIp: string;
}

/** What a GET came to. */
export interface HttpAnswer {
  readonly status: number;
  /** At most 10 KiB of it. */
  readonly body: string;
  /** True when a redirect led to another host, where it was not followed. */
  readonly leftHost: boolean;
}

const BODY_BYTES = 10 * 1024;
const MAX_REDIRECTS = 10;

/**
 * Makes the GET of a probe or hook as kubelet does (pkg/probe/http): certificates are not checked, redirects within the host
 * are followed. Throws with the text of Go's HTTP client.
 */
export async function httpGet(
  action: HTTPGetAction,
  place: HandlerPlace,
  options: { readonly userAgent: string; readonly signal: AbortSignal },
): Promise<HttpAnswer> {
  const first = handlerUrl(action, place);
  const headers = headersOf(action, options.userAgent);
  let url = first;
  for (let hops = 0; hops <= MAX_REDIRECTS; hops += 1) {
    const response = await get(url, headers, options.signal).catch((error: unknown) => {
      throw new Error(`Get "${url.href}": ${goNetworkError(error, url)}`, { cause: error });
    });
    const { statusCode: status = 0, headers: answered } = response;
    const next = status >= 300 && status < 400 && answered.location !== undefined ? answered.location : undefined;
    const body = await bodyOf(response);
    if (next === undefined) return { status, body, leftHost: false };
    const target = new URL(next, url);
    if (target.hostname !== first.hostname) return { status, body, leftHost: true };
    url = target;
  }
  throw new Error(`Get "${url.href}": stopped after ${MAX_REDIRECTS} redirects`);
}

/** The port that a handler names, by number or by the name of a container's port. Throws kubelet's text. */
export function handlerPort(port: number | string, container: Container): number {
  const named = container.ports?.find(({ name }) => name === port)?.containerPort;
  const number = named ?? Number(port);
  if (Number.isInteger(number) && number > 0 && number < 65536) return number;
  if (typeof port === 'string' && named === undefined && Number.isNaN(number)) {
    throw new Error(`couldn't find port: "${port}" in container "${container.name}"`);
  }
  throw new Error(`invalid port number: ${port}`);
}

function handlerUrl(action: HTTPGetAction, { container, podIp }: HandlerPlace): URL {
  const scheme = (action.scheme ?? 'HTTP').toLowerCase();
  const host = action.host === undefined || action.host === '' ? podIp : action.host;
  const path = action.path ?? '/';
  return new URL(
    `${scheme}://${hostPort(host, handlerPort(action.port, container))}${path.startsWith('/') ? '' : '/'}${path}`,
  );
}

function headersOf(action: HTTPGetAction, userAgent: string): Record<string, string | string[]> {
  const headers: Record<string, string | string[]> = { 'User-Agent': userAgent, Accept: '*/*', Connection: 'close' };
  const own = new Map<string, string[]>();
  for (const { name, value } of action.httpHeaders ?? []) own.set(name, [...(own.get(name) ?? []), value]);
  for (const [name, values] of own) {
    for (const known of Object.keys(headers)) {
      if (known.toLowerCase() === name.toLowerCase()) delete headers[known];
    }
    headers[name] = values.length === 1 ? (values[0] as string) : values;
  }
  return headers;
}

function get(url: URL, headers: Record<string, string | string[]>, signal: AbortSignal): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const options = { headers, signal, agent: false } as const;
    const request =
      url.protocol === 'https:'
        ? httpsRequest(url, { ...options, rejectUnauthorized: false })
        : httpRequest(url, options);
    request.once('response', resolve);
    request.once('error', reject);
    request.end();
  });
}

async function bodyOf(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    for await (const chunk of response as AsyncIterable<Buffer>) {
      chunks.push(chunk);
      size += chunk.length;
      if (size >= BODY_BYTES) break;
    }
  } catch {
    // A body that breaks off is as long as it came.
  }
  return Buffer.concat(chunks).subarray(0, BODY_BYTES).toString();
}

/** A host with a port, IPv6 in brackets. */
export function hostPort(host: string, port: number): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}

/** A connection's error in Go's words, by which people search for it. */
export function goNetworkError(error: unknown, url: { readonly hostname: string; readonly port: string }): string {
  const { code = '', name = '', message = '' } = error as { code?: string; name?: string; message?: string };
  const dial = `dial tcp ${url.hostname}:${url.port}`;
  switch (code) {
    case 'ECONNREFUSED':
      return `${dial}: connect: connection refused`;
    case 'EHOSTUNREACH':
      return `${dial}: connect: no route to host`;
    case 'ENETUNREACH':
      return `${dial}: connect: network is unreachable`;
    case 'ETIMEDOUT':
      return `${dial}: i/o timeout`;
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return `dial tcp: lookup ${url.hostname}: no such host`;
    case 'ECONNRESET':
      return message === 'socket hang up' ? 'EOF' : 'read: connection reset by peer';
    case 'ABORT_ERR':
      return 'context deadline exceeded (Client.Timeout exceeded while awaiting headers)';
    case 'EPROTO':
      return 'http: server gave HTTP response to HTTPS client';
    default:
      if (code.startsWith('ERR_SSL_')) return 'http: server gave HTTP response to HTTPS client';
      if (code.startsWith('HPE_')) return `net/http: HTTP/1.x transport connection broken: malformed HTTP response`;
      return name === 'AbortError'
        ? 'context deadline exceeded (Client.Timeout exceeded while awaiting headers)'
        : message;
  }
}
