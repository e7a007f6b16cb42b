import { createServer as createPlainServer, type RequestListener, type Server } from 'node:http';
import { createServer as createTlsServer, type ServerOptions } from 'node:https';
import type { AddressInfo } from 'node:net';
import { KeyferryError, systemClock, type Clock } from '#base';

/** What a server listens on and serves. */
export interface HttpServerOptions {
  readonly listener: RequestListener;
  /** Default `127.0.0.1`. */
  readonly host?: string;
  /** Default 0: any free port. */
  readonly port?: number;
  /** With it, the server speaks HTTPS. */
  readonly tls?: ServerOptions;
  /** How long requests under way may go on once the server stops, milliseconds. Default 2000. */
  readonly graceMs?: number;
  /** Default: the machine's own. */
  readonly clock?: Clock;
  /** Called with the server before it listens, for `upgrade` and `connect` handlers. */
  readonly prepare?: (server: Server) => void;
}

/** A server that listens. Disposing it stops accepting, lets requests finish for the grace time, then closes every connection. */
export interface HttpServer extends AsyncDisposable {
  readonly port: number;
  readonly host: string;
}

/** Why the kernel lets nobody listen somewhere, by its error code. */
const REFUSALS: Readonly<Record<string, string>> = {
  EADDRINUSE: 'the port is taken',
  EADDRNOTAVAIL: 'this machine has no such address',
  EAFNOSUPPORT: 'this machine has no such address',
  EACCES: 'ports below 1024 need root',
};

/** Starts a server and answers once it listens. Throws `failed-precondition` when it cannot listen there, and says why. */
export async function startHttpServer(options: HttpServerOptions): Promise<HttpServer> {
  const { host = '127.0.0.1', port = 0, graceMs = 2000, clock = systemClock } = options;
  const server =
    options.tls === undefined ? createPlainServer(options.listener) : createTlsServer(options.tls, options.listener);
  options.prepare?.(server);
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      const reason = REFUSALS[error.code ?? ''];
      const place = `${host.includes(':') ? `[${host}]` : host}:${port}`;
      reject(
        reason === undefined
          ? error
          : new KeyferryError('failed-precondition', `cannot listen on ${place}: ${reason}`, { cause: error }),
      );
    });
    server.listen(port, host, resolve);
  });
  // A connection that cannot be accepted, out of descriptors for one, is its caller's loss: the server goes on.
  server.on('error', () => undefined);
  return {
    host,
    port: (server.address() as AddressInfo).port,
    async [Symbol.asyncDispose]() {
      const done = new AbortController();
      const forced = clock.sleep(graceMs, { signal: done.signal }).then(
        () => server.closeAllConnections(),
        () => undefined,
      );
      await new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeIdleConnections();
      });
      done.abort();
      await forced;
    },
  };
}
