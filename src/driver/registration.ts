import { join } from 'node:path';
import { KeyferryError, type Clock, type Log } from '#base';
import { grpcService, startGrpcServer } from '#grpc';
import { RegistrationService, type RegistrationServer } from '../gen/pluginregistration/v1/registration.ts';

/** What kubelet is told about the plugin. */
export interface RegistrationOptions {
  /** Kubelet's plugins_registry folder as this process sees it; `<driverName>-reg.sock` is made there. */
  readonly folder: string;
  readonly driverName: string;
  /** The CSI socket's path as kubelet sees it. */
  readonly kubeletEndpoint: string;
  /** Called when kubelet refuses the plugin; the process should end, so that it is started anew. */
  readonly onRefused: (error: KeyferryError) => void;
  /** Called each time that kubelet has taken the plugin; it asks again after its own restart. */
  readonly onRegistered?: () => void;
  readonly clock: Clock;
  readonly log: Log;
}

/**
 * Makes the driver known to kubelet (pluginregistration.v1): kubelet watches the folder, asks the socket for the
 * plugin's facts and says whether it took it. This is the job of upstream's node-driver-registrar sidecar. Disposing
 * it removes the socket, and kubelet forgets the driver.
 */
export function startRegistration(options: RegistrationOptions): Promise<AsyncDisposable> {
  const { folder, driverName, kubeletEndpoint, onRefused, onRegistered, clock, log } = options;
  return startGrpcServer({
    socketPath: join(folder, `${driverName}-reg.sock`),
    clock,
    log,
    services: [
      grpcService<RegistrationServer>(RegistrationService, {
        getInfo: () =>
          Promise.resolve({
            type: 'CSIPlugin',
            name: driverName,
            endpoint: kubeletEndpoint,
            supportedVersions: ['1.0.0'],
          }),
        notifyRegistrationStatus: async ({ pluginRegistered, error }) => {
          if (pluginRegistered) {
            log.info('Registered with kubelet', { driver: driverName });
            onRegistered?.();
          } else {
            onRefused(new KeyferryError('failed-precondition', `kubelet refused the driver ${driverName}: ${error}`));
          }
          return {};
        },
      }),
    ],
  });
}
