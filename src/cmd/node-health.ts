import { KeyferryError, type Clock, type DisposeStack } from '#base';
import { callUnary, createGrpcClient } from '#grpc';
import { IdentityClient } from '../gen/csi/v1/csi.ts';
import type { HealthCheck } from './health-checks.ts';

/** What the probes of `keyferry node` ask. */
export interface NodeHealth {
  /** For /healthz: true as long as it makes no sense to start the process anew. */
  readonly live: readonly HealthCheck[];
  /** For /readyz: pods' volumes can be mounted. */
  readonly ready: readonly HealthCheck[];
  /** The driver serves on its socket from now on. */
  serving(): void;
  /** Kubelet has taken the driver. */
  registered(): void;
}

/** What {@link createNodeHealth} needs. */
export interface NodeHealthOptions {
  /** The CSI socket. */
  readonly socketPath: string;
  /** Whether this process makes itself known to kubelet, rather than a registrar beside it. */
  readonly registers: boolean;
  readonly clock: Clock;
  /** Takes the connection to the socket. */
  readonly stack: DisposeStack;
}

// Kubelet's probes have a second by default, charts give five.
const TIMEOUT_MS = 4000;

/**
 * Health that is asked and not remembered: the driver is called on its own socket, as kubelet calls it (CSI Probe). Before
 * it serves for the first time the process is live, so that a slow start is not taken for a hang, and not ready.
 */
export function createNodeHealth({ socketPath, registers, clock, stack }: NodeHealthOptions): NodeHealth {
  const client = createGrpcClient(IdentityClient, socketPath);
  stack.defer(() => client.close());
  const state = { serving: false, registered: false };
  const require = (holds: boolean, why: string) => {
    if (!holds) throw new KeyferryError('unavailable', why);
  };
  const probe = async () => {
    const { ready } = await callUnary(client, 'probe', {}, { timeoutMs: TIMEOUT_MS }, clock);
    require(ready?.value !== false, 'the driver says that it is not ready');
  };
  const socket = 'csi-socket';
  const registration: HealthCheck = {
    name: 'kubelet-registration',
    check: async () => require(state.registered, 'the kubelet has not taken the driver yet'),
  };
  return {
    live: [{ name: socket, check: async () => (state.serving ? probe() : undefined) }],
    ready: [
      {
        name: socket,
        check: async () => {
          require(state.serving, 'the driver does not serve yet');
          await probe();
        },
      },
      ...(registers ? [registration] : []),
    ],
    serving: () => {
      state.serving = true;
    },
    registered: () => {
      state.registered = true;
    },
  };
}
