import { once } from 'node:events';
import { chmod, lstat, rename, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { basename, dirname, join } from 'node:path';
import {
  Server,
  ServerCredentials,
  type handleUnaryCall,
  type sendUnaryData,
  type ServerUnaryCall,
  type ServiceDefinition,
  type UntypedServiceImplementation,
} from '@grpc/grpc-js';
import { KeyferryError, linkSignals, type Clock, type Log } from '#base';
import { anyAuthority } from './any-authority.ts';
import { grpcStatusOf, statusName } from './status.ts';

/** What a handler gets beside the request. */
export interface CallContext {
  /** Aborts when the caller gives up, its deadline passes, or the server is forced to stop. */
  readonly signal: AbortSignal;
  /** When the caller stops waiting, milliseconds since the epoch; undefined when it set no deadline. */
  readonly deadlineMs: number | undefined;
}

/** A unary method as a promise. */
export type UnaryHandler<Request, Response> = (request: Request, context: CallContext) => Promise<Response>;

/** For each method of a ts-proto `XServer` interface, a promise handler. */
export type UnaryHandlers<XServer> = {
  readonly [Method in keyof XServer as string extends Method ? never : Method]: XServer[Method] extends (
    call: ServerUnaryCall<infer Request, infer Response>,
    callback: sendUnaryData<infer _>,
  ) => void
    ? UnaryHandler<Request, Response>
    : never;
};

/** A service with its handlers, made by {@link grpcService}. */
export interface GrpcService {
  readonly definition: ServiceDefinition;
  readonly handlers: Readonly<Record<string, UnaryHandler<never, unknown>>>;
}

/** Joins a generated service definition with promise handlers; methods left out answer UNIMPLEMENTED. */
export function grpcService<XServer>(definition: object, handlers: Partial<UnaryHandlers<XServer>>): GrpcService {
  return {
    definition: definition as ServiceDefinition,
    handlers: handlers as unknown as Record<string, UnaryHandler<never, unknown>>,
  };
}

/** Where a server listens and what it serves. */
export interface GrpcServerOptions {
  /** The unix socket. One that is there is replaced, whether somebody serves it or not. */
  readonly socketPath: string;
  readonly services: readonly GrpcService[];
  readonly clock: Clock;
  readonly log: Log;
  /** The socket's mode. Default 0600. */
  readonly mode?: number;
  /** How long calls under way may go on once the server stops, milliseconds. Default 2000. */
  readonly graceMs?: number;
  /** The largest request, bytes. Default 4 MiB. */
  readonly maxRequestBytes?: number;
  /** Whether clients are let in whose `:authority` Node's HTTP/2 refuses, as a path; costs a little each call. Default false. */
  readonly anyAuthority?: boolean;
  /** Told of each call that has been answered: its path, the name of its status code (`OK`, `NotFound`), its time. */
  readonly onCall?: (call: { readonly method: string; readonly code: string; readonly durationMs: number }) => void;
}

/** A server that listens. Disposing it drains the calls, then removes the socket, if it is still its own. */
export interface GrpcServer extends AsyncDisposable {
  /** Whether another process listens in its place, where new callers find it. */
  isReplaced(): Promise<boolean>;
}

/** Starts a gRPC server on a unix socket and answers once it listens. */
export async function startGrpcServer(options: GrpcServerOptions): Promise<GrpcServer> {
  const { socketPath, clock, log, mode = 0o600, graceMs = 2000, maxRequestBytes = 4 * 1024 * 1024 } = options;
  // Made under another name and moved into its place: nobody meets a socket that is not ready, and closing the server
  // removes what has that other name (libuv unlinks the path that it bound), not the socket of one that came after it.
  // Kubelet's plugin watcher passes names over that begin with a dot.
  const newPath = join(dirname(socketPath), `.${basename(socketPath)}.new`);
  await rm(newPath, { force: true });
  const server = new Server({ 'grpc.max_receive_message_length': maxRequestBytes });
  const stopping = new AbortController();
  for (const service of options.services) {
    const implementation: UntypedServiceImplementation = {};
    for (const [name, method] of Object.entries(service.definition)) {
      const handler = service.handlers[name];
      if (handler === undefined) continue;
      const serve: handleUnaryCall<unknown, unknown> = (call, callback) => {
        const startedMs = clock.monotonic();
        const tell = (code: number) =>
          options.onCall?.({
            method: method.path,
            code: statusName(code),
            durationMs: clock.monotonic() - startedMs,
          });
        void answer(call, handler, stopping.signal).then(
          (response) => {
            tell(0);
            callback(null, response);
          },
          (error: unknown) => {
            const status = grpcStatusOf(error);
            tell(status.code);
            log.debug('Call failed', { method: method.path, code: status.code });
            callback(status);
          },
        );
      };
      implementation[name] = serve;
    }
    server.addService(service.definition, implementation);
  }
  // The socket is born with the process's umask; nobody but its owner may reach it before the chmod.
  const umask = process.umask(0o177);
  let stopListening: () => void;
  try {
    stopListening = await listen(server, newPath, options.anyAuthority ?? false);
  } catch (error) {
    throw new KeyferryError('failed-precondition', `cannot listen on ${socketPath}`, { cause: error });
  } finally {
    process.umask(umask);
  }
  await chmod(newPath, mode);
  await rename(newPath, socketPath);
  const own = await identityOf(socketPath);
  return {
    async isReplaced() {
      const found = await identityOf(socketPath);
      return found !== undefined && found !== own;
    },
    [Symbol.asyncDispose]: async () => {
      stopListening();
      const force = new AbortController();
      const timer = clock.sleep(graceMs, { signal: force.signal }).then(
        () => {
          stopping.abort(new KeyferryError('unavailable', 'the server is stopping'));
          server.forceShutdown();
        },
        () => undefined,
      );
      await new Promise<void>((resolve) => server.tryShutdown(() => resolve()));
      force.abort();
      await timer;
      if ((await identityOf(socketPath)) === own) await rm(socketPath, { force: true });
    },
  };
}

/** Listens on a path; answers how to accept no more connections. */
async function listen(server: Server, path: string, letsIn: boolean): Promise<() => void> {
  const insecure = ServerCredentials.createInsecure();
  if (letsIn) {
    const injector = server.createConnectionInjector(insecure);
    const front = createServer((socket) => injector.injectConnection(anyAuthority(socket)));
    front.listen(path);
    await once(front, 'listening');
    // A connection that cannot be accepted, out of descriptors for one, is its caller's loss: the server goes on.
    front.on('error', () => undefined);
    return () => front.close();
  }
  await new Promise<void>((resolve, reject) => {
    server.bindAsync(`unix:${path}`, insecure, (error) => (error === null ? resolve() : reject(error)));
  });
  return () => undefined; // the server itself does when it ends
}

/** Tells a file from another one of the same name; undefined when there is none. */
async function identityOf(path: string): Promise<string | undefined> {
  try {
    const { dev, ino, birthtimeMs } = await lstat(path);
    return `${dev}:${ino}:${birthtimeMs}`;
  } catch {
    return undefined;
  }
}

async function answer(
  call: ServerUnaryCall<unknown, unknown>,
  handler: UnaryHandler<never, unknown>,
  stopping: AbortSignal,
): Promise<unknown> {
  const linked = linkSignals(stopping);
  const onCancelled = () => linked.abort(new KeyferryError('aborted', 'the caller gave up'));
  call.on('cancelled', onCancelled);
  const deadline = call.getDeadline();
  const deadlineMs = deadline instanceof Date ? deadline.getTime() : deadline;
  try {
    return await handler(call.request as never, {
      signal: linked.signal,
      deadlineMs: Number.isFinite(deadlineMs) ? deadlineMs : undefined,
    });
  } finally {
    // The library says so of every call once its stream closes, also of those that were answered.
    call.off('cancelled', onCancelled);
    linked[Symbol.dispose]();
  }
}
