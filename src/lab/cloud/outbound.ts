import { rootCertificates } from 'node:tls';
import { ProxyAgent, request } from 'undici';
import { KeyferryError, withDeadline, type Clock } from '#base';

/** The emulated Azure's own way out: what Entra ID needs to read an issuer's documents. */
export interface Outbound extends AsyncDisposable {
  /**
   * The JSON document at `url` (https only). Throws `unavailable` when it cannot be had, `deadline-exceeded` when it is late,
   * `failed-precondition` when it is not JSON.
   */
  fetchJson(url: string): Promise<unknown>;
}

/** What an {@link Outbound} needs. */
export interface OutboundOptions {
  readonly clock: Clock;
  /** Where the gateway is. Asked at the first use: the gateway starts after the services that it serves. */
  readonly proxyUrl: () => string;
  readonly caPem: string;
  /** Default 5000. */
  readonly timeoutMs?: number;
}

const LIMIT_BYTES = 1024 * 1024;

/** Reads documents through the lab's own gateway, so that a lab host and, where it is allowed, the internet look alike. */
export function createOutbound({ clock, proxyUrl, caPem, timeoutMs = 5000 }: OutboundOptions): Outbound {
  let agent: ProxyAgent | undefined;
  const open = () => {
    agent ??= new ProxyAgent({ uri: proxyUrl(), requestTls: { ca: [caPem, ...rootCertificates] } });
    return agent;
  };
  return {
    fetchJson: (url) =>
      withDeadline({ clock, timeoutMs, what: `GET ${url}` }, async (signal) => {
        if (!url.startsWith('https://')) throw new KeyferryError('unavailable', `${url} is not an https address`);
        const text = await get(url, open(), signal);
        try {
          return JSON.parse(text) as unknown;
        } catch {
          throw new KeyferryError('failed-precondition', `GET ${url}: the answer is not JSON`);
        }
      }),
    [Symbol.asyncDispose]: async () => {
      await agent?.destroy();
    },
  };
}

async function get(url: string, dispatcher: ProxyAgent, signal: AbortSignal): Promise<string> {
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
