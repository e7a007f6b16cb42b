import type { ServerResponse } from 'node:http';
import { KeyferryError, errorText, type Log } from '#base';
import { ApiError } from '../../api-access.ts';
import { badRequest, statusError } from '../status-errors.ts';

/** Sends a value as JSON. */
export function sendJson(
  response: ServerResponse,
  code: number,
  body: unknown,
  contentType = 'application/json',
): void {
  sendBytes(response, code, Buffer.from(`${JSON.stringify(body)}\n`), contentType);
}

/** Sends bytes of the type that is named. */
export function sendBytes(response: ServerResponse, code: number, bytes: Buffer, contentType: string): void {
  response.writeHead(code, {
    'content-type': contentType,
    'content-length': bytes.length,
    ...(response.hasHeader('cache-control') ? {} : { 'cache-control': 'no-cache, private' }),
  });
  response.end(bytes);
}

/** Adds warnings to the answer's headers (RFC 7234 warn-code 299), beside those that are there. */
export function addWarnings(response: ServerResponse, texts: readonly string[]): void {
  for (const text of texts) {
    const quoted = text.replaceAll('\\', '\\\\').replaceAll('"', '\\"');
    response.appendHeader('warning', `299 - "${quoted}"`);
  }
}

/** Sends plain text. */
export function sendText(response: ServerResponse, code: number, text: string): void {
  response.writeHead(code, { 'content-type': 'text/plain; charset=utf-8', 'x-content-type-options': 'nosniff' });
  response.end(text);
}

/** Anything thrown as a refusal. What is not one is a bug: it is logged, and the client gets a 500. */
export function toApiError(error: unknown, log: Log): ApiError {
  if (error instanceof ApiError) return error;
  if (error instanceof KeyferryError && error.code === 'resource-exhausted') {
    return statusError({ code: 413, reason: 'RequestEntityTooLarge', message: error.message });
  }
  if (error instanceof KeyferryError && error.code === 'aborted') return badRequest(error.message);
  log.error('A request of the API server failed', { error: errorText(error) });
  // The machine cannot do what is asked, as when its disk is full.
  if (error instanceof KeyferryError && error.code === 'unavailable') {
    const message = [error.message, error.hint].filter(Boolean).join('. ');
    return statusError({ code: 503, reason: 'ServiceUnavailable', message });
  }
  return statusError({ code: 500, reason: 'InternalError', message: `Internal error occurred: ${errorText(error)}` });
}

/** Sends a refusal, or ends the answer when it has begun already. */
export function sendError(response: ServerResponse, error: ApiError): void {
  if (response.headersSent) {
    response.end();
    return;
  }
  // the rest of a body that is too large is not read, so nothing else can come on this connection
  if (error.body.code === 413) response.setHeader('connection', 'close');
  // as apiserver's responsewriters do for every refusal that says when to come back
  const { retryAfterSeconds } = error.body.details ?? {};
  if (typeof retryAfterSeconds === 'number' && retryAfterSeconds > 0) {
    response.setHeader('retry-after', String(retryAfterSeconds));
  }
  sendJson(response, error.body.code, error.body);
}
