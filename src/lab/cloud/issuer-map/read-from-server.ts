import { rootCertificates } from 'node:tls';
import { Agent } from 'undici';
import type { Clock } from '#base';
import { getJson } from '../get-json.ts';

/** How {@link readFromServer} reads. */
export interface ReadFromServerOptions {
  /** Authorities that the server may be of besides the public ones, PEM. */
  readonly ca: string | undefined;
  readonly clock: Clock;
  readonly timeoutMs: number;
}

/** The JSON document at `url`, by a connection of its own. Throws as {@link getJson} does. */
export async function readFromServer(url: string, { ca, clock, timeoutMs }: ReadFromServerOptions): Promise<unknown> {
  const dispatcher = new Agent({ connect: ca === undefined ? {} : { ca: [ca, ...rootCertificates] } });
  try {
    return await getJson(url, { clock, timeoutMs, dispatcher });
  } finally {
    await dispatcher.destroy();
  }
}
