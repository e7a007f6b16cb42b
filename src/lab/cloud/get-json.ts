import { request, type Dispatcher } from 'undici';
import { KeyferryError, withDeadline, type Clock } from '#base';

/** How {@link getJson} reads. */
export interface GetJsonOptions {
  readonly clock: Clock;
  readonly timeoutMs: number;
  readonly dispatcher: Dispatcher;
}

const LIMIT_BYTES = 1024 * 1024;

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
      headers: { accept: 'application/json', 'user-agent': 'keyferry-lab-entra' },
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
