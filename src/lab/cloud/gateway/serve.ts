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
  const { services, clock, bodyLimitBytes } = options;
  const startedMs = clock.monotonic();
  const host = requestHost(message);
  const service = host === undefined ? undefined : services.find((candidate) => candidate.serves(host));
  if (host === undefined || service === undefined) {
    message.resume();
    const text = `no service of the lab answers for ${host}`;
    await sendWebResponse(plainError(421, 'MisdirectedRequest', text), target, false);
    return;
  }
  let request: Request | undefined;
  let response: Response;
  try {
    request = await toWebRequest(message, host, bodyLimitBytes);
    response = await answer(options, service, request);
  } catch (error) {
    const problem = toKeyferryError(error, 'invalid-input');
    target.setHeader('connection', 'close');
    response = plainError(problem.code === 'resource-exhausted' ? 413 : 400, 'BadRequest', problem.message);
  }
  const { method = '', url = '', headers } = message;
  const requestId = response.headers.get('x-ms-request-id');
  options.audit.record(request, {
    service: service.name,
    method,
    host,
    path: url.split('?', 1)[0] ?? '',
    status: response.status,
    durationMs: Math.round((clock.monotonic() - startedMs) * 10) / 10,
    ...(headers['user-agent'] === undefined ? {} : { userAgent: headers['user-agent'] }),
    ...(requestId === null ? {} : { requestId }),
  });
  await sendWebResponse(response, target, method === 'HEAD');
}

/** What `service` answers; a failure of its own becomes a 500, and its reason goes into the log only. */
async function answer({ log }: ServeOptions, service: CloudService, request: Request): Promise<Response> {
  try {
    return await service.fetch(request);
  } catch (error) {
    log.error('a service of the lab failed', {
      service: service.name,
      method: request.method,
      error: errorText(error),
    });
    return plainError(500, 'InternalServerError', `the lab's ${service.name} service failed; its log says why`);
  }
}

function plainError(status: number, code: string, message: string): Response {
  return Response.json({ error: { code, message } }, { status });
}
