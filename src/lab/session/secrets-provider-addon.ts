import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ClusterSpec } from '#lab/cloud';
import { ApiError, type Cluster } from '#lab/cluster';
import type { DaemonSet } from 'kubernetes-types/apps/v1.js';
import { parseManifests, type KubeObject, type ResourceRef } from '#kube';
import { packageRoot } from './package-root.ts';

/** What the add-on is installed with. */
export interface AddonOptions {
  readonly settings: NonNullable<ClusterSpec['secretsProvider']>;
  /** The driver's `--v`. */
  readonly verbosity: number;
  /** Where the driver serves metrics and probes: the pods of all labs share this machine's network. */
  readonly port: number;
}

/** The container of the driver in {@link MANIFEST}. */
const CONTAINER = 'secrets-store';
const MANIFEST = 'keyferry.yaml';

/**
 * The add-on azure-keyvault-secrets-provider: applies what a user applies (deploy/keyferry.yaml) with the settings of the
 * add-on in the driver's arguments. Answers when the objects are there; the cluster starts the driver then.
 */
export async function installAddon(api: Cluster['api'], options: AddonOptions): Promise<void> {
  for (const object of await manifestObjects()) {
    const { name = '', namespace } = object.metadata;
    await api.patch(resourceOf(object), { name, namespace }, 'apply', adapt(object, options));
  }
}

/** Takes the add-on's objects away again, but the CRDs: their objects are the user's. Running pods keep their files. */
export async function removeAddon(api: Cluster['api']): Promise<void> {
  for (const object of (await manifestObjects()).reverse()) {
    if (object.kind === 'CustomResourceDefinition') continue;
    const { name = '', namespace } = object.metadata;
    await api.delete(resourceOf(object), { name, namespace }).catch((error: unknown) => {
      if (!(error instanceof ApiError && error.body.code === 404)) throw error;
    });
  }
}

async function manifestObjects(): Promise<KubeObject[]> {
  return parseManifests(await readFile(join(packageRoot(), 'deploy', MANIFEST), 'utf8'));
}

/** An object of the manifest as the add-on installs it. */
export function adapt(object: KubeObject, { settings, verbosity, port }: AddonOptions): KubeObject {
  if (object.kind !== 'DaemonSet') return object;
  const { spec } = object as KubeObject & DaemonSet;
  const pod = spec?.template.spec;
  const containers = pod?.containers.map((container) => {
    if (container.name !== CONTAINER) return container;
    return {
      ...container,
      args: withFlags(container.args ?? [], {
        'enable-secret-rotation': String(settings.enableSecretRotation),
        'rotation-poll-interval': settings.rotationPollInterval,
        'metrics-addr': `127.0.0.1:${port}`,
        v: String(verbosity),
      }),
      // The probes name it.
      ports: container.ports?.map((one) => (one.name === 'metrics' ? { ...one, containerPort: port } : one)),
    };
  });
  return {
    ...object,
    spec: { ...spec, template: { ...spec?.template, spec: { ...pod, containers } } },
  };
}

/** The arguments with these flags in place of those of the same name, or after all others. */
function withFlags(args: readonly string[], flags: Readonly<Record<string, string>>): string[] {
  const nameOf = (arg: string) => /^--?([^=]+)/.exec(arg)?.[1] ?? '';
  const kept = args.filter((arg) => flags[nameOf(arg)] === undefined);
  return [...kept, ...Object.entries(flags).map(([name, value]) => `--${name}=${value}`)];
}

/** The kinds of deploy/ have regular plurals. */
function resourceOf(object: KubeObject): ResourceRef {
  const [version = '', group = ''] = object.apiVersion.split('/').reverse();
  const kind = object.kind.toLowerCase();
  return { group, version, resource: kind.endsWith('y') ? `${kind.slice(0, -1)}ies` : `${kind}s` };
}
