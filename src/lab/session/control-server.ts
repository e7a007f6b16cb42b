import { createHash, timingSafeEqual } from 'node:crypto';
import type { RequestListener, ServerResponse } from 'node:http';
import { ERROR_CODES, toKeyferryError, type Secret } from '#base';
import type { AuditLog } from '#lab/cloud';
import type { LabStatus } from './status.ts';
import type { Timekeeper } from './timekeeper.ts';

/** What the control interface asks of the lab. */
export interface ControlledLab {
  readonly audit: AuditLog;
  readonly time: Pick<Timekeeper, 'report' | 'advance'>;
  status(): Promise<LabStatus>;
  /** Begins to end the lab; returns at once. */
  stop(): void;
}

/**
 * The control interface, on the gateway's port for requests that are meant for the lab itself: `GET /lab/status`,
 * `GET /lab/audit[?follow=true]` (JSON lines), `GET /lab/clock`, `POST /lab/clock/advance?ms=N`,
 * `POST /lab/stop`. Each needs the bearer token of the lab's endpoint file.
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
      const { method = '', url = '/' } = request;
      serve(running, method, new URL(url, 'http://lab'), response).catch((error: unknown) => {
        const { code, message, hint } = toKeyferryError(error);
        send(response, ERROR_CODES[code].http, { error: message, code, hint });
      });
    }
  };
}

async function serve(lab: ControlledLab, method: string, url: URL, response: ServerResponse): Promise<void> {
  switch (`${method} ${url.pathname}`) {
    case 'GET /lab/status':
      send(response, 200, await lab.status());
      return;
    case 'GET /lab/audit':
      await sendAudit(lab.audit, url.searchParams.get('follow') === 'true', response);
      return;
    case 'GET /lab/clock':
      send(response, 200, lab.time.report());
      return;
    case 'POST /lab/clock/advance':
      send(response, 200, await lab.time.advance(Number(url.searchParams.get('ms') ?? NaN)));
      return;
    case 'POST /lab/stop':
      send(response, 202, { stopping: true });
      lab.stop();
      return;
    default:
      send(response, 404, { error: `no such control: ${method} ${url.pathname}` });
  }
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

function send(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(`${JSON.stringify(body)}\n`);
}

/** Of equal length, as a comparison in constant time needs. */
function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
