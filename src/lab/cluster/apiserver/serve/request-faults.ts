import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { linkSignals, type Clock } from '#base';
import { createConnectionReset } from '#http';
import { awaitFault, type BegunFault, type FaultOutcome, type Faults, type FaultTarget } from '#lab/faults';
import { serverFailure } from '../status-errors.ts';

/** What stands before every request of the socket, and may make it fail on purpose. */
export interface RequestFaults {
  /**
   * Makes the request suffer the fault that it meets, if any; false when nobody is to be answered any more. `exchange` is
   * closed when the request is over. Throws the Status of a server that fails.
   */
  admit(request: IncomingMessage, exchange: ServerResponse | Duplex): Promise<boolean>;
  /** Is told of the server whose requests these are, before it listens: resets need its connections. */
  attach(server: Server): void;
}

/** What the faults of one server's requests are made of. */
export interface RequestFaultsOptions {
  /** Undefined: nothing fails on purpose. */
  readonly faults: Faults | undefined;
  readonly clock: Clock;
  /** Aborts when the server stops. */
  readonly stopping: AbortSignal;
}

interface OpenExchange {
  readonly request: IncomingMessage;
  readonly target: FaultTarget;
}

/** Puts `faults` before the requests of a server. */
export function createRequestFaults({ faults, clock, stopping }: RequestFaultsOptions): RequestFaults {
  if (faults === undefined) return { admit: () => Promise.resolve(true), attach: () => undefined };
  let reset: (socket: Socket) => void = (socket) => socket.destroy();
  const open = new Set<OpenExchange>();
  const stopListening = faults.onBegin((fault) => {
    for (const { request, target } of open)
      if (fault.isAbout(target)) strike(fault, request.socket, (socket) => reset(socket));
  });
  stopping.addEventListener('abort', stopListening, { once: true });

  return {
    attach: (server) => {
      reset = createConnectionReset(server);
    },
    async admit(request, exchange) {
      const target: FaultTarget = {
        host: `127.0.0.1:${request.socket.localPort}`,
        path: request.url?.split('?', 1)[0] ?? '/',
        method: request.method ?? 'GET',
      };
      const entry: OpenExchange = { request, target };
      open.add(entry);
      const gone = linkSignals(stopping);
      exchange.once('close', () => {
        open.delete(entry);
        gone.abort();
      });
      const fault = faults.meet(target);
      if (fault === undefined) return true;
      const outcome: FaultOutcome = await awaitFault(fault, { clock, gone: gone.signal });
      if (outcome.kind === 'refuse') throw serverFailure(outcome.status, outcome.retryAfterSeconds);
      if (outcome.kind === 'cut') reset(request.socket);
      return outcome.kind === 'answer';
    },
  };
}

/**
 * What a fault that begins does to an exchange under way, a watch for example, whose answer has begun: it ends or stands
 * still as with a server that goes away. Throttling and slow answers are for new requests only.
 */
function strike({ effect, over }: BegunFault, socket: Socket, reset: (socket: Socket) => void): void {
  if (effect.kind === 'reset' || (effect.kind === 'status' && effect.status >= 500)) reset(socket);
  if (effect.kind !== 'hang') return;
  socket.cork();
  over.addEventListener('abort', () => socket.uncork(), { once: true });
}
