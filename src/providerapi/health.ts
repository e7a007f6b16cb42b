import { errorText, type Clock, type Log } from '#base';
import type { ProviderDirectory } from './directory.ts';
import { PROTOCOL_VERSION } from './wire.ts';

/** What {@link startProviderHealthChecks} needs. */
export interface ProviderHealthOptions {
  readonly directory: Pick<ProviderDirectory, 'connected' | 'connect' | 'disconnect'>;
  /** Time between two rounds, milliseconds. */
  readonly intervalMs: number;
  /** Told after each check. */
  readonly onChecked: (provider: string, healthy: boolean) => void;
  readonly clock: Clock;
  readonly log: Log;
}

/**
 * Asks each provider that was connected to for its version, over and over; one that does not answer is connected to anew,
 * by the next publish or the next round. A provider that is down says nothing of the driver, which goes on being ready: other classes may name
 * other providers. (Upstream's check ends with the first provider that fails, and only logs.)
 */
export function startProviderHealthChecks(options: ProviderHealthOptions): AsyncDisposable {
  const { directory, intervalMs, onChecked, clock, log } = options;
  const stop = new AbortController();
  const { signal } = stop;
  const failing = new Set<string>();

  const check = async (provider: string): Promise<void> => {
    try {
      const connection = await directory.connect(provider);
      const { version, runtimeName, runtimeVersion } = await connection.version(signal);
      if (failing.delete(provider)) log.info('Provider answers again', { provider, runtimeName, runtimeVersion });
      if (version !== PROTOCOL_VERSION) log.warn('Provider speaks another protocol', { provider, version });
      onChecked(provider, true);
    } catch (error) {
      if (signal.aborted) return;
      if (!failing.has(provider)) log.warn('Provider does not answer', { provider, error: errorText(error) });
      failing.add(provider);
      onChecked(provider, false);
      directory.disconnect(provider);
    }
  };

  const loop = async (): Promise<void> => {
    while (!signal.aborted) {
      await clock.sleep(intervalMs, { signal }).catch(() => undefined);
      if (signal.aborted) return;
      await Promise.all([...new Set([...directory.connected(), ...failing])].map(check));
    }
  };
  const running = loop();
  return {
    async [Symbol.asyncDispose]() {
      stop.abort();
      await running;
    },
  };
}
