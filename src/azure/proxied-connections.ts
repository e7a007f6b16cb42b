import { HttpsProxyAgent } from 'https-proxy-agent';
import type { PolicyOption } from './request-policy.ts';

/**
 * Connections through an HTTPS_PROXY stay open and serve every client of the process, as the libraries' own direct ones do. By
 * themselves the libraries make a tunnel and a TLS handshake for each request there. Which requests go through a proxy, and
 * through which, is still theirs to say (HTTPS_PROXY, NO_PROXY).
 */
const agents = new Map<string, HttpsProxyAgent<string>>();

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

function keptAgent(proxyUrl: string): HttpsProxyAgent<string> {
  const known = agents.get(proxyUrl);
  if (known !== undefined) return known;
  const made = new HttpsProxyAgent(proxyUrl, { keepAlive: true, scheduling: 'lifo', timeout: IDLE_MS });
  const [oldest] = agents.keys();
  if (agents.size >= MAX_PROXIES && oldest !== undefined) agents.delete(oldest);
  agents.set(proxyUrl, made);
  return made;
}
