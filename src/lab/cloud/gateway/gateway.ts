import type { IncomingMessage, RequestListener } from 'node:http';
import { createServer as createTlsServer, type Server as TlsServer } from 'node:https';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { errorText, KeyferryError, type Clock, type Log } from '#base';
import type { CertificateAuthority } from '#crypto';
import { createConnectionReset, startHttpServer, type HttpServer } from '#http';
import type { Faults } from '#lab/faults';
import { machineTime } from '#lab/clock';
import type { WritableAuditLog } from '../audit-log.ts';
import type { CloudService } from '../service.ts';
import { parseConnectTarget } from './connect-target.ts';
import { createLeafCertificates } from './leaf-certificates.ts';
import { createServiceListener } from './serve.ts';
import { createPlainHttpListener, type PlainHttpOptions } from './plain-http.ts';
import { openUpstream } from './upstream.ts';

/** What the gateway stands in front of, and how. */
export interface GatewayOptions {
  readonly services: readonly CloudService[];
  readonly authority: CertificateAuthority;
  readonly audit: WritableAuditLog;
  readonly clock: Clock;
  readonly log: Log;
  /** The port to have; any free one when it is taken or not given. */
  readonly port?: number | undefined;
  /** A second address to listen on, for clients on other machines. Default: none. */
  readonly outside?: ListenAddress | undefined;
  /** Whether hosts that no service serves are reached for real. Default false: they are refused. */
  readonly allowInternet?: boolean | undefined;
  /** The proxy to the internet, when there is one; only used with `allowInternet`. */
  readonly upstreamProxy?: string | undefined;
  /** Answers plain requests to the gateway's own port. */
  readonly control?: RequestListener | undefined;
  /** The instance metadata service that the gateway's own port also leads to. */
  readonly metadata?: PlainHttpOptions['metadata'];
  /** Why a served host is not to be found, as if DNS did not know it; undefined when it is. */
  readonly missingHost?: ((host: string) => string | undefined) | undefined;
  /** What goes wrong on purpose. Default: nothing. */
  readonly faults?: Pick<Faults, 'meet'> | undefined;
  /** Default 4 MiB. */
  readonly bodyLimitBytes?: number;
  /** How long exchanges under way may go on at the end, milliseconds. Default 1000. */
  readonly graceMs?: number;
  /** How long a tunnel may take to speak TLS, milliseconds. Default 20,000. */
  readonly handshakeTimeoutMs?: number;
  /** How long nothing may come or go within a request, milliseconds. Default 120,000. */
  readonly idleTimeoutMs?: number;
  /** How long a request's headers may take inside of a tunnel, milliseconds. Default 60,000. */
  readonly headersTimeoutMs?: number;
}

/** An IP address and a port to listen on; port 0 is any free one. */
export interface ListenAddress {
  readonly host: string;
  readonly port: number;
}

/** A gateway that listens on 127.0.0.1. */
export interface Gateway extends AsyncDisposable {
  readonly port: number;
  /** What clients set as HTTPS_PROXY. */
  readonly proxyUrl: string;
  /** Where it listens besides, with the port that it got. */
  readonly outside: ListenAddress | undefined;
}

/**
 * Starts the HTTPS CONNECT proxy through which clients reach the emulated Azure under its real host names. TLS to the
 * hosts of `services` ends here; other hosts are refused, or reached when `allowInternet` says so. Clients of the `outside`
 * address reach those services and nothing else: neither other hosts nor `control`. Throws `failed-precondition` when
 * it cannot be listened on.
 */
export async function startGateway(options: GatewayOptions): Promise<Gateway> {
  const { clock, log, graceMs = 1000 } = options;
  const tunnels = new Set<Socket>();
  const inner = createInnerServer(options);
  const exchanges = countExchanges(inner);
  let ending = false;
  const connectWith = (reached: GatewayOptions) => (message: IncomingMessage, duplex: Duplex, head: Buffer) => {
    const socket = duplex as Socket;
    if (ending) {
      socket.destroy();
      return;
    }
    tunnels.add(socket);
    socket.once('close', () => tunnels.delete(socket));
    socket.on('error', (error) => log.debug('a tunnel broke', { error: error.message }));
    const refused = (refusal: Refusal) => {
      log.info('a tunnel was refused', { target: message.url, ...refusal });
      refuse(socket, refusal);
    };
    connectTunnel(reached, inner, message.url ?? '', socket, head).then(
      (refusal) => (refusal === undefined ? undefined : refused(refusal)),
      (error: unknown) => refused({ status: 502, reason: errorText(error) }),
    );
  };
  const server = await listen(options, connectWith(options));
  const outside = await listenOutside(options, connectWith({ ...options, allowInternet: false })).catch(
    async (error: unknown) => {
      await server[Symbol.asyncDispose]();
      throw error;
    },
  );
  log.info('the gateway listens', { port: server.port, outside: outside && `${outside.host} ${outside.port}` });
  return {
    port: server.port,
    proxyUrl: `http://127.0.0.1:${server.port}`,
    outside: outside && { host: outside.host, port: outside.port },
    [Symbol.asyncDispose]: async () => {
      const closed = Promise.all([server[Symbol.asyncDispose](), outside?.[Symbol.asyncDispose]()]);
      await exchanges.idle(graceMs, machineTime(clock));
      ending = true;
      for (const socket of tunnels) socket.destroy();
      inner.close();
      await closed;
    },
  };
}

/** The server that speaks TLS inside the tunnels. It listens nowhere: sockets are handed to it. */
function createInnerServer({
  authority,
  clock,
  log,
  bodyLimitBytes = 4 * 2 ** 20,
  handshakeTimeoutMs = 20_000,
  idleTimeoutMs = 120_000,
  headersTimeoutMs = 60_000,
  ...rest
}: GatewayOptions): TlsServer {
  const certificates = createLeafCertificates(authority, () => machineTime(clock).now());
  const server = createTlsServer(
    {
      minVersion: 'TLSv1.2',
      keepAliveTimeout: 60_000,
      // A client that hangs up before it speaks TLS is noticed by nothing else, and its socket is kept until then.
      handshakeTimeout: handshakeTimeoutMs,
      headersTimeout: headersTimeoutMs,
      connectionsCheckingInterval: Math.min(headersTimeoutMs, 30_000),
      SNICallback: (name, done) => {
        const host = name.toLowerCase();
        if (!rest.services.some((service) => service.serves(host))) {
          done(new Error(`the lab has no certificate for ${host}`));
          return;
        }
        certificates.context(host).then(
          (context) => done(null, context),
          (error: unknown) => done(error instanceof Error ? error : new Error(String(error))),
        );
      },
    },
    createServiceListener({ ...rest, clock, log, bodyLimitBytes, reset: (socket) => reset(socket) }),
  );
  const reset = createConnectionReset(server);
  // Node begins to look after headersTimeout and requestTimeout when a server listens, which this one never does: a client
  // that sends a byte now and then would be kept for ever.
  server.emit('listening');
  server.setTimeout(idleTimeoutMs);
  server.on('tlsClientError', (error, socket) => {
    log.debug('a client broke off the TLS handshake', { host: socket.servername, error: error.message });
    socket.destroy();
  });
  return server;
}

type OnConnect = (message: IncomingMessage, socket: Duplex, head: Buffer) => void;

async function listenOutside(options: GatewayOptions, onConnect: OnConnect): Promise<HttpServer | undefined> {
  const { outside } = options;
  if (outside === undefined) return undefined;
  try {
    return await startHttpServer({
      ...outside,
      listener: createPlainHttpListener({ ...options, allowInternet: false, control: undefined }),
      prepare: (server) => {
        server.on('connect', onConnect);
      },
    });
  } catch (cause) {
    if (!(cause instanceof KeyferryError)) throw cause;
    throw new KeyferryError(cause.code, cause.message, {
      cause,
      hint: 'Name another with --listen ADDRESS:PORT. Without a port, it is the one that the lab on this state folder had before.',
    });
  }
}

async function listen(options: GatewayOptions, onConnect: OnConnect): Promise<HttpServer> {
  const start = (port: number) =>
    startHttpServer({
      port,
      listener: createPlainHttpListener(options),
      prepare: (server) => {
        server.on('connect', onConnect);
      },
    });
  const { port = 0, log } = options;
  if (port === 0) return start(0);
  try {
    return await start(port);
  } catch (error) {
    if (!(error instanceof KeyferryError) || error.code !== 'failed-precondition') throw error;
    log.warn('the gateway takes another port: the wished one is taken', { port });
    return start(0);
  }
}

interface Refusal {
  readonly status: 400 | 403 | 502;
  readonly reason: string;
}

/** Joins `socket` to where its CONNECT leads, or answers why not. */
async function connectTunnel(
  options: GatewayOptions,
  inner: TlsServer,
  authority: string,
  socket: Socket,
  head: Buffer,
): Promise<Refusal | undefined> {
  const target = parseConnectTarget(authority);
  if (!target.ok) return { status: target.status, reason: target.reason };
  const { host } = target;
  const { services, missingHost, allowInternet = false, upstreamProxy, clock } = options;
  if (services.some((service) => service.serves(host))) {
    const missing = missingHost?.(host);
    if (missing !== undefined) return { status: 502, reason: missing };
    accept(socket, head);
    inner.emit('connection', socket);
    return undefined;
  }
  if (!allowInternet) {
    const reason = `${host} is not part of the lab; start it with --allow-internet to reach other hosts`;
    return { status: 502, reason };
  }
  const upstream = await openUpstream(host, { clock: machineTime(clock), proxyUrl: upstreamProxy });
  upstream.on('error', () => socket.destroy());
  upstream.once('close', () => socket.destroy());
  socket.once('close', () => upstream.destroy());
  accept(socket, head);
  upstream.pipe(socket).pipe(upstream);
  return undefined;
}

function accept(socket: Socket, head: Buffer): void {
  socket.write('HTTP/1.1 200 Connection established\r\n\r\n');
  if (head.length > 0) socket.unshift(head);
}

const PHRASES = { 400: 'Bad Request', 403: 'Forbidden', 502: 'Bad Gateway' } as const;

/** Some clients show only the reason phrase of a refused CONNECT, some only the body: the text is in both. */
function refuse(socket: Socket, { status, reason }: Refusal): void {
  const line = reason.replace(/[^\x20-\x7e]/g, '?');
  const body = `keyferry lab: ${line}\n`;
  socket.end(
    `HTTP/1.1 ${status} ${PHRASES[status]} (keyferry lab: ${line})\r\nContent-Type: text/plain; charset=utf-8\r\n` +
      `Content-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`,
  );
}

interface Exchanges {
  /** Resolves when no request is being answered, at the latest after `graceMs`. */
  idle(graceMs: number, clock: Clock): Promise<void>;
}

/** A server that does not listen keeps no list of its connections, so the requests under way are counted here. */
function countExchanges(server: TlsServer): Exchanges {
  let underWay = 0;
  let onIdle: () => void = () => undefined;
  server.on('request', (_message, response) => {
    underWay += 1;
    response.once('close', () => {
      underWay -= 1;
      if (underWay === 0) onIdle();
    });
  });
  return {
    idle: async (graceMs, clock) => {
      if (underWay === 0) return;
      const waiting = new AbortController();
      onIdle = () => waiting.abort();
      await clock.sleep(graceMs, { signal: waiting.signal }).catch(() => undefined);
    },
  };
}
