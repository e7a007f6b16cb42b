import { HttpsProxyAgent } from 'https-proxy-agent';
import { putNewest } from '#base';
import type { PolicyOption } from './request-policy.ts';

/**
 * The library finds out by a stack trace whether a request is HTTPS, which costs more than the request, and is wrong when a
 * connection comes back: it is never used again then. Azure is spoken to by HTTPS alone.
 */
class KeptTunnels extends HttpsProxyAgent<string> {
  override isSecureEndpoint(): boolean {
    return true;
  }
}

/**
 * Connections through an HTTPS_PROXY stay open and serve every client of the process, as the libraries' own direct ones do. By
 * themselves the libraries make a tunnel and a TLS handshake for each request there. Which requests go through a proxy, and
 * through which, is still theirs to say (HTTPS_PROXY, NO_PROXY).
 */
const agents = new Map<string, KeptTunnels>();

// More proxies than one are a matter of tests.
const MAX_PROXIES = 8;
/** Idle connections are let go before the other side does it: Azure waits some minutes, proxies often one. */
const IDLE_MS = 45_000;

/** Puts a request that goes through a proxy onto a connection that stays open. */
export const proxiedConnections: PolicyOption = {
  position: 'perRetry',
  policy: {
    name: 'keyferryProxiedConnectionsPolicy',
    sendRequest: (request, next) => {
      const { agent } = request;
      if (agent instanceof HttpsProxyAgent) request.agent = keptAgent(agent.proxy.href);
      return next(request);
    },
  },
};

function keptAgent(proxyUrl: string): KeptTunnels {
  const known = agents.get(proxyUrl);
  if (known !== undefined) return known;
  const made = new KeptTunnels(proxyUrl, { keepAlive: true, scheduling: 'lifo', timeout: IDLE_MS });
  putNewest(agents, proxyUrl, made, MAX_PROXIES);
  return made;
}
