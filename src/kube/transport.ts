import { Agent as HttpAgent, request as httpRequest, type IncomingMessage, type RequestOptions } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { abortReason, errorText, KeyferryError, type Secret } from '#base';
import type { KubeConfig } from './config.ts';

/** One HTTP request to the API server. */
export interface KubeRequest {
  readonly method: string;
  /** With the query, below the server's own path. */
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly signal: AbortSignal;
}

/** Sends requests over connections that stay open. Disposing it closes them. */
export interface Transport extends Disposable {
  send(request: KubeRequest): Promise<IncomingMessage>;
  /** TLS material, for a WebSocket to the same server. */
  readonly tls: RequestOptions & { readonly servername?: string };
  /** Authorization header values, for a WebSocket to the same server. */
  headers(): Promise<Record<string, string>>;
}

/**
 * The transport to one API server: node:https with keep-alive, which costs no memory beyond Node's own. It never reads
 * HTTP_PROXY or HTTPS_PROXY: an API server is reached directly, from a pod as well as by a kubeconfig.
 */
export function createTransport(config: KubeConfig, userAgent: string): Transport {
  const server = new URL(config.server);
  const secure = server.protocol === 'https:';
  const tls = {
    ...(config.ca && { ca: config.ca }),
    ...(config.clientCertificate && { cert: config.clientCertificate }),
    ...(config.clientKey && { key: config.clientKey.expose() }),
    ...(config.tlsServerName && { servername: config.tlsServerName }),
    rejectUnauthorized: config.skipTlsVerify !== true,
  };
  const agent = secure ? new HttpsAgent({ keepAlive: true, ...tls }) : new HttpAgent({ keepAlive: true });
  const headers = async (): Promise<Record<string, string>> => {
    return headersWith(await config.token?.());
  };
  const headersWith = (token: Secret<string> | undefined): Record<string, string> => ({
    'user-agent': userAgent,
    accept: 'application/json',
    ...(token && { authorization: `Bearer ${token.expose()}` }),
  });
  const basePath = server.pathname.replace(/\/$/, '');
  /** Sends it again where the token was refused and there is another one by now: nothing has been done then. */
  const sendOnce = async (request: KubeRequest): Promise<IncomingMessage> => {
    const token = await config.token?.();
    const response = await sendWith(token, request);
    if (response.statusCode !== 401 || token === undefined) return response;
    const next = await config.token?.(token);
    if (next?.expose() === token.expose()) return response;
    response.resume();
    return sendWith(next, request);
  };
  const sendWith = async (token: Secret<string> | undefined, request: KubeRequest): Promise<IncomingMessage> => {
    const options: RequestOptions = {
      agent,
      method: request.method,
      host: server.hostname.replace(/^\[|\]$/g, ''),
      port: server.port || (secure ? 443 : 80),
      path: basePath + request.path,
      signal: request.signal,
      headers: {
        ...headersWith(token),
        ...request.headers,
        ...(request.body !== undefined && { 'content-length': Buffer.byteLength(request.body) }),
      },
    };
    return new Promise((resolve, reject) => {
      const outgoing = (secure ? httpsRequest : httpRequest)(options, resolve);
      outgoing.on('error', (error: NodeJS.ErrnoException) => {
        reject(outgoing.reusedSocket && error.code === 'ECONNRESET' ? new StaleConnection(error) : error);
      });
      outgoing.end(request.body);
    });
  };
  const send = async (request: KubeRequest): Promise<IncomingMessage> => {
    try {
      return await sendOnce(request).catch((error: unknown) => {
        if (error instanceof StaleConnection && request.method !== 'POST') return sendOnce(request);
        throw error;
      });
    } catch (error) {
      if (request.signal.aborted) throw abortReason(request.signal);
      throw new KeyferryError('unavailable', `the API server ${config.server} does not answer: ${errorText(error)}`, {
        cause: error,
      });
    }
  };
  return { tls, headers, send, [Symbol.dispose]: () => agent.destroy() };
}

/** The server closed an idle connection just as it was used again; such a request is worth a second try. */
class StaleConnection extends Error {
  constructor(cause: Error) {
    super(cause.message, { cause });
  }
}
