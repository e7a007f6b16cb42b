// Loaded on the first request only: undici takes longer to load than everything else of a command. It is imported
// by name here, because a bundled CommonJS package that is imported dynamically has a default export alone.
import { Agent, ProxyAgent, request, type Dispatcher } from 'undici';

export { request, type Dispatcher };

/** The connections to one proxy, or to hosts directly; `ca` is what they trust, in place of the system's roots. */
export function createDispatcher(proxy: string | undefined, ca: string | undefined): Dispatcher {
  if (proxy === undefined) return new Agent(ca === undefined ? {} : { connect: { ca } });
  return new ProxyAgent({ uri: proxy, ...(ca === undefined ? {} : { requestTls: { ca } }) });
}
