import { rootCertificates } from 'node:tls';
import { ProxyAgent } from 'undici';
import { KeyferryError, type Clock } from '#base';
import { getJson } from './get-json.ts';

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

/** Reads documents through the lab's own gateway, so that a lab host and, where it is allowed, the internet look alike. */
export function createOutbound({ clock, proxyUrl, caPem, timeoutMs = 5000 }: OutboundOptions): Outbound {
  let agent: ProxyAgent | undefined;
  const open = () => {
    agent ??= new ProxyAgent({ uri: proxyUrl(), requestTls: { ca: [caPem, ...rootCertificates] } });
    return agent;
  };
  return {
    fetchJson: async (url) => {
      if (!url.startsWith('https://')) throw new KeyferryError('unavailable', `${url} is not an https address`);
      return getJson(url, { clock, timeoutMs, dispatcher: open() });
    },
    [Symbol.asyncDispose]: async () => {
      await agent?.destroy();
    },
  };
}
