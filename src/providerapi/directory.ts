import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { backoffMs, didYouMean, KeyferryError, toKeyferryError, type Clock, type Log, type Random } from '#base';
import { callUnary, createGrpcClient } from '#grpc';
import { CSIDriverProviderClient } from '../gen/v1alpha1/provider.ts';
import type { Provider, ProviderMountRequest } from './provider.ts';
import { fromMountResponse, toMountRequest } from './wire.ts';

/** Finds providers by the name that a class gives. */
export interface ProviderDirectory extends Disposable {
  /** Throws with upstream's texts: `error connecting to provider "x": provider not found: provider "x"`. */
  resolve(name: string): Promise<Provider>;
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
}

interface Connection {
  /** Which file the socket was: a provider that restarts makes a new one. */
  readonly identity: string;
  readonly client: CSIDriverProviderClient;
}

/** How many providers a message names. */
const MAX_LISTED = 8;
const NAME = /^[a-zA-Z0-9_-]{1,30}$/;
// Kubelet gives a publish two minutes; the provider must have answered before, for its error to be told.
const MOUNT_TIMEOUT_MS = 110_000;
// The service config of upstream's client: a provider that restarts just now is asked again.
const UNAVAILABLE = { tries: 3, backoff: { initialMs: 1000, maxMs: 10_000, factor: 1.1 } } as const;

/** A directory of the providers in this process and behind the sockets. Connections are made at the first call and live on. */
export function createProviderDirectory(options: ProviderDirectoryOptions): ProviderDirectory {
  const { socketFolders, builtIn = [], clock, random, log, maxResponseBytes = 4 * 1024 * 1024 } = options;
  const connections = new Map<string, Connection>();

  const connect = async (name: string): Promise<CSIDriverProviderClient> => {
    if (!NAME.test(name)) throw new KeyferryError('unknown', `invalid provider: provider "${name}"`);
    const socket = await findSocket(socketFolders, name);
    if (socket === undefined) {
      const found = await providersIn(socketFolders, builtIn);
      throw new KeyferryError('unknown', `provider not found: provider "${name}"${didYouMean(name, found)}`, {
        hint: `No ${name}.sock in ${socketFolders.join(' or ')}: is the provider running on this node, and its name right in spec.provider? Providers here: ${found.join(', ') || 'none'}.`,
      });
    }
    const held = connections.get(name);
    if (held?.identity === socket.identity) return held.client;
    held?.client.close();
    if (held !== undefined) log.info('Provider has a new socket, connecting again', { provider: name });
    const client = createGrpcClient(CSIDriverProviderClient, socket.path, { maxResponseBytes });
    connections.set(name, { identity: socket.identity, client });
    return client;
  };

  const mount = async (client: CSIDriverProviderClient, name: string, request: ProviderMountRequest) => {
    for (let tries = 1; ; tries += 1) {
      try {
        const limits = { timeoutMs: MOUNT_TIMEOUT_MS, signal: request.signal };
        return fromMountResponse(await callUnary(client, 'mount', toMountRequest(request), limits, clock));
      } catch (error) {
        const { code } = toKeyferryError(error);
        if (code === 'resource-exhausted') {
          log.warn('Provider answer may be too large, see --max-call-recv-msg-size', {
            provider: name,
            maxResponseBytes,
          });
        }
        if (code !== 'unavailable') throw error;
        if (tries >= UNAVAILABLE.tries) {
          throw new KeyferryError('unavailable', `provider "${name}" does not answer on its socket`, {
            cause: error,
            hint: `${name}.sock is there, but nobody serves it: look at the provider's pod on this node.`,
          });
        }
        await clock.sleep(backoffMs(UNAVAILABLE.backoff, tries, random), { signal: request.signal });
      }
    }
  };

  return {
    async resolve(name) {
      const own = builtIn.find((provider) => provider.name === name);
      if (own !== undefined) return own;
      try {
        const client = await connect(name);
        return { name, version: '', mount: (request) => mount(client, name, request) };
      } catch (error) {
        const known = toKeyferryError(error, 'unknown');
        throw new KeyferryError(known.code, `error connecting to provider "${name}": ${known.message}`, {
          cause: error,
          ...(known.hint !== undefined && { hint: known.hint }),
        });
      }
    },
    [Symbol.dispose]() {
      for (const { client } of connections.values()) client.close();
      connections.clear();
    },
  };
}

/** The names of the providers that a class of this node could ask for. */
async function providersIn(folders: readonly string[], builtIn: readonly Provider[]): Promise<readonly string[]> {
  const files = await Promise.all(folders.map((folder) => readdir(folder).catch(() => [])));
  const sockets = files.flat().filter((file) => file.endsWith('.sock'));
  const names = [...builtIn.map(({ name }) => name), ...sockets.map((file) => file.slice(0, -'.sock'.length))];
  return [...new Set(names)].toSorted().slice(0, MAX_LISTED);
}

async function findSocket(
  folders: readonly string[],
  name: string,
): Promise<{ readonly path: string; readonly identity: string } | undefined> {
  for (const folder of folders) {
    const path = join(folder, `${name}.sock`);
    try {
      const { dev, ino, birthtimeMs } = await stat(path);
      return { path, identity: `${path}:${dev}:${ino}:${birthtimeMs}` };
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code !== 'ENOENT' && code !== 'ENOTDIR') throw error;
    }
  }
  return undefined;
}
