import type { Clock, Log } from '#base';
import { grpcService, startGrpcServer, type GrpcServerOptions } from '#grpc';
import { HealthCheckResponse_ServingStatus, HealthService, type HealthServer } from '../gen/grpc/health/v1/health.ts';
import { CSIDriverProviderService, type CSIDriverProviderServer } from '../gen/v1alpha1/provider.ts';
import type { Provider } from './provider.ts';
import { fromMountRequest, PROTOCOL_VERSION, toMountResponse } from './wire.ts';

/** What {@link startProviderServer} needs. */
export interface ProviderServerOptions {
  readonly provider: Provider;
  /** The `<name>.sock` that drivers look for. It is made for its owner only: tokens pass through it. */
  readonly socketPath: string;
  /** `runtime_name` in the answer to Version. */
  readonly runtimeName: string;
  readonly clock: Clock;
  readonly log: Log;
  /** Told of each call that has been answered. */
  readonly onCall?: GrpcServerOptions['onCall'];
}

/** Serves a provider to any Secrets Store CSI driver, ours or upstream's, with grpc.health.v1 beside it. */
export function startProviderServer(options: ProviderServerOptions): Promise<AsyncDisposable> {
  const { provider, socketPath, runtimeName, clock, log } = options;
  return startGrpcServer({
    socketPath,
    clock,
    log,
    // Upstream's driver up to 1.5 sends the socket's path.
    anyAuthority: true,
    ...(options.onCall === undefined ? {} : { onCall: options.onCall }),
    services: [
      grpcService<CSIDriverProviderServer>(CSIDriverProviderService, {
        version: () => Promise.resolve({ version: PROTOCOL_VERSION, runtimeName, runtimeVersion: provider.version }),
        mount: async (request, { signal }) => toMountResponse(await provider.mount(fromMountRequest(request, signal))),
      }),
      grpcService<HealthServer>(HealthService, {
        check: () => Promise.resolve({ status: HealthCheckResponse_ServingStatus.SERVING }),
      }),
    ],
  });
}
