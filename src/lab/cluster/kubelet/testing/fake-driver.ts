import { execFileSync } from 'node:child_process';
import { mkdirSync, rmdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { KeyferryError, silentLog, systemClock } from '#base';
import { grpcService, startGrpcServer } from '#grpc';
import { NodeService, type NodePublishVolumeRequest, type NodeServer } from '../../../../gen/csi/v1/csi.ts';
import { RegistrationService, type RegistrationServer } from '../../../../gen/pluginregistration/v1/registration.ts';

/** A CSI driver on real sockets that mounts a tmpfs with one file, `file`. */
export interface FakeDriver extends AsyncDisposable {
  readonly published: NodePublishVolumeRequest[];
  readonly unpublished: string[];
  readonly registrations: boolean[];
  /** While set, NodePublishVolume fails with this text. */
  failure: string | undefined;
}

/** Starts a driver named `name` below a kubelet's folder. It is told the node's paths, as a driver in a container is. */
export async function startFakeDriver(
  name: string,
  paths: { pluginsDir: string; registryDir: string },
): Promise<FakeDriver> {
  const folder = join(paths.pluginsDir, name);
  mkdirSync(folder, { recursive: true });
  const endpoint = join(folder, 'csi.sock');
  const published: NodePublishVolumeRequest[] = [];
  const unpublished: string[] = [];
  const registrations: boolean[] = [];
  const mounted = new Set<string>();
  const onMachine = (nodePath: string) => nodePath.replace('/var/lib/kubelet', dirname(paths.pluginsDir));
  const state: { failure: string | undefined } = { failure: undefined };
  const node = grpcService<NodeServer>(NodeService, {
    nodeGetInfo: () => Promise.resolve({ nodeId: 'fake-node', maxVolumesPerNode: 0 }),
    nodePublishVolume: async (request) => {
      published.push(request);
      if (state.failure !== undefined) throw new KeyferryError('unknown', state.failure);
      if (!mounted.has(request.targetPath)) {
        mkdirSync(onMachine(request.targetPath), { recursive: true });
        execFileSync('mount', ['-t', 'tmpfs', 'tmpfs', onMachine(request.targetPath)]);
        mounted.add(request.targetPath);
      }
      writeFileSync(join(onMachine(request.targetPath), 'file'), `published ${published.length}`);
      return {};
    },
    nodeUnpublishVolume: async ({ targetPath }) => {
      unpublished.push(targetPath);
      if (mounted.delete(targetPath)) execFileSync('umount', [onMachine(targetPath)]);
      rmdirSync(onMachine(targetPath));
      return {};
    },
  });
  const registration = grpcService<RegistrationServer>(RegistrationService, {
    getInfo: () =>
      Promise.resolve({
        type: 'CSIPlugin',
        name,
        endpoint: `/var/lib/kubelet/plugins/${name}/csi.sock`,
        supportedVersions: ['1.0.0'],
      }),
    notifyRegistrationStatus: ({ pluginRegistered }) => {
      registrations.push(pluginRegistered);
      return Promise.resolve({});
    },
  });
  const common = { clock: systemClock, log: silentLog, graceMs: 100 };
  const nodeServer = await startGrpcServer({ ...common, socketPath: endpoint, services: [node] });
  const registrationServer = await startGrpcServer({
    ...common,
    socketPath: join(paths.registryDir, `${name}-reg.sock`),
    services: [registration],
  });
  return {
    published,
    unpublished,
    registrations,
    get failure() {
      return state.failure;
    },
    set failure(text) {
      state.failure = text;
    },
    [Symbol.asyncDispose]: async () => {
      await registrationServer[Symbol.asyncDispose]();
      await nodeServer[Symbol.asyncDispose]();
    },
  };
}
