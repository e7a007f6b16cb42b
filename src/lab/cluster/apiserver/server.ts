import { type Clock, type Log, type Random } from '#base';
import type { Store } from '#lab/store';
import type { ApiAccess } from '../api-access.ts';
import type { PodStreams } from '../pod-streams.ts';
import { createApiAccess } from './access.ts';
import { createKindRegistry } from './kinds/kind-registry.ts';
import { openObjectStorage } from './storage/object-storage.ts';

/** What an API server needs. */
export interface ApiServerOptions {
  readonly store: Store;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /** The `iss` of service account tokens, with its slash at the end. */
  readonly issuerUrl: string;
  /** The port to listen on if it is free; otherwise any. */
  readonly port?: number;
  /** Logs and commands of containers; a function when the node comes up after the server. */
  readonly streams?: PodStreams | (() => PodStreams | undefined);
  /** What /version says. Default v1.34.1. */
  readonly kubernetesVersion?: string;
}

/** A running API server. */
export interface ApiServer extends AsyncDisposable {
  readonly port: number;
  readonly url: string;
  readonly caPem: string;
  readonly access: ApiAccess;
}

/** Starts the API server over what the store holds. */
export async function startApiServer(options: ApiServerOptions): Promise<ApiServer> {
  const storage = openObjectStorage({ store: options.store });
  const context = {
    storage,
    kinds: createKindRegistry(storage),
    clock: options.clock,
    random: options.random,
    log: options.log,
  };
  const access = createApiAccess({ context, createToken: () => Promise.reject(new Error('not yet')) });
  return {
    port: 0,
    url: '',
    caPem: '',
    access,
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}
