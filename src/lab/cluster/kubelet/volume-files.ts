import type { ConfigMap, Pod, SecretObject, Volume } from '#kube';
import type { VolumeFile, VolumeFiles } from './atomic-writer.ts';
import { fieldValue, resourceFieldValue, type NodeFacts } from './downward.ts';
import type { PodToken } from './token-cache.ts';

/** A volume that cannot be set up; the message is kubelet's. */
export class VolumeError extends Error {
  override readonly name = 'VolumeError';
}

/** What {@link buildVolumeFiles} takes contents from. Objects that do not exist are undefined. */
export interface VolumeSources {
  secret(name: string): Promise<SecretObject | undefined>;
  configMap(name: string): Promise<ConfigMap | undefined>;
  token(audience: string, expirationSeconds: number): Promise<PodToken>;
  readonly node: NodeFacts;
  readonly nodeResources: Readonly<Record<string, number>>;
}

/** A volume's files, and when they have to be looked at again. */
export interface BuiltFiles {
  readonly files: VolumeFiles;
  readonly refreshAtMs: number;
}

interface Item {
  readonly key: string;
  readonly path: string;
  readonly mode?: number;
}

const DEFAULT_MODE = 0o644;

/** Whether a volume's content is files that kubelet writes. */
export function isFileVolume(volume: Volume): boolean {
  return [volume.secret, volume.configMap, volume.projected, volume.downwardAPI].some((source) => source !== undefined);
}

/** The files of a secret, configMap, downwardAPI or projected volume. Throws {@link VolumeError}. */
export async function buildVolumeFiles(pod: Pod, volume: Volume, from: VolumeSources): Promise<BuiltFiles> {
  const namespace = pod.metadata?.namespace ?? 'default';
  const files = new Map<string, VolumeFile>();
  let refreshAtMs = Infinity;
  const addAll = (
    data: ReadonlyMap<string, Buffer>,
    items: readonly Item[] | undefined,
    mode: number,
    optional: boolean,
    what: string,
  ) => {
    if (items === undefined) {
      for (const [key, content] of data) files.set(key, { content, mode });
      return;
    }
    for (const item of items) {
      const content = data.get(item.key);
      if (content !== undefined) files.set(item.path, { content, mode: item.mode ?? mode });
      else if (!optional) throw new VolumeError(`references non-existent ${what} key: ${item.key}`);
    }
  };
  const addSecret = async (name: string, items: readonly Item[] | undefined, mode: number, optional: boolean) => {
    const secret = await from.secret(name);
    if (secret === undefined && !optional) throw new VolumeError(`secret "${name}" not found`);
    const data = Object.entries(secret?.data ?? {}).map(([key, value]) => [key, Buffer.from(value, 'base64')] as const);
    addAll(new Map(data), items, mode, optional, 'secret');
  };
  const addConfigMap = async (name: string, items: readonly Item[] | undefined, mode: number, optional: boolean) => {
    const map = await from.configMap(name);
    if (map === undefined && !optional) throw new VolumeError(`configmap "${name}" not found`);
    const text = Object.entries(map?.data ?? {}).map(([key, value]) => [key, Buffer.from(value)] as const);
    const binary = Object.entries(map?.binaryData ?? {}).map(
      ([key, value]) => [key, Buffer.from(value, 'base64')] as const,
    );
    addAll(new Map([...text, ...binary]), items, mode, optional, 'config');
  };
  const addDownward = (items: NonNullable<Volume['downwardAPI']>['items'], mode: number) => {
    for (const item of items ?? []) {
      const { fieldRef, resourceFieldRef } = item;
      const owner = pod.spec?.containers.find(({ name }) => name === resourceFieldRef?.containerName);
      const value =
        fieldRef !== undefined
          ? fieldValue(pod, fieldRef.fieldPath, from.node)
          : resourceFieldRef !== undefined
            ? resourceFieldValue(owner?.resources as never, resourceFieldRef, from.nodeResources)
            : undefined;
      if (value === undefined) throw new VolumeError(`unsupported downward API item for ${item.path}`);
      files.set(item.path, { content: Buffer.from(value), mode: item.mode ?? mode });
    }
  };

  if (volume.secret !== undefined) {
    const { secretName = '', items, defaultMode = DEFAULT_MODE, optional = false } = volume.secret;
    await addSecret(secretName, items, defaultMode, optional);
  } else if (volume.configMap !== undefined) {
    const { name = '', items, defaultMode = DEFAULT_MODE, optional = false } = volume.configMap;
    await addConfigMap(name, items, defaultMode, optional);
  } else if (volume.downwardAPI !== undefined) {
    addDownward(volume.downwardAPI.items, volume.downwardAPI.defaultMode ?? DEFAULT_MODE);
  } else if (volume.projected !== undefined) {
    const mode = volume.projected.defaultMode ?? DEFAULT_MODE;
    const troubles: string[] = [];
    for (const source of volume.projected.sources ?? []) {
      try {
        if (source.secret !== undefined) {
          await addSecret(source.secret.name ?? '', source.secret.items, mode, source.secret.optional ?? false);
        } else if (source.configMap !== undefined) {
          await addConfigMap(
            source.configMap.name ?? '',
            source.configMap.items,
            mode,
            source.configMap.optional ?? false,
          );
        } else if (source.downwardAPI !== undefined) {
          addDownward(source.downwardAPI.items, mode);
        } else if (source.serviceAccountToken !== undefined) {
          const { audience = '', expirationSeconds = 3600, path } = source.serviceAccountToken;
          const token = await from.token(audience, expirationSeconds);
          refreshAtMs = Math.min(refreshAtMs, token.refreshAtMs);
          files.set(path, { content: Buffer.from(token.token.expose()), mode: tokenMode(pod, mode) });
        }
      } catch (error) {
        if (!(error instanceof VolumeError)) throw error;
        // In a projected volume kubelet names the object with its namespace, as its own lookup does.
        troubles.push(
          error.message.replace(/^(secret|configmap) "([^"]*)" not found$/, `$1 "${namespace}"/"$2" not registered`),
        );
      }
    }
    if (troubles.length === 1) throw new VolumeError(troubles[0] as string);
    if (troubles.length > 1) throw new VolumeError(`[${troubles.join(', ')}]`);
  }
  return { files, refreshAtMs };
}

/** A token is for its pod's users only (pkg/volume/projected): the group reads it with fsGroup, its one user without. */
function tokenMode(pod: Pod, mode: number): number {
  if (pod.spec?.securityContext?.fsGroup !== undefined) return 0o640;
  return commonUser(pod) === undefined ? mode : 0o600;
}

/** The user that all containers of a pod run as, when its spec names one and the same for all. */
export function commonUser(pod: Pod): number | undefined {
  const containers = [...(pod.spec?.containers ?? []), ...(pod.spec?.initContainers ?? [])];
  const users = new Set(
    containers.map(({ securityContext }) => securityContext?.runAsUser ?? pod.spec?.securityContext?.runAsUser),
  );
  return users.size === 1 ? [...users][0] : undefined;
}

/** Whether a change of that object concerns the volume. */
export function volumeUses(volume: Volume, kind: 'Secret' | 'ConfigMap', name: string): boolean {
  if (kind === 'Secret') {
    if (volume.secret?.secretName === name || volume.csi?.nodePublishSecretRef?.name === name) return true;
    return volume.projected?.sources?.some(({ secret }) => secret?.name === name) ?? false;
  }
  if (volume.configMap?.name === name) return true;
  return volume.projected?.sources?.some(({ configMap }) => configMap?.name === name) ?? false;
}
