import { KeyferryError, type Log } from '#base';
import { grpcService, type GrpcService } from '#grpc';
import { renderAttributes } from '#providerapi';
import {
  ControllerService,
  IdentityService,
  NodeService,
  NodeServiceCapability_RPC_Type,
  PluginCapability_Service_Type,
  type ControllerServer,
  type IdentityServer,
  type NodeServer,
} from '../gen/csi/v1/csi.ts';
import type { Volumes } from './publish/publish.ts';
import type { UnpublishVolume } from './publish/unpublish.ts';

/** What the CSI services say and do. */
export interface CsiServiceOptions {
  readonly driverName: string;
  readonly version: string;
  readonly nodeId: string;
  readonly publish: Volumes['publish'];
  readonly unpublish: UnpublishVolume;
  readonly log: Log;
}

/** The CSI services of the node plugin; a method that is not here answers UNIMPLEMENTED, as upstream's does. */
export function createCsiServices(options: CsiServiceOptions): readonly GrpcService[] {
  const { driverName, version, nodeId, publish, unpublish, log } = options;
  return [
    grpcService<IdentityServer>(IdentityService, {
      getPluginInfo: async () => {
        if (driverName === '') throw new KeyferryError('unavailable', 'driver name not configured');
        return { name: driverName, vendorVersion: version, manifest: {} };
      },
      getPluginCapabilities: () =>
        Promise.resolve({
          capabilities: [
            { type: { $case: 'service', value: { type: PluginCapability_Service_Type.CONTROLLER_SERVICE } } },
          ],
        }),
      // The socket is there only while the driver can serve: records are read before it is made, and it goes first.
      probe: () => Promise.resolve({ ready: { value: true } }),
    }),
    // There is nothing to control about an ephemeral volume. Upstream says so by the capability UNKNOWN, which csi-sanity 5 refuses.
    grpcService<ControllerServer>(ControllerService, {
      controllerGetCapabilities: () => Promise.resolve({ capabilities: [] }),
      // The one other call that the specification asks of every controller service.
      validateVolumeCapabilities: async ({ volumeId, volumeCapabilities }) => {
        need(volumeId !== '', 'Volume ID');
        need(volumeCapabilities.length > 0, 'Volume Capabilities');
        throw new KeyferryError('not-found', `volume ${volumeId} was not made here: kubelet makes ephemeral volumes`);
      },
    }),
    grpcService<NodeServer>(NodeService, {
      nodeGetCapabilities: () =>
        Promise.resolve({
          capabilities: [
            { type: { $case: 'rpc', value: { type: NodeServiceCapability_RPC_Type.STAGE_UNSTAGE_VOLUME } } },
            // Kubelet hands over the pod's fsGroup then, and changes no owner itself (pkg/volume/csi/csi_mounter.go).
            { type: { $case: 'rpc', value: { type: NodeServiceCapability_RPC_Type.VOLUME_MOUNT_GROUP } } },
          ],
        }),
      nodeGetInfo: () => Promise.resolve({ nodeId, maxVolumesPerNode: 0 }),
      // Kubelet stages no ephemeral volume; the two answer for csi-sanity.
      nodeStageVolume: async (request) => {
        need(request.volumeId !== '', 'Volume ID');
        need(request.stagingTargetPath !== '', 'Target path');
        need(request.volumeCapability !== undefined, 'Volume Capability');
        return {};
      },
      nodeUnstageVolume: async (request) => {
        need(request.volumeId !== '', 'Volume ID');
        need(request.stagingTargetPath !== '', 'Target path');
        return {};
      },
      nodePublishVolume: async (request, { signal }) => {
        const { volumeId, targetPath, readonly, volumeContext } = request;
        log.debug('Publish asked for', {
          volumeId,
          targetPath,
          readonly,
          volumeContext: renderAttributes(volumeContext),
        });
        await publish(request, signal);
        return {};
      },
      nodeUnpublishVolume: async (request) => {
        await unpublish(request);
        return {};
      },
    }),
  ];
}

function need(present: boolean, what: string): void {
  if (!present) throw new KeyferryError('invalid-input', `${what} missing in request`);
}
