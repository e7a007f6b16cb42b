/**
 * Stands between csi-sanity and a driver of ephemeral volumes, and does what there is around such a volume: nobody
 * creates it, kubelet makes up its id and its context from the pod's spec, and the pod says that it is read-only.
 * Everything else passes through, byte for byte.
 */
import { BinaryReader, BinaryWriter } from '@bufbuild/protobuf/wire';
import {
  Client,
  credentials,
  Metadata,
  Server,
  ServerCredentials,
  type handleUnaryCall,
  type ServiceDefinition,
} from '@grpc/grpc-js';
import { NodePublishVolumeRequest } from '../../../src/gen/csi/v1/csi.ts';

const METHODS = {
  Identity: ['GetPluginInfo', 'GetPluginCapabilities', 'Probe'],
  Controller: ['ControllerGetCapabilities', 'ValidateVolumeCapabilities', 'CreateVolume', 'DeleteVolume'],
  Node: [
    'NodeStageVolume',
    'NodeUnstageVolume',
    'NodePublishVolume',
    'NodeUnpublishVolume',
    'NodeGetVolumeStats',
    'NodeExpandVolume',
    'NodeGetCapabilities',
    'NodeGetInfo',
  ],
} as const;

const asIs = (bytes: Buffer) => bytes;

/** What kubelet puts into the context of every ephemeral volume. */
export interface EphemeralVolume {
  readonly context: Readonly<Record<string, string>>;
}

/** Serves CSI on `socket` by the driver on `driverSocket`; volumes that are "created" there have the context of `volume`. */
export async function startKubeletSide(
  socket: string,
  driverSocket: string,
  volume: EphemeralVolume,
): Promise<AsyncDisposable> {
  const driver = new Client(`unix:${driverSocket}`, credentials.createInsecure(), {
    'grpc.default_authority': 'localhost',
  });
  const server = new Server();
  for (const [service, methods] of Object.entries(METHODS)) {
    const definition: Record<string, ServiceDefinition[string]> = {};
    const handlers: Record<string, handleUnaryCall<Buffer, Buffer>> = {};
    for (const name of methods) {
      const path = `/csi.v1.${service}/${name}`;
      const unary = { requestStream: false, responseStream: false } as const;
      const bytes = {
        requestSerialize: asIs,
        requestDeserialize: asIs,
        responseSerialize: asIs,
        responseDeserialize: asIs,
      };
      definition[name] = { path, ...unary, ...bytes };
      handlers[name] = ({ request }, callback) => {
        if (name === 'CreateVolume') callback(null, createdVolume(request, volume));
        else if (name === 'DeleteVolume') callback(null, Buffer.alloc(0));
        else {
          const sent = name === 'NodePublishVolume' ? readOnly(request) : request;
          driver.makeUnaryRequest(path, asIs, asIs, sent, new Metadata(), {}, (error, answer) =>
            error === null ? callback(null, answer) : callback({ code: error.code, details: error.details }),
          );
        }
      };
    }
    server.addService(definition, handlers);
  }
  await new Promise<void>((resolve, reject) => {
    server.bindAsync(`unix:${socket}`, ServerCredentials.createInsecure(), (error) =>
      error === null ? resolve() : reject(error),
    );
  });
  return {
    async [Symbol.asyncDispose]() {
      driver.close();
      server.forceShutdown();
    },
  };
}

/** As a pod with `csi.readOnly: true`, which upstream's driver and ours ask for. */
function readOnly(request: Buffer): Buffer {
  const message = NodePublishVolumeRequest.decode(request);
  return Buffer.from(NodePublishVolumeRequest.encode({ ...message, readonly: true }).finish());
}

/** A CreateVolumeResponse: volume (1) with its id (2) and context (3). */
function createdVolume(request: Buffer, { context }: EphemeralVolume): Buffer {
  const reader = new BinaryReader(request);
  let name = '';
  while (reader.pos < reader.len) {
    const [field, type] = reader.tag();
    if (field === 1) name = reader.string();
    else reader.skip(type);
  }
  const writer = new BinaryWriter().uint32((1 << 3) | 2).fork();
  writer.uint32((2 << 3) | 2).string(`csi-${name}`);
  for (const [key, value] of Object.entries(context)) {
    writer.uint32((3 << 3) | 2).fork();
    writer.uint32((1 << 3) | 2).string(key);
    writer.uint32((2 << 3) | 2).string(value);
    writer.join();
  }
  return Buffer.from(writer.join().finish());
}
