import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { errorText, toKeyferryError, type Clock, type Log } from '#base';
import type { WritableAuditLog } from '../audit-log.ts';
import type { CloudService } from '../service.ts';
import { requestHost, sendWebResponse, toWebRequest } from './web-exchange.ts';

/** What serving the lab's hosts needs. */
export interface ServeOptions {
  readonly services: readonly CloudService[];
  readonly audit: WritableAuditLog;
  readonly clock: Clock;
  readonly log: Log;
  /** Larger request bodies are refused. */
  readonly bodyLimitBytes: number;
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
  const { services, audit, clock, log, bodyLimitBytes } = options;
  const startedMs = clock.monotonic();
  const host = requestHost(message);
  const service = host === undefined ? undefined : services.find((candidate) => candidate.serves(host));
  if (host === undefined || service === undefined) {
    message.resume();
    await sendWebResponse(
      plainError(421, 'MisdirectedRequest', `no service of the lab answers for ${host}`),
      target,
      false,
    );
    return;
  }
  let request: Request;
  try {
    request = await toWebRequest(message, host, bodyLimitBytes);
  } catch (error) {
    const problem = toKeyferryError(error, 'invalid-input');
    const status = problem.code === 'resource-exhausted' ? 413 : 400;
    target.setHeader('connection', 'close');
    await sendWebResponse(plainError(status, 'BadRequest', problem.message), target, false);
    return;
  }
  let response: Response;
  try {
    response = await service.fetch(request);
  } catch (error) {
    log.error('a service of the lab failed', {
      service: service.name,
      method: request.method,
      error: errorText(error),
    });
    response = plainError(500, 'InternalServerError', `the lab's ${service.name} service failed; its log says why`);
  }
  const requestId = response.headers.get('x-ms-request-id');
  const userAgent = message.headers['user-agent'];
  audit.record(request, {
    service: service.name,
    method: request.method,
    host,
    path: new URL(request.url).pathname,
    status: response.status,
    durationMs: Math.round((clock.monotonic() - startedMs) * 10) / 10,
    ...(userAgent === undefined ? {} : { userAgent }),
    ...(requestId === null ? {} : { requestId }),
  });
  await sendWebResponse(response, target, request.method === 'HEAD');
}

function plainError(status: number, code: string, message: string): Response {
  return Response.json({ error: { code, message } }, { status });
}
