import { mkdir, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Clock, Log, Random } from '#base';
import type { ClusterSpec } from '#lab/cloud';
import { ApiError, type Cluster } from '#lab/cluster';
import { parseManifests, type KubeObject, type ResourceRef } from '#kube';
import { startNodeCredentials } from './node-credentials.ts';
import { startNodeProcess, type NodeProcess } from './node-process.ts';
import { executable, packageRoot } from './package-root.ts';
import type { ProcessTime } from './timekeeper.ts';

const DRIVER = 'secrets-store.csi.k8s.io';
const MANIFESTS = ['crds.yaml', 'csidriver.yaml', 'rbac.yaml'];

/** What the add-on needs of its surroundings. */
export interface AddonOptions {
  readonly cluster: Cluster;
  readonly settings: NonNullable<ClusterSpec['secretsProvider']>;
  /** The node process's `--v`. */
  readonly verbosity: number;
  /** The environment of the node process: PATH and the way to the emulated Azure. */
  readonly env: Readonly<Record<string, string>>;
  readonly logFile: string;
  readonly time: ProcessTime;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
}

/** The node process of the add-on, with its access to the API server. */
export interface Addon extends NodeProcess {
  /** Signs it in with a new token, after the key of the old one was rotated. It is read within a minute. */
  renewCredentials(): Promise<void>;
}

/**
 * The add-on azure-keyvault-secrets-provider: installs what a user installs (deploy/) and starts `keyferry node`.
 * Answers when the objects are there and the process is started.
 */
export async function startAddon(options: AddonOptions): Promise<Addon> {
  const { cluster, settings } = options;
  for (const object of await manifestObjects()) await applyObject(cluster, object);
  const folder = join(cluster.paths.pluginsDir, 'csi-secrets-store');
  await mkdir(folder, { recursive: true, mode: 0o750 });
  // Below the kubelet's folder, which is a tmpfs of the lab's own: the token in it never reaches a disk.
  const account = { namespace: 'kube-system', name: 'secrets-store-csi-driver' };
  const credentials = await startNodeCredentials({ cluster, account, folder, clock: options.clock, log: options.log });
  const node = startNodeProcess({
    command: [
      process.execPath,
      executable(),
      'node',
      `--endpoint=unix://${join(folder, 'csi.sock')}`,
      `--drivername=${DRIVER}`,
      `--nodeid=${cluster.nodeName}`,
      `--provider-volume=${cluster.paths.providersDir}`,
      `--additional-provider-volume-paths=${join(dirname(cluster.paths.providersDir), 'secrets-store-csi-providers-etc')}`,
      `--registration-dir=${cluster.paths.registryDir}`,
      `--kubeconfig=${credentials.kubeconfig}`,
      '--metrics-addr=127.0.0.1:0',
      `--enable-secret-rotation=${settings.enableSecretRotation}`,
      `--rotation-poll-interval=${settings.rotationPollInterval}`,
      '--log-format-json=true',
      `--v=${options.verbosity}`,
    ],
    env: options.env,
    logFile: options.logFile,
    time: options.time,
    registrationSocket: join(cluster.paths.registryDir, `${DRIVER}-reg.sock`),
    clock: options.clock,
    random: options.random,
    log: options.log,
  });
  return {
    get state() {
      return node.state;
    },
    renewCredentials: () => credentials.renew(),
    async [Symbol.asyncDispose]() {
      await node[Symbol.asyncDispose]();
      await credentials[Symbol.asyncDispose]();
    },
  };
}

/** Takes the add-on's objects away again, but the CRDs: their objects are the user's. */
export async function removeAddonObjects(cluster: Cluster): Promise<void> {
  for (const object of (await manifestObjects()).reverse()) {
    if (object.kind === 'CustomResourceDefinition') continue;
    const { name, namespace } = object.metadata;
    await cluster.api.delete(resourceOf(object), { name: name ?? '', namespace }).catch((error: unknown) => {
      if (!(error instanceof ApiError && error.body.code === 404)) throw error;
    });
  }
}

async function manifestObjects(): Promise<KubeObject[]> {
  const texts = await Promise.all(MANIFESTS.map((file) => readFile(join(packageRoot(), 'deploy', file), 'utf8')));
  return texts.flatMap(parseManifests);
}

async function applyObject(cluster: Cluster, object: KubeObject): Promise<void> {
  const { name = '', namespace } = object.metadata;
  await cluster.api.patch(resourceOf(object), { name, namespace }, 'apply', object);
}

/** The kinds of deploy/ all have a plural with s. */
function resourceOf(object: KubeObject): ResourceRef {
  const [version = '', group = ''] = object.apiVersion.split('/').reverse();
  return { group, version, resource: `${object.kind.toLowerCase()}s` };
}
