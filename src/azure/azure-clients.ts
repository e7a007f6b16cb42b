import type { AzureClients } from './access.ts';
import { NODE_SERVICES, type NodeServices } from './node-token.ts';
import { createTokenProxies } from './token-proxy.ts';
import type { AdapterOptions } from './adapter-options.ts';
import { createTokenSource, type TokenServices } from './token-source.ts';
import { createVaultReader } from './vault-reader.ts';
import { runWithoutNetwork } from './warm-up.ts';

/** Options of {@link createAzureClients}. */
export interface AzureClientsOptions extends Pick<AdapterOptions, 'clock' | 'userAgent'> {
  /** The longest wait for one answer of Azure, milliseconds. Default 20,000. */
  readonly timeoutMs?: number;
  /** Told of every HTTP request that went out. */
  readonly onRequest?: AdapterOptions['onRequest'];
  /** How connections are made. Default: by the process's environment. */
  readonly agent?: AdapterOptions['agent'];
  /** Where the node's own token services are. Default: where a node of Azure has them. */
  readonly nodeServices?: Partial<NodeServices>;
}

/** {@link AzureClients} of a process. */
export interface ProcessAzureClients extends AzureClients {
  /** Does what the first mount would wait for, with no request to anybody. */
  warmUp(signal: AbortSignal): Promise<void>;
}

/**
 * Clients on Microsoft's official libraries. They never retry: when and how often is decided by the broker, which sees all
 * requests of the node. Proxy and trust come from the process's environment (HTTPS_PROXY, NO_PROXY, NODE_EXTRA_CA_CERTS),
 * as the libraries do it.
 */
export function createAzureClients(options: AzureClientsOptions): ProcessAzureClients {
  const { clock, userAgent, timeoutMs = 20_000, onRequest = () => undefined } = options;
  const adapter: AdapterOptions = { clock, userAgent, timeoutMs, onRequest, agent: options.agent };
  const services: TokenServices = {
    node: { ...NODE_SERVICES, ...options.nodeServices },
    proxies: createTokenProxies(),
  };
  const clientsOn = (own: AdapterOptions): AzureClients => ({
    tokenSource: (cloud, credential) => createTokenSource(own, services, cloud, credential),
    vaultReader: (vault) => createVaultReader(own, vault),
  });
  return {
    ...clientsOn(adapter),
    warmUp: (signal) =>
      runWithoutNetwork((httpClient) => clientsOn({ ...adapter, onRequest: () => undefined, httpClient }), signal),
  };
}
