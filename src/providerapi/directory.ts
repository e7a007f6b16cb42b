import { didYouMean, KeyferryError, toKeyferryError, type Clock, type Log, type Random } from '#base';
import { createProviderConnection, type ProviderConnection } from './connection.ts';
import { findProviderSocket, listProviderSockets } from './provider-sockets.ts';
import type { Provider } from './provider.ts';

/** Finds providers by the name that a class gives. */
export interface ProviderDirectory extends Disposable {
  /** Throws with upstream's texts: `error connecting to provider "x": provider not found: provider "x"`. */
  resolve(name: string): Promise<Provider>;
  /** The names of the providers that are connected to. */
  connected(): readonly string[];
  /** The connection to a provider's socket, the one that there is or a new one. No call is made. */
  connect(name: string): Promise<ProviderConnection>;
  /** Lets go of a connection, so that the next use makes a new one; calls under way on it end as they would. */
  disconnect(name: string): void;
}

/** What {@link createProviderDirectory} needs. */
export interface ProviderDirectoryOptions {
  /** Folders that hold `<name>.sock`, the first one that has it wins. */
  readonly socketFolders: readonly string[];
  /** Providers of this process; they come before any socket. */
  readonly builtIn?: readonly Provider[];
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /** The largest answer of a provider, bytes. Default 4 MiB. */
  readonly maxResponseBytes?: number;
  /** How long a provider that does not listen is waited for, milliseconds. Default 10 s: a provider may restart. */
  readonly connectTimeoutMs?: number;
  /** How long a Mount may take, milliseconds. Default 100 s: kubelet gives a publish two minutes, and shall learn who hangs. */
  readonly mountTimeoutMs?: number;
}

/** How many providers a message names. */
const MAX_LISTED = 8;
/** Upstream's rule for names. */
const NAME = /^[a-zA-Z0-9_-]{0,30}$/;

/** A directory of the providers in this process and behind the sockets. Connections are made at the first call and live on. */
export function createProviderDirectory(options: ProviderDirectoryOptions): ProviderDirectory {
  const { socketFolders, builtIn = [], clock, random, log } = options;
  const { maxResponseBytes = 4 * 1024 * 1024, connectTimeoutMs = 10_000, mountTimeoutMs = 100_000 } = options;
  const connections = new Map<string, ProviderConnection>();

  const disconnect = (name: string): void => {
    connections.get(name)?.[Symbol.dispose]();
    connections.delete(name);
  };

  const connect = async (name: string): Promise<ProviderConnection> => {
    if (!NAME.test(name)) throw new KeyferryError('unknown', `invalid provider: provider "${name}"`);
    const socket = await findProviderSocket(socketFolders, name);
    const held = connections.get(name);
    // A provider that was there and whose socket is gone may be about to come back: its connection waits for that.
    if (held !== undefined && (socket === undefined || held.identity === socket.identity)) return held;
    if (socket === undefined) throw await notFound(name);
    if (held !== undefined) {
      log.info('Provider has a new socket, connecting again', { provider: name });
      disconnect(name);
    }
    const connection = createProviderConnection({
      name,
      socket,
      maxResponseBytes,
      connectTimeoutMs,
      mountTimeoutMs,
      clock,
      random,
    });
    connections.set(name, connection);
    return connection;
  };

  const notFound = async (name: string): Promise<KeyferryError> => {
    const found = [...new Set([...builtIn.map((one) => one.name), ...(await listProviderSockets(socketFolders))])]
      .toSorted()
      .slice(0, MAX_LISTED);
    const hint = `No ${name}.sock in ${socketFolders.join(' or ')}: is the provider running on this node, and its name right in spec.provider? Providers here: ${found.join(', ') || 'none'}.`;
    return new KeyferryError('unknown', `provider not found: provider "${name}"${didYouMean(name, found)}`, { hint });
  };

  return {
    async resolve(name) {
      const own = builtIn.find((provider) => provider.name === name);
      if (own !== undefined) return own;
      try {
        const connection = await connect(name);
        return { name, version: '', mount: (request) => connection.mount(request) };
      } catch (error) {
        const known = toKeyferryError(error, 'unknown');
        throw new KeyferryError(known.code, `error connecting to provider "${name}": ${known.message}`, {
          cause: error,
          ...(known.hint !== undefined && { hint: known.hint }),
        });
      }
    },
    connected: () => [...connections.keys()],
    connect,
    disconnect,
    [Symbol.dispose]() {
      for (const connection of connections.values()) connection[Symbol.dispose]();
      connections.clear();
    },
  };
}
