import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { Agent } from 'node:https';
import { isIP } from 'node:net';
import { connect, type PeerCertificate } from 'node:tls';
import { errorText, KeyferryError } from '#base';
import type { TokenProxy } from './credential.ts';
import type { PolicyOption } from './request-policy.ts';

/** The way through the token proxies of this process: connections by proxy and authority, and the names that were derived. */
export interface TokenProxies {
  /** A step of the identity library's pipeline that sends each request to the proxy instead. Throws `unavailable` when there is no way. */
  route(proxy: TokenProxy, signal: AbortSignal): Promise<PolicyOption>;
}

// What AKS makes the name of (Azure/secrets-store-csi-driver-provider-azure, internal/identitybinding).
const CLUSTER_NAME = /^hcp-kubernetes\.(?<clusterId>.+)\.svc\.cluster\.local$/;
const BASE32_HEX = '0123456789abcdefghijklmnopqrstuv';

/** The server name of the token proxy of the cluster with this id: `a<base32hex(sha256("identity-binding" + id))>.ests.aks`. */
export function tokenProxyServerName(clusterId: string): string {
  const digest = createHash('sha256').update(`identity-binding${clusterId}`).digest();
  let bits = '';
  for (const byte of digest) bits += byte.toString(2).padStart(8, '0');
  const letters = bits.match(/.{1,5}/g)?.map((five) => BASE32_HEX[Number.parseInt(five.padEnd(5, '0'), 2)]) ?? [];
  return `a${letters.join('')}.ests.aks`;
}

/** Checks the address of a token proxy. Throws `invalid-input` for anything but an https URL without query, fragment and user. */
export function parseTokenProxyUrl(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const bare = url?.username === '' && url.password === '' && !/[?#]/.test(text);
  if (url?.protocol !== 'https:' || !bare) {
    throw new KeyferryError(
      'invalid-input',
      `the token proxy must be an https URL without user, query and fragment: ${JSON.stringify(text.slice(0, 80))}`,
    );
  }
  return `${url.origin}${url.pathname.replace(/\/+$/, '')}`;
}

/** No connection yet. Agents and names are kept for as long as their proxy's authorities stay the same. */
export function createTokenProxies(): TokenProxies {
  const agents = new Map<string, Agent>();
  const names = new Map<string, string>();

  const serverNameOf = async (proxy: TokenProxy, ca: string | undefined, signal: AbortSignal): Promise<string> => {
    if (proxy.serverName !== undefined) return proxy.serverName;
    const key = JSON.stringify([proxy.url, ca ?? '']);
    const known = names.get(key);
    if (known !== undefined) return known;
    const name = tokenProxyServerName(await readClusterId(proxy.url, ca, signal));
    names.clear(); // the authorities of a cluster change once in years; older ones have no further use
    names.set(key, name);
    return name;
  };

  return {
    async route(proxy, signal) {
      const ca = await readAuthorities(proxy.caFile);
      const serverName = await serverNameOf(proxy, ca, signal);
      const key = JSON.stringify([serverName, ca ?? '']);
      let agent = agents.get(key);
      if (agent === undefined) {
        for (const old of agents.values()) old.destroy();
        agents.clear();
        agent = new Agent({ keepAlive: true, servername: serverName, ...(ca === undefined ? {} : { ca }) });
        agents.set(key, agent);
      }
      return rerouted(proxy.url, agent);
    },
  };
}

function rerouted(proxyUrl: string, agent: Agent): PolicyOption {
  return {
    position: 'perRetry',
    policy: {
      name: 'keyferryTokenProxyPolicy',
      sendRequest(request, next) {
        const { pathname, search } = new URL(request.url);
        request.url = `${proxyUrl}${pathname}${search}`;
        // In place of the environment's HTTP proxy too: the way is inside the cluster.
        request.agent = agent;
        return next(request);
      },
    },
  };
}

/** Read at each exchange: the authorities of a cluster are replaced while pods run. A missing file leaves it to the process's own. */
async function readAuthorities(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw new KeyferryError('unavailable', `reading the authorities of the token proxy: ${code ?? errorText(error)}`);
  }
}

async function readClusterId(url: string, ca: string | undefined, signal: AbortSignal): Promise<string> {
  const { subjectaltname = '' } = await peerCertificate(new URL(url), ca, signal);
  for (const entry of subjectaltname.split(', ')) {
    const clusterId = CLUSTER_NAME.exec(entry.replace(/^DNS:/, ''))?.groups?.['clusterId'];
    if (clusterId !== undefined) return clusterId;
  }
  throw new KeyferryError(
    'failed-precondition',
    `cluster ID SAN not found in API server certificate of ${url} (use --sni-name flag to provide SNI name explicitly)`,
    { hint: 'identity bindings are a feature of AKS; elsewhere give --sni-name the name of the token proxy' },
  );
}

function peerCertificate(
  { hostname, port }: URL,
  ca: string | undefined,
  signal: AbortSignal,
): Promise<PeerCertificate> {
  const host = hostname.replace(/^\[|\]$/g, '');
  return new Promise((resolve, reject) => {
    const socket = connect({
      host,
      port: Number(port || 443),
      ...(isIP(host) === 0 ? { servername: host } : {}),
      ...(ca === undefined ? {} : { ca }),
    });
    const giveUp = () => socket.destroy(new Error('given up'));
    signal.addEventListener('abort', giveUp, { once: true });
    socket.once('close', () => signal.removeEventListener('abort', giveUp));
    socket.once('error', reject);
    socket.once('secureConnect', () => {
      resolve(socket.getPeerCertificate());
      socket.end();
    });
  });
}
