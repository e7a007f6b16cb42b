import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { ERROR_CODES, KeyferryError, toKeyferryError, type Secret } from '#base';
import { readBody } from '#http';
import type { AuditLog } from '#lab/cloud';
import type { FaultControl } from './fault-control.ts';
import type { LabStatus } from './status.ts';
import type { Timekeeper } from './timekeeper.ts';
import type { Trace, TraceRequest } from './trace/index.ts';

/** What the control interface asks of the lab. */
export interface ControlledLab {
  readonly audit: AuditLog;
  readonly faults: FaultControl;
  readonly time: Pick<Timekeeper, 'report' | 'advance'>;
  status(): Promise<LabStatus>;
  trace(request: TraceRequest): Promise<Trace>;
  /** Begins to end the lab; returns at once. */
  stop(): void;
}

/**
 * The control interface, on the gateway's port for requests that are meant for the lab itself: `GET /lab/status`,
 * `GET /lab/audit[?follow=true]` (JSON lines), `GET /lab/trace?namespace=N&pod=P[&cluster=C]`, `GET /lab/clock`, `POST /lab/clock/advance?ms=N`,
 * `GET|POST|DELETE /lab/faults`, `POST /lab/stop`. Each needs the bearer token of the lab's endpoint file.
 */
export function createControlListener(token: Secret<string>, lab: () => ControlledLab | undefined): RequestListener {
  const expected = digest(`Bearer ${token.expose()}`);
  return (request, response) => {
    const running = lab();
    if (!timingSafeEqual(digest(request.headers.authorization ?? ''), expected)) {
      send(response, 401, {
        error: 'this is the control interface of a keyferry lab; its token is in the state folder',
      });
    } else if (running === undefined) {
      send(response, 503, { error: 'the lab is starting' });
    } else {
      serve(running, request, new URL(request.url ?? '/', 'http://lab'), response).catch((error: unknown) => {
        const { code, message, hint } = toKeyferryError(error);
        send(response, ERROR_CODES[code].http, { error: message, code, hint });
      });
    }
  };
}

async function serve(lab: ControlledLab, request: IncomingMessage, url: URL, response: ServerResponse): Promise<void> {
  const { method = '' } = request;
  switch (`${method} ${url.pathname}`) {
    case 'GET /lab/status':
      send(response, 200, await lab.status());
      return;
    case 'GET /lab/audit':
      await sendAudit(lab.audit, url.searchParams.get('follow') === 'true', response);
      return;
    case 'GET /lab/trace':
      send(response, 200, await lab.trace(traceRequest(url.searchParams)));
      return;
    case 'GET /lab/clock':
      send(response, 200, lab.time.report());
      return;
    case 'POST /lab/clock/advance':
      send(response, 200, await lab.time.advance(Number(url.searchParams.get('ms') ?? NaN)));
      return;
    case 'GET /lab/faults':
      send(response, 200, lab.faults.list());
      return;
    case 'POST /lab/faults':
      send(response, 201, lab.faults.add(await readJson(request)));
      return;
    case 'DELETE /lab/faults':
      send(response, 200, lab.faults.clear(url.searchParams.getAll('id')));
      return;
    case 'POST /lab/stop':
      send(response, 202, { stopping: true });
      lab.stop();
      return;
    default:
      send(response, 404, { error: `no such control: ${method} ${url.pathname}` });
  }
}

function traceRequest(query: URLSearchParams): TraceRequest {
  return {
    pod: query.get('pod') ?? '',
    namespace: query.get('namespace') ?? 'default',
    cluster: query.get('cluster') ?? undefined,
  };
}

async function sendAudit(audit: AuditLog, follow: boolean, response: ServerResponse): Promise<void> {
  const gone = new AbortController();
  response.on('close', () => gone.abort());
  response.writeHead(200, { 'content-type': 'application/jsonl' });
  const coming = follow ? audit.follow(gone.signal) : undefined;
  for (const record of audit.records()) response.write(`${JSON.stringify(record)}\n`);
  if (coming !== undefined) for await (const record of coming) response.write(`${JSON.stringify(record)}\n`);
  response.end();
}

const BODY_LIMIT_BYTES = 64 * 1024;

async function readJson(request: IncomingMessage): Promise<unknown> {
  const text = (await readBody(request, BODY_LIMIT_BYTES)).toString('utf8');
  try {
    return JSON.parse(text) as unknown;
  } catch {
    throw new KeyferryError('invalid-input', 'the body is not JSON');
  }
}

function send(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(`${JSON.stringify(body)}\n`);
}

/** Of equal length, as a comparison in constant time needs. */
function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
