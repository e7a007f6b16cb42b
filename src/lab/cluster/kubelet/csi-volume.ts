import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { KeyferryError, type Clock, type Random } from '#base';
import type { Pod, SecretObject, Volume } from '#kube';
import { callUnary } from '#grpc';
import { beginWork, machineTime } from '#lab/clock';
import { NodeServiceCapability_RPC_Type, type NodeClient } from '../../../gen/csi/v1/csi.ts';
import { ApiError, type ApiAccess } from '../api-access.ts';
import { RESOURCES } from '../resources.ts';
import { buildPublishRequest, rpcErrorText, type CsiDriverObject, type ServiceAccountTokens } from './csi-request.ts';
import type { NodeRoot } from './node-root.ts';
import type { PluginRegistry } from './plugins.ts';
import type { TokenCache } from './token-cache.ts';
import { VolumeError } from './volume-files.ts';

/** How long a driver has for a call (csiTimeout of kubelet). */
const CALL_TIMEOUT_MS = 120_000;
/** Kubelet syncs a pod about every minute and a bit; that is when a driver hears of a volume again. */
const REPUBLISH_MS = 60_000;
const REPUBLISH_SPREAD_MS = 25_000;

/** Inline CSI volumes of pods. */
export interface CsiVolumes {
  /**
   * NodePublishVolume of `targetPath`, a path of this machine; the driver is told the node's. Answers when to publish again. Throws {@link VolumeError} with kubelet's text. `fsGroup` goes to drivers
   * that take it (VOLUME_MOUNT_GROUP); for others nothing is done about it, as an inline volume names no file system.
   */
  publish(
    pod: Pod,
    volume: Volume,
    targetPath: string,
    options: { readonly fsGroup: number | undefined; readonly signal: AbortSignal },
  ): Promise<{ readonly refreshAtMs: number }>;
  /** NodeUnpublishVolume of what was published at `targetPath`. Throws {@link VolumeError}. */
  unpublish(targetPath: string, signal: AbortSignal): Promise<void>;
}

/** What {@link createCsiVolumes} needs. */
export interface CsiVolumesOptions {
  readonly api: ApiAccess;
  readonly nodeName: string;
  readonly plugins: Pick<PluginRegistry, 'driver'>;
  readonly nodeRoot: Pick<NodeRoot, 'nodePathOf'>;
  readonly tokens: TokenCache;
  readonly clock: Clock;
  readonly random: Random;
  readonly secret: (namespace: string, name: string) => Promise<SecretObject | undefined>;
}

/** The kubelet's side of CSI, for inline volumes (pkg/volume/csi/csi_mounter.go). */
export function createCsiVolumes(options: CsiVolumesOptions): CsiVolumes {
  const { api, plugins, nodeRoot, tokens, clock, random } = options;
  const machine = machineTime(clock);

  /** An advance of the clock would take the driver's own time away. */
  const call = async <T>(make: () => Promise<T>): Promise<T> => {
    using _work = beginWork(clock);
    return await make();
  };

  const clientOf = (name: string) => {
    const driver = plugins.driver(name);
    if (driver !== undefined) return driver.client;
    throw new VolumeError(
      `kubernetes.io/csi: mounter.SetUpAt failed to get CSI client: driver name ${name} not found in the list of registered CSI drivers`,
    );
  };

  const takesGroup = async (client: NodeClient, signal: AbortSignal): Promise<boolean> => {
    const limits = { timeoutMs: CALL_TIMEOUT_MS, signal };
    const { capabilities } = await call(() => callUnary(client, 'nodeGetCapabilities', {}, limits, machine));
    return capabilities.some(
      ({ type }) => type?.$case === 'rpc' && type.value.type === NodeServiceCapability_RPC_Type.VOLUME_MOUNT_GROUP,
    );
  };

  const tokensFor = async (pod: Pod, driver: CsiDriverObject): Promise<ServiceAccountTokens> => {
    const wanted = driver.spec?.tokenRequests ?? [];
    const found = await Promise.all(
      wanted.map(async ({ audience, expirationSeconds = 3600 }) => {
        const { token, expirationTimestamp } = await tokens.get(pod, audience, expirationSeconds);
        return [audience, { token: token.expose(), expirationTimestamp }] as const;
      }),
    );
    return Object.fromEntries(found);
  };

  return {
    publish: async (pod, volume, targetPath, { fsGroup, signal }) => {
      const source = volume.csi;
      if (source === undefined) throw new VolumeError(`volume "${volume.name}" has no csi source`);
      const namespace = pod.metadata?.namespace ?? 'default';
      const client = clientOf(source.driver);
      const driver = await driverObject(api, source.driver);
      if (driver === undefined) {
        throw new VolumeError(
          `kubernetes.io/csi: mounter.SetUpAt failed: volume mode "Ephemeral" not supported by driver ${source.driver} (no CSIDriver object)`,
        );
      }
      const modes = driver.spec?.volumeLifecycleModes ?? ['Persistent'];
      if (!modes.includes('Ephemeral')) {
        const only = modes.map((mode) => `"${mode}"`).join(', ');
        throw new VolumeError(
          `kubernetes.io/csi: mounter.SetUpAt failed: volume mode "Ephemeral" not supported by driver ${source.driver} (only supports [${only}])`,
        );
      }
      const secretName = source.nodePublishSecretRef?.name;
      const secret = secretName === undefined ? undefined : await options.secret(namespace, secretName);
      if (secretName !== undefined && secret === undefined) {
        throw new VolumeError(
          `fetching NodePublishSecretRef ${namespace}/${secretName} failed: kubernetes.io/csi: failed to find the secret ${secretName} in the namespace ${namespace} with error: secrets "${secretName}" not found`,
        );
      }
      const request = buildPublishRequest({
        pod,
        volume,
        driver,
        targetPath: nodeRoot.nodePathOf(targetPath),
        fsGroup: fsGroup !== undefined && (await takesGroup(client, signal)) ? fsGroup : undefined,
        publishSecret: secret === undefined ? undefined : decode(secret),
        tokens: await tokensFor(pod, driver),
      });
      await mkdir(dirname(targetPath), { recursive: true, mode: 0o750 });
      await saveVolumeData(targetPath, source.driver, request.volumeId, options.nodeName);
      try {
        await call(() =>
          callUnary(client, 'nodePublishVolume', request, { timeoutMs: CALL_TIMEOUT_MS, signal }, machine),
        );
      } catch (error) {
        if (error instanceof KeyferryError) throw new VolumeError(rpcErrorText(error), { cause: error });
        throw error;
      }
      if (driver.spec?.requiresRepublish !== true) return { refreshAtMs: Infinity };
      return { refreshAtMs: clock.now() + REPUBLISH_MS + random.fraction() * REPUBLISH_SPREAD_MS };
    },
    unpublish: async (targetPath, signal) => {
      const data = await readVolumeData(targetPath);
      if (data === undefined) return;
      const driver = plugins.driver(data.driverName);
      if (driver === undefined) {
        throw new VolumeError(
          `kubernetes.io/csi: Unmounter.TearDownAt failed to get CSI client: driver name ${data.driverName} not found in the list of registered CSI drivers`,
        );
      }
      const request = { volumeId: data.volumeHandle, targetPath: nodeRoot.nodePathOf(targetPath) };
      try {
        await call(() =>
          callUnary(driver.client, 'nodeUnpublishVolume', request, { timeoutMs: CALL_TIMEOUT_MS, signal }, machine),
        );
      } catch (error) {
        if (error instanceof KeyferryError) throw new VolumeError(rpcErrorText(error), { cause: error });
        throw error;
      }
    },
  };
}

async function driverObject(api: ApiAccess, name: string): Promise<CsiDriverObject | undefined> {
  try {
    return await api.get<CsiDriverObject>(RESOURCES.csiDrivers, { name });
  } catch (error) {
    if (error instanceof ApiError && error.body.code === 404) return undefined;
    throw error;
  }
}

function decode(secret: SecretObject): Record<string, string> {
  const data = Object.entries(secret.data ?? {});
  return Object.fromEntries(data.map(([key, value]) => [key, Buffer.from(value, 'base64').toString()]));
}

interface VolumeData {
  readonly driverName: string;
  readonly volumeHandle: string;
}

/** Kubelet's own note beside the mount, from which a volume can be undone when its pod is forgotten. */
async function saveVolumeData(targetPath: string, driverName: string, handle: string, nodeName: string): Promise<void> {
  const specVolID = dirname(targetPath).split('/').at(-1);
  const data = { driverName, nodeName, specVolID, volumeHandle: handle, volumeLifecycleMode: 'Ephemeral' };
  await writeFile(join(dirname(targetPath), 'vol_data.json'), JSON.stringify(data), { mode: 0o644 });
}

async function readVolumeData(targetPath: string): Promise<VolumeData | undefined> {
  try {
    return JSON.parse(await readFile(join(dirname(targetPath), 'vol_data.json'), 'utf8')) as VolumeData;
  } catch {
    return undefined;
  }
}

/** Where a driver publishes a pod's inline volume. */
export function csiTargetPath(podDir: string, volumeName: string): string {
  return join(podDir, 'volumes', 'kubernetes.io~csi', volumeName, 'mount');
}
