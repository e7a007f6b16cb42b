import { STATUS_CODES, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { errorText, toKeyferryError, type Clock, type Log } from '#base';
import type { FaultOutcome, Faults, MetFault } from '#lab/faults';
import { machineTime } from '#lab/clock';
import type { AuditExchange, WritableAuditLog } from '../audit-log.ts';
import type { CloudService } from '../service.ts';
import { sufferFault } from './fault-outcome.ts';
import { requestHost, sendWebResponse, toWebRequest } from './web-exchange.ts';

/** Longer than any GUID; more of a client's id is not kept. */
const MAX_CORRELATION_ID = 128;

/** What serving the lab's hosts needs. */
export interface ServeOptions {
  readonly services: readonly CloudService[];
  readonly audit: WritableAuditLog;
  readonly clock: Clock;
  readonly log: Log;
  /** Larger request bodies are refused. */
  readonly bodyLimitBytes: number;
  /** What goes wrong on purpose. Default: nothing. */
  readonly faults?: Pick<Faults, 'meet'> | undefined;
  /** Ends the connection that `socket` is, so that its client notices a reset. Default: the socket is reset. */
  readonly reset?: ((socket: Socket) => void) | undefined;
}

/** Answers decrypted requests by the service of their host, one audit record each. */
export function createServiceListener(options: ServeOptions): RequestListener {
  const { log } = options;
  return (message, target) => {
    serve(options, message, target).catch((error: unknown) => {
      log.debug('an exchange with a client broke off', { error: errorText(error) });
      target.destroy();
    });
  };
}

async function serve(options: ServeOptions, message: IncomingMessage, target: ServerResponse): Promise<void> {
  const {
    services,
    clock,
    bodyLimitBytes,
    faults,
    reset = (socket: Socket) => void socket.resetAndDestroy(),
  } = options;
  const machine = machineTime(clock);
  const startedMs = machine.monotonic();
  const host = requestHost(message);
  const service = host === undefined ? undefined : services.find((candidate) => candidate.serves(host));
  if (host === undefined || service === undefined) {
    message.resume();
    const text = `no service of the lab answers for ${host}`;
    await sendWebResponse(plainError(421, 'MisdirectedRequest', text), target, false);
    return;
  }
  const { method = '', url = '', headers } = message;
  const path = url.split('?', 1)[0] ?? '';
  let request: Request | undefined;
  let fault: MetFault | undefined;
  let response: Response | undefined;
  try {
    request = await toWebRequest(message, host, bodyLimitBytes);
    fault = faults?.meet({ host, path, method });
    const outcome = fault === undefined ? undefined : await sufferFault(fault, { message, target, clock });
    response = await answer(options, service, request, outcome);
  } catch (error) {
    const problem = toKeyferryError(error, 'invalid-input');
    target.setHeader('connection', 'close');
    response = plainError(problem.code === 'resource-exhausted' ? 413 : 400, 'BadRequest', problem.message);
  }
  const requestId = response?.headers.get('x-ms-request-id') ?? undefined;
  options.audit.record(request, {
    service: service.name,
    method,
    host,
    path,
    status: response?.status ?? 0,
    durationMs: Math.round((machine.monotonic() - startedMs) * 10) / 10,
    ...(headers['user-agent'] === undefined ? {} : { userAgent: headers['user-agent'] }),
    ...(requestId === undefined ? {} : { requestId }),
    ...correlationOf(headers),
    ...(fault === undefined ? {} : { fault: fault.id }),
  });
  if (response === undefined) reset(message.socket);
  else await sendWebResponse(response, target, method === 'HEAD');
}

/** The client's id of the request, where its headers have one; cut, as a client may write anything. */
function correlationOf(headers: IncomingMessage['headers']): Pick<AuditExchange, 'correlationId'> {
  const id = headers['x-ms-client-request-id'] ?? headers['client-request-id'];
  return typeof id === 'string' ? { correlationId: id.slice(0, MAX_CORRELATION_ID) } : {};
}

/**
 * What `service` answers, after the `outcome` of a fault where there was one; undefined when nothing is to be answered. A
 * failure of the service's own becomes a 500, and its reason goes into the log only.
 */
async function answer(
  { log }: ServeOptions,
  service: CloudService,
  request: Request,
  outcome: FaultOutcome | undefined,
): Promise<Response | undefined> {
  if (outcome?.kind === 'cut' || outcome?.kind === 'gone') return undefined;
  try {
    return outcome?.kind === 'refuse' ? await refuse(service, request, outcome) : await service.fetch(request);
  } catch (error) {
    log.error('a service of the lab failed', {
      service: service.name,
      method: request.method,
      error: errorText(error),
    });
    return plainError(500, 'InternalServerError', `the lab's ${service.name} service failed; its log says why`);
  }
}

/** The service's own words for a failure of its own; plain ones where it has none. */
async function refuse(
  service: CloudService,
  request: Request,
  { status, retryAfterSeconds }: Extract<FaultOutcome, { kind: 'refuse' }>,
): Promise<Response> {
  const phrase = STATUS_CODES[status] ?? 'Failure';
  const response =
    (await service.fail?.(request, { status, retryAfterSeconds })) ??
    plainError(status, phrase.replace(/[^A-Za-z]/g, ''), phrase);
  if (retryAfterSeconds !== undefined) response.headers.set('retry-after', String(retryAfterSeconds));
  return response;
}

function plainError(status: number, code: string, message: string): Response {
  return Response.json({ error: { code, message } }, { status });
}
