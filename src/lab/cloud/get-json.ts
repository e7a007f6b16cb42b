import { request, type Dispatcher } from 'undici';
import { KeyferryError, withDeadline, type Clock } from '#base';

/** How {@link getJson} reads. */
export interface GetJsonOptions {
  readonly clock: Clock;
  readonly timeoutMs: number;
  readonly dispatcher: Dispatcher;
}

const LIMIT_BYTES = 1024 * 1024;

/** An API server gives its keys as a JWK set (RFC 7517, 8.5.1) and as nothing else: plain JSON alone gets a 406. */
const ACCEPT = 'application/json, application/jwk-set+json';

/**
 * The JSON document at `url`; redirects are not followed. Throws `unavailable` when it cannot be had, `deadline-exceeded`
 * when it is late, `failed-precondition` when it is not JSON.
 */
export function getJson(url: string, { clock, timeoutMs, dispatcher }: GetJsonOptions): Promise<unknown> {
  return withDeadline({ clock, timeoutMs, what: `GET ${url}` }, async (signal) => {
    const text = await get(url, dispatcher, signal);
    try {
      return JSON.parse(text) as unknown;
    } catch {
      throw new KeyferryError('failed-precondition', `GET ${url}: the answer is not JSON`);
    }
  });
}

async function get(url: string, dispatcher: Dispatcher, signal: AbortSignal): Promise<string> {
  let status: number;
  let text: string;
  try {
    const answer = await request(url, {
      dispatcher,
      signal,
      headers: { accept: ACCEPT, 'user-agent': 'keyferry-lab-entra' },
    });
    status = answer.statusCode;
    text = await readLimited(answer.body);
  } catch (error) {
    throw new KeyferryError('unavailable', `GET ${url} failed`, { cause: error });
  }
  if (status !== 200) throw new KeyferryError('unavailable', `GET ${url}: HTTP ${status}`);
  return text;
}

async function readLimited(body: AsyncIterable<Buffer>): Promise<string> {
  const chunks: Buffer[] = [];
  let sizeBytes = 0;
  for await (const chunk of body) {
    sizeBytes += chunk.length;
    if (sizeBytes > LIMIT_BYTES) throw new Error(`the answer is larger than ${LIMIT_BYTES} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}
