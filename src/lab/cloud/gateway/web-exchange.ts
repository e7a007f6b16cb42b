import type { IncomingMessage, ServerResponse } from 'node:http';
import { KeyferryError } from '#base';
import { readBody } from '#http';

/** The host that a request names, lower case, without a port. Undefined when it names none. */
export function requestHost(message: IncomingMessage): string | undefined {
  const host = message.headers.host?.toLowerCase().replace(/:\d+$/, '').replace(/\.$/, '');
  return host === '' ? undefined : host;
}

/**
 * The web Request that an HTTPS request to `host` is. The path keeps its double slashes and its casing: some clients
 * send both, and Azure's services look at them. Throws `invalid-input` for a target that is no path: put after the host,
 * `*` or `https://elsewhere/` would make the name of another host. The same for two hosts (RFC 9112, 3.2).
 */
export async function toWebRequest(message: IncomingMessage, host: string, limitBytes: number): Promise<Request> {
  const { url: target = '/' } = message;
  if (!target.startsWith('/')) throw new KeyferryError('invalid-input', 'the request target is not a path');
  const headers = new Headers();
  const hosts = message.rawHeaders.filter((name, at) => at % 2 === 0 && name.toLowerCase() === 'host');
  if (hosts.length > 1) throw new KeyferryError('invalid-input', 'the request names more than one host');
  for (let at = 0; at + 1 < message.rawHeaders.length; at += 2) {
    const name = message.rawHeaders[at] ?? '';
    if (!HOP_BY_HOP.has(name.toLowerCase())) headers.append(name, message.rawHeaders[at + 1] ?? '');
  }
  const method = message.method ?? 'GET';
  const body = await readBody(message, limitBytes);
  const hasBody = method !== 'GET' && method !== 'HEAD' && body.length > 0;
  return new Request(`https://${host}${target}`, {
    method,
    headers,
    ...(hasBody ? { body: new Uint8Array(body) } : {}),
  });
}

/** Sends `response` whole, with its length. */
export async function sendWebResponse(response: Response, target: ServerResponse, head: boolean): Promise<void> {
  const body = Buffer.from(await response.arrayBuffer());
  target.statusCode = response.status;
  for (const [name, value] of response.headers) {
    if (name !== 'set-cookie' && !HOP_BY_HOP.has(name)) target.setHeader(name, value);
  }
  const cookies = response.headers.getSetCookie();
  if (cookies.length > 0) target.setHeader('set-cookie', cookies);
  const bodiless = response.status === 204 || response.status === 304;
  if (!bodiless && !(head && response.headers.has('content-length'))) target.setHeader('content-length', body.length);
  target.end(head || bodiless ? undefined : body);
}

const HOP_BY_HOP = new Set(['connection', 'keep-alive', 'proxy-connection', 'transfer-encoding', 'upgrade', 'te']);
