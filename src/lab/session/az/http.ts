import { readFile } from 'node:fs/promises';
import { withDeadline, type Secret } from '#base';
import { AzError } from './errors.ts';
import type { AzIo } from './io.ts';
import type { Transport } from './transport.ts';

/** One request of the stand-in. */
export interface AzRequest {
  readonly method: 'GET' | 'HEAD' | 'PUT' | 'POST' | 'PATCH' | 'DELETE' | 'OPTIONS';
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent as `Authorization: Bearer`. */
  readonly token?: Secret<string> | undefined;
  readonly body?: string | undefined;
  /** Default 60000. */
  readonly timeoutMs?: number;
}

/** Its answer. */
export interface AzResponse {
  readonly status: number;
  /** The reason phrase, `Not Found`. */
  readonly reason: string;
  readonly body: string;
  /** A header by its lower-case name. */
  header(name: string): string | undefined;
}

/** Sends requests through the lab's gateway. Connections are kept until it is disposed. */
export interface AzHttp extends AsyncDisposable {
  send(request: AzRequest): Promise<AzResponse>;
}

/** Called with each finished request, for `--debug`; never sees headers or bodies. */
export type Trace = (line: string) => void;

/**
 * An HTTP client with the proxy and certificates of the environment: `HTTPS_PROXY`, `NO_PROXY`, and the bundle of
 * `REQUESTS_CA_BUNDLE` or `SSL_CERT_FILE`. 503 and 429 are tried again up to three times after the pause that the
 * server asks for. Failures to connect are {@link AzError}s.
 */
export function createHttp(io: AzIo, trace: Trace): AzHttp {
  const transports = new Map<string, Promise<Transport>>();

  const transportFor = (host: string): Promise<Transport> => {
    const proxy = proxyFor(host, io.env);
    const opened = transports.get(proxy ?? '') ?? openTransport(io.env, proxy);
    transports.set(proxy ?? '', opened);
    return opened;
  };

  const sendOnce = async (request: AzRequest): Promise<AzResponse> => {
    const { method, body, token, timeoutMs = 60_000 } = request;
    const url = new URL(request.url);
    const transport = await transportFor(url.hostname);
    const startedMs = io.clock.monotonic();
    const answer = await withDeadline(
      { clock: io.clock, timeoutMs, signal: io.signal, what: `${method} ${url.host}${url.pathname}` },
      (signal) =>
        transport.send({
          url,
          method,
          signal,
          body,
          headers: {
            'user-agent': 'AZURECLI/2.91.0 (keyferry)',
            accept: 'application/json',
            'x-ms-client-request-id': io.random.uuid(),
            ...(body === undefined ? {} : { 'content-type': 'application/json' }),
            ...request.headers,
            ...(token === undefined ? {} : { authorization: `Bearer ${token.expose()}` }),
          },
        }),
    );
    trace(`${method} ${url.href} ${answer.status} ${Math.round(io.clock.monotonic() - startedMs)} ms`);
    return {
      status: answer.status,
      reason: answer.reason,
      body: answer.body,
      header: (name) => {
        const value = answer.headers[name];
        return Array.isArray(value) ? value[0] : value;
      },
    };
  };

  return {
    async send(request) {
      for (let failures = 0; ; failures += 1) {
        const answer = await sendOnce(request).catch((error: unknown) => {
          throw connectionError(request.url, error);
        });
        const busy = answer.status === 429 || answer.status === 503;
        if (!busy || failures === 3) return answer;
        await io.clock.sleep(retryAfterMs(answer) ?? 1000, { signal: io.signal });
      }
    },
    async [Symbol.asyncDispose]() {
      for (const opened of await Promise.allSettled(transports.values())) {
        if (opened.status === 'fulfilled') opened.value.close();
      }
    },
  };
}

/** The pause that an answer's Retry-After asks for, milliseconds; undefined without one. */
export function retryAfterMs(answer: AzResponse): number | undefined {
  const seconds = Number(answer.header('retry-after') ?? Number.NaN);
  return Number.isFinite(seconds) && seconds >= 0 ? seconds * 1000 : undefined;
}

/** The proxy for a host, or undefined when it is reached directly. */
export function proxyFor(host: string, env: AzIo['env']): string | undefined {
  const proxy = env['HTTPS_PROXY'] || env['https_proxy'];
  if (!proxy) return undefined;
  const direct = (env['NO_PROXY'] ?? env['no_proxy'] ?? '')
    .split(',')
    .map((entry) => entry.trim().replace(/^\*?\./, ''));
  const isDirect = direct.some(
    (entry) => entry === '*' || (entry !== '' && (host === entry || host.endsWith(`.${entry}`))),
  );
  return isDirect ? undefined : proxy;
}

async function openTransport(env: AzIo['env'], proxy: string | undefined): Promise<Transport> {
  const { createTransport } = await import('./transport.ts');
  const bundle = env['REQUESTS_CA_BUNDLE'] || env['SSL_CERT_FILE'];
  return createTransport(
    proxy === undefined ? undefined : proxyUrl(proxy),
    bundle === undefined ? undefined : await readBundle(bundle),
  );
}

function proxyUrl(proxy: string): URL {
  const url = URL.canParse(proxy) ? new URL(proxy) : undefined;
  if (url?.protocol === 'http:') return url;
  throw new AzError('error', `HTTPS_PROXY is not an http:// address, which the lab's az needs`);
}

async function readBundle(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    throw new AzError('error', `Could not find a suitable TLS CA certificate bundle, invalid path: ${path}`, {
      cause: error,
    });
  }
}

/** The failure of a request that got no answer, in the words of az where it has any. */
function connectionError(url: string, error: unknown): unknown {
  if (!(error instanceof Error) || error instanceof AzError || error instanceof TypeError) return error;
  const { host } = new URL(url);
  if (error.name === 'TunnelRefused') {
    const isVault = host.endsWith('.vault.azure.net');
    // The gateway says why in the reason phrase: `Bad Gateway (keyferry lab: …)`.
    const reason = error.message.replace(/^Bad Gateway \(keyferry lab: (.*)\)$/, '$1');
    return new AzError('error', `Failed to resolve '${host}' (${reason})`, {
      cause: error,
      ...(isVault ? { recommendation: 'To see the vaults that exist: az keyvault list' } : {}),
    });
  }
  const { code = (error.cause as NodeJS.ErrnoException | undefined)?.code } = error as NodeJS.ErrnoException;
  const reason = [error.message, code].filter((part) => part).join(' ');
  return new AzError('error', `Please ensure you have network connection. Error detail: ${host}: ${reason}`, {
    cause: error,
    recommendation:
      code === 'ECONNREFUSED'
        ? 'Nothing listens there. Is the lab running? Start it with: keyferry lab up'
        : 'See which requests reached the lab with: keyferry lab audit',
  });
}
