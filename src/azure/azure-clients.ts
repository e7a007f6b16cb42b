import type { AzureClients } from './access.ts';
import { NODE_SERVICES, type NodeServices } from './node-token.ts';
import { createTokenProxies } from './token-proxy.ts';
import { createTokenSource, type AdapterOptions, type TokenServices } from './token-source.ts';
import { createVaultReader } from './vault-reader.ts';

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

/**
 * Clients on Microsoft's official libraries. They never retry: when and how often is decided by the broker, which sees all
 * requests of the node. Proxy and trust come from the process's environment (HTTPS_PROXY, NO_PROXY, NODE_EXTRA_CA_CERTS),
 * as the libraries do it.
 */
export function createAzureClients(options: AzureClientsOptions): AzureClients {
  const { clock, userAgent, timeoutMs = 20_000, onRequest = () => undefined } = options;
  const adapter: AdapterOptions = { clock, userAgent, timeoutMs, onRequest, agent: options.agent };
  const services: TokenServices = {
    node: { ...NODE_SERVICES, ...options.nodeServices },
    proxies: createTokenProxies(),
  };
  return {
    tokenSource: (cloud, credential) => createTokenSource(adapter, services, cloud, credential),
    vaultReader: (vault) => createVaultReader(adapter, vault),
  };
}
