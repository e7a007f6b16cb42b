/** A CSI driver's node service, called over its socket as kubelet calls it, and what is then seen of the volumes. */
import { join } from 'node:path';
import { systemClock } from '#base';
import { callUnary, createGrpcClient } from '#grpc';
import { NodeClient } from '../../src/gen/csi/v1/csi.ts';
import { preparePublish, testVolume, type PublishRequest, type TestVolume } from './csi-volume.ts';
import { readProcessFile } from './node-process.ts';
import { readAll } from './node-volumes.ts';

/** A kubelet's calls to one driver, for pods that are only a name. */
export interface DriverCalls {
  /** A volume that was never there before. */
  volume(): TestVolume;
  publish(volume: TestVolume, request: PublishRequest): Promise<void>;
  unpublish(volume: TestVolume): Promise<void>;
  /** A file of a mounted volume, as the pod would see it; empty when there is none. */
  file(volume: TestVolume, name: string): string;
  /** The targets in the driver's mount table. */
  mounts(): string[];
}

/** As kubelet's. */
const LIMITS = { timeoutMs: 120_000 };

/** Calls the driver with process `pid` on `socket`; its volumes are below `folder`. */
export function createDriverCalls({
  folder,
  socket,
  pid,
}: {
  readonly folder: string;
  readonly socket: string;
  readonly pid: number;
}): DriverCalls & Disposable {
  const node = createGrpcClient(NodeClient, socket);
  let volumes = 0;
  return {
    volume() {
      volumes += 1;
      return testVolume(folder, volumes);
    },
    async publish(volume, request) {
      await callUnary(node, 'nodePublishVolume', preparePublish(volume, request), LIMITS, systemClock);
    },
    async unpublish({ volumeId, targetPath }) {
      await callUnary(node, 'nodeUnpublishVolume', { volumeId, targetPath }, LIMITS, systemClock);
    },
    file: ({ targetPath }, name) => readAll(join(`/proc/${pid}/root`, targetPath, name)),
    mounts: () =>
      readProcessFile(pid, 'mountinfo')
        .split('\n')
        .flatMap((line) => line.split(' ')[4] ?? [])
        .filter((path) => path.startsWith(folder)),
    [Symbol.dispose]: () => node.close(),
  };
}
