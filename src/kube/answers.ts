import type { IncomingMessage } from 'node:http';
import { KeyferryError } from '#base';
import { errorOfStatusBody } from './errors.ts';
import type { StatusBody } from './types.ts';

const MAX_RESPONSE_BYTES = 64 * 1024 * 1024;

/**
 * The JSON of an answer; undefined for an empty one. A status that is no success is thrown with the Status reason as
 * `upstreamCode`; an answer that is no JSON or larger than 64 MiB is thrown too. `what` is the call, for the text.
 */
export async function parseAnswer<T>(what: string, response: IncomingMessage): Promise<T> {
  const chunks: Buffer[] = [];
  let sizeBytes = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    sizeBytes += chunk.length;
    if (sizeBytes > MAX_RESPONSE_BYTES) {
      throw new KeyferryError('resource-exhausted', `${what}: the answer is larger than ${MAX_RESPONSE_BYTES} bytes`);
    }
    chunks.push(chunk);
  }
  const text = Buffer.concat(chunks).toString('utf8');
  const httpStatus = response.statusCode ?? 0;
  if (httpStatus >= 200 && httpStatus < 300) {
    try {
      return (text === '' ? undefined : JSON.parse(text)) as T;
    } catch (error) {
      throw new KeyferryError('unknown', `${what}: the API server's answer is no JSON`, { cause: error });
    }
  }
  const retryAfter = Number(response.headers['retry-after']);
  throw errorOfStatusBody(
    what,
    httpStatus,
    statusOf(text),
    Number.isFinite(retryAfter) && retryAfter > 0 ? retryAfter * 1000 : undefined,
  );
}

function statusOf(text: string): Partial<StatusBody> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Partial<StatusBody>) : undefined;
  } catch {
    // A proxy in between answers with text or HTML: the HTTP status is all there is to say.
    return undefined;
  }
}

/** Whether a line of a watch has the form of an event. */
export function isWatchEvent(value: unknown): boolean {
  const event = value as { readonly type?: unknown; readonly object?: unknown } | null;
  return typeof event?.type === 'string' && typeof event.object === 'object' && event.object !== null;
}
