import { backoffMs, KeyferryError, toKeyferryError, withDeadline, type Clock, type Random } from '#base';
import { callUnary, createGrpcClient, waitForConnection } from '#grpc';
import { CSIDriverProviderClient } from '../gen/v1alpha1/provider.ts';
import type { ProviderMountRequest, ProviderMountResult } from './provider.ts';
import type { ProviderSocket } from './provider-sockets.ts';
import { fromMountResponse, PROTOCOL_VERSION, toMountRequest } from './wire.ts';

/** What {@link createProviderConnection} needs. */
export interface ProviderConnectionOptions {
  readonly name: string;
  readonly socket: ProviderSocket;
  /** The largest answer, bytes. */
  readonly maxResponseBytes: number;
  /** How long a provider that does not listen is waited for, as when it restarts, milliseconds. */
  readonly connectTimeoutMs: number;
  /** How long a Mount may take, with all its tries, milliseconds. */
  readonly mountTimeoutMs: number;
  readonly clock: Clock;
  readonly random: Random;
}

/** What a provider says of itself. */
export interface ProviderVersion {
  /** The protocol: `v1alpha1`. */
  readonly version: string;
  readonly runtimeName: string;
  readonly runtimeVersion: string;
}

/** A provider behind its socket. The connection is made at the first call. */
export interface ProviderConnection extends Disposable {
  readonly identity: string;
  mount(request: ProviderMountRequest): Promise<ProviderMountResult>;
  /** Asks for the provider's version; waits 5 seconds at most, as upstream's health check. */
  version(signal: AbortSignal): Promise<ProviderVersion>;
}

const VERSION_TIMEOUT_MS = 5_000;
// The service config of upstream's client: a provider that answers UNAVAILABLE is asked again.
const UNAVAILABLE = { tries: 3, backoff: { initialMs: 1000, maxMs: 10_000, factor: 1.1 } } as const;

/** A {@link ProviderConnection}; no I/O yet. */
export function createProviderConnection(options: ProviderConnectionOptions): ProviderConnection {
  const { name, socket, maxResponseBytes, connectTimeoutMs, mountTimeoutMs, clock, random } = options;
  const client = createGrpcClient(CSIDriverProviderClient, socket.path, { maxResponseBytes });

  const connect = async (signal: AbortSignal): Promise<void> => {
    try {
      await waitForConnection(client, { timeoutMs: connectTimeoutMs, signal }, clock);
    } catch (error) {
      throw withHint(
        'unavailable',
        `provider "${name}" does not answer on its socket`,
        `Nobody serves ${socket.path}: look at the provider's pod on this node.`,
        error,
      );
    }
  };

  const ask = async (request: ProviderMountRequest, signal: AbortSignal): Promise<ProviderMountResult> => {
    for (let tries = 1; ; tries += 1) {
      await connect(signal);
      try {
        // A second more than our own deadline, which tells more.
        const limits = { timeoutMs: mountTimeoutMs + 1000, signal };
        return fromMountResponse(await callUnary(client, 'mount', toMountRequest(request), limits, clock));
      } catch (error) {
        const known = toKeyferryError(error);
        if (known.code === 'resource-exhausted' && known.message.includes('larger than max')) {
          const hint = `The provider's answer is larger than --max-call-recv-msg-size (${maxResponseBytes} bytes): raise it, or ask for less in one volume.`;
          throw withHint(known.code, known.message, hint, error);
        }
        if (known.code !== 'unavailable' || tries >= UNAVAILABLE.tries) throw error;
        await clock.sleep(backoffMs(UNAVAILABLE.backoff, tries, random), { signal });
      }
    }
  };

  return {
    identity: socket.identity,
    async mount(request) {
      const startMs = clock.monotonic();
      const limits = { clock, timeoutMs: mountTimeoutMs, signal: request.signal, what: `provider "${name}"` };
      try {
        return await withDeadline(limits, (signal) => ask(request, signal));
      } catch (error) {
        if (clock.monotonic() - startMs < mountTimeoutMs) throw error;
        const { code, message } = toKeyferryError(error);
        const hint = `It was called over ${socket.path} and is still at work, or waits for its secret store: see its log.`;
        throw withHint(code, message, hint, error);
      }
    },
    version: (signal) =>
      callUnary(client, 'version', { version: PROTOCOL_VERSION }, { timeoutMs: VERSION_TIMEOUT_MS, signal }, clock),
    [Symbol.dispose]: () => client.close(),
  };
}

function withHint(code: KeyferryError['code'], message: string, hint: string, cause: unknown): KeyferryError {
  return new KeyferryError(code, message, { hint, cause });
}
