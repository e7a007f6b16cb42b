import { watch } from 'node:fs';
import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { errorText, type Clock, type Log } from '#base';
import { callUnary, createGrpcClient } from '#grpc';
import { machineTime } from '#lab/clock';
import { NodeClient } from '../../../gen/csi/v1/csi.ts';
import { RegistrationClient } from '../../../gen/pluginregistration/v1/registration.ts';
import { createWakeup } from './wakeup.ts';

/** A driver that has made itself known. */
export interface RegisteredDriver {
  readonly name: string;
  readonly nodeId: string;
  readonly client: NodeClient;
}

/** The CSI drivers of the node. */
export interface PluginRegistry extends AsyncDisposable {
  driver(name: string): RegisteredDriver | undefined;
}

/** What {@link startPluginRegistry} needs. */
export interface PluginRegistryOptions {
  /** The folder `plugins_registry`. */
  readonly registryDir: string;
  /** Where a path of the node, in which a plugin names its socket, is on this machine. */
  readonly machinePath: (nodePath: string) => string;
  readonly clock: Clock;
  readonly log: Log;
  /** Called whenever the set of drivers changed, before a registration is confirmed to the driver. */
  readonly onChange: (drivers: readonly RegisteredDriver[]) => Promise<void>;
}

interface Plugin {
  /** Tells a replaced socket from the one before. */
  readonly identity: string;
  readonly driver: RegisteredDriver | undefined;
  readonly nextTryAtMs: number;
}

const RESCAN_MS = 2000;
const CALL_TIMEOUT_MS = 5000;

/**
 * Watches the folder of registration sockets as kubelet's plugin watcher does: a socket that appears is asked who it is, a
 * CSI plugin's node id is fetched, and the plugin is told the outcome. A socket that goes takes its driver with it.
 */
export function startPluginRegistry(options: PluginRegistryOptions): PluginRegistry {
  const { registryDir, clock, log } = options;
  const plugins = new Map<string, Plugin>();
  const stopping = new AbortController();
  const wakeup = createWakeup(clock);
  const watcher = watch(registryDir, () => wakeup.wake());
  watcher.on('error', () => undefined);
  const drivers = () => [...plugins.values()].flatMap(({ driver }) => (driver === undefined ? [] : [driver]));

  const forget = async (socket: string): Promise<void> => {
    const plugin = plugins.get(socket);
    plugins.delete(socket);
    if (plugin?.driver === undefined) return;
    plugin.driver.client.close();
    log.info('CSI driver is gone', { driver: plugin.driver.name });
    await options.onChange(drivers());
  };

  const register = async (socket: string, identity: string): Promise<void> => {
    const limits = { timeoutMs: CALL_TIMEOUT_MS, signal: stopping.signal };
    const registration = createGrpcClient(RegistrationClient, socket);
    const machine = machineTime(clock);
    try {
      const info = await callUnary(registration, 'getInfo', {}, limits, machine);
      if (info.type !== 'CSIPlugin') {
        const error = `no handler registered for plugin type: ${info.type} at socket ${socket}`;
        await callUnary(registration, 'notifyRegistrationStatus', { pluginRegistered: false, error }, limits, machine);
        plugins.set(socket, { identity, driver: undefined, nextTryAtMs: Infinity });
        return;
      }
      const client = createGrpcClient(NodeClient, info.endpoint === '' ? socket : options.machinePath(info.endpoint));
      try {
        const { nodeId } = await callUnary(client, 'nodeGetInfo', {}, limits, machine);
        plugins.set(socket, { identity, driver: { name: info.name, nodeId, client }, nextTryAtMs: Infinity });
        await options.onChange(drivers());
      } catch (error) {
        plugins.delete(socket);
        client.close();
        const text = `plugin registration failed with err: ${errorText(error)}`;
        const status = { pluginRegistered: false, error: text };
        await callUnary(registration, 'notifyRegistrationStatus', status, limits, machine).catch(() => undefined);
        throw error;
      }
      const status = { pluginRegistered: true, error: '' };
      await callUnary(registration, 'notifyRegistrationStatus', status, limits, machine);
      log.info('CSI driver registered', { driver: info.name });
    } finally {
      registration.close();
    }
  };

  const scan = async (): Promise<void> => {
    const names = (await readdir(registryDir).catch(() => [])).filter((name) => name.endsWith('.sock'));
    const present = new Map<string, string>();
    for (const name of names.filter((name) => !name.startsWith('.'))) {
      const path = join(registryDir, name);
      const stat = await lstat(path).catch(() => undefined);
      if (stat?.isSocket() === true) present.set(path, `${stat.ino}:${stat.ctimeMs}`);
    }
    for (const [path, plugin] of plugins) {
      // chmod changes the ctime of a socket that is being set up: the inode tells whether it is another one.
      if (present.get(path)?.split(':')[0] !== plugin.identity.split(':')[0]) await forget(path);
    }
    for (const [path, identity] of present) {
      const known = plugins.get(path);
      if (known !== undefined && (known.driver !== undefined || known.nextTryAtMs > clock.now())) continue;
      try {
        await register(path, identity);
      } catch (error) {
        if (!stopping.signal.aborted) log.debug('Plugin not registered', { socket: path, error: errorText(error) });
        if (plugins.get(path)?.driver === undefined) {
          plugins.set(path, { identity, driver: undefined, nextTryAtMs: clock.now() + 500 });
        }
      }
    }
  };

  const loop = (async () => {
    while (!stopping.signal.aborted) {
      await scan();
      const retry = Math.min(...[...plugins.values()].map(({ nextTryAtMs }) => nextTryAtMs));
      await wakeup.wait(Math.min(clock.now() + RESCAN_MS, Number.isFinite(retry) ? retry : Infinity), stopping.signal);
    }
  })();

  return {
    driver: (name) => drivers().find((driver) => driver.name === name),
    [Symbol.asyncDispose]: async () => {
      stopping.abort();
      watcher.close();
      await loop;
      for (const { client } of drivers()) client.close();
    },
  };
}
