import { readGivenFlags, type GivenFlags } from './go-flags.ts';
import type { ContainerObject, DaemonSetObject } from './objects.ts';

/** What a DaemonSet is in the way of a secret. */
export type ComponentRole = 'driver' | 'azure-provider' | 'other-provider' | 'keyferry';

/** Who put it there, and would put it there again. */
export type ComponentOrigin =
  | { readonly kind: 'helm'; readonly release: string; readonly namespace: string }
  | { readonly kind: 'aks-addon' }
  | { readonly kind: 'manifest' };

/** A DaemonSet of the cluster that has to do with the volumes of secrets. */
export interface Component {
  readonly role: ComponentRole;
  readonly os: 'linux' | 'windows';
  readonly origin: ComponentOrigin;
  /** `DaemonSet namespace/name`. */
  readonly at: string;
  readonly namespace: string;
  readonly name: string;
  /** The image that does the work, with its tag. */
  readonly image: string;
  /** The image's tag without a v; undefined where it has none, as one that is named by digest. */
  readonly version: string | undefined;
  /** None of other vendors' programs: nothing here depends on them, and they may be secrets. */
  readonly flags: GivenFlags;
  readonly container: ContainerObject;
  readonly daemonSet: DaemonSetObject;
}

/** The folders on a Linux node where upstream's driver looks for the sockets of providers. */
export const PROVIDER_FOLDERS = [
  '/etc/kubernetes/secrets-store-csi-providers',
  '/var/run/secrets-store-csi-providers',
] as const;

/** The folder below kubelet's where the driver has its CSI socket; the end of a path of either system. */
const PLUGIN_FOLDER = /[\\/]plugins[\\/]csi-secrets-store[\\/]?$/;

/** The DaemonSets that are a driver, a provider or Keyferry. */
export function findComponents(daemonSets: readonly DaemonSetObject[]): Component[] {
  const drivers = daemonSets.flatMap((daemonSet) => asComponent(daemonSet, driverOf));
  const folders = new Set<string>(PROVIDER_FOLDERS);
  for (const { flags } of drivers) for (const folder of providerFolders(flags)) folders.add(folder);
  const driverAt = new Set(drivers.map(({ at }) => at));
  const providers = daemonSets.flatMap((daemonSet) => asComponent(daemonSet, (each) => providerOf(each, folders)));
  return [...drivers, ...providers.filter(({ at }) => !driverAt.has(at))];
}

/** Where a driver looks for providers, as far as its flags say so. */
export function providerFolders(flags: GivenFlags): string[] {
  const said = [flags.get('provider-volume') ?? '', flags.get('additional-provider-volume-paths') ?? ''];
  return said.flatMap((text) => text.split(',')).filter((folder) => folder.trim() !== '');
}

/** The paths of the node that a DaemonSet mounts, by the names of their volumes. */
export function hostPaths(daemonSet: DaemonSetObject): ReadonlyMap<string, string> {
  const volumes = daemonSet.spec.template.spec.volumes ?? [];
  return new Map(volumes.flatMap(({ name, hostPath }) => (hostPath?.path ? [[name, hostPath.path] as const] : [])));
}

type Recognizer = (daemonSet: DaemonSetObject) => { role: ComponentRole; container: ContainerObject } | undefined;

function driverOf(daemonSet: DaemonSetObject): ReturnType<Recognizer> {
  const { containers } = daemonSet.spec.template.spec;
  const keyferry = containers.find(({ image, args }) => /(^|\/)keyferry([:@]|$)/.test(image) && args?.[0] === 'node');
  if (keyferry !== undefined) return { role: 'keyferry', container: keyferry };
  const isPlugin = [...hostPaths(daemonSet).values()].some((path) => PLUGIN_FOLDER.test(path));
  const driver =
    containers.find(({ image }) => /secrets-store\/driver([:@]|$)/.test(image)) ??
    (isPlugin ? containers.find(({ name }) => name === 'secrets-store') : undefined);
  return driver && { role: 'driver', container: driver };
}

function providerOf(daemonSet: DaemonSetObject, folders: ReadonlySet<string>): ReturnType<Recognizer> {
  const { containers } = daemonSet.spec.template.spec;
  const azure = containers.find(
    ({ image, name }) => /\/provider-azure([:@]|$)/.test(image) || name === 'provider-azure-installer',
  );
  if (azure !== undefined) return { role: 'azure-provider', container: azure };
  const paths = [...hostPaths(daemonSet).values()].map((path) => path.replace(/\/+$/, ''));
  const [first] = containers;
  if (first === undefined || !paths.some((path) => folders.has(path))) return undefined;
  return { role: 'other-provider', container: first };
}

function asComponent(daemonSet: DaemonSetObject, recognize: Recognizer): Component[] {
  const found = recognize(daemonSet);
  if (found === undefined) return [];
  const { container, role } = found;
  const { name, namespace = '' } = daemonSet.metadata;
  return [
    {
      role,
      os: isWindows(daemonSet) ? 'windows' : 'linux',
      origin: originOf(daemonSet),
      at: `DaemonSet ${namespace}/${name}`,
      namespace,
      name,
      image: container.image,
      version: /:v?([^:/@]+)(@|$)/.exec(container.image)?.[1],
      flags:
        role === 'other-provider'
          ? new Map()
          : readGivenFlags([...(container.command ?? []), ...(container.args ?? [])]),
      container,
      daemonSet,
    },
  ];
}

function isWindows({ spec }: DaemonSetObject): boolean {
  const { nodeSelector } = spec.template.spec;
  return nodeSelector?.['kubernetes.io/os'] === 'windows' || nodeSelector?.['beta.kubernetes.io/os'] === 'windows';
}

/** Who an object belongs to, by what Helm and AKS write on theirs. */
export function originOf({ metadata: { name, labels, annotations } }: DaemonSetObject | MetadataOnly): ComponentOrigin {
  if (labels?.['kubernetes.azure.com/managedby'] === 'aks' || name.startsWith('aks-secrets-store-')) {
    return { kind: 'aks-addon' };
  }
  const release = annotations?.['meta.helm.sh/release-name'];
  const namespace = annotations?.['meta.helm.sh/release-namespace'];
  return release && namespace ? { kind: 'helm', release, namespace } : { kind: 'manifest' };
}

type MetadataOnly = Pick<DaemonSetObject, 'metadata'>;

/** An origin for a person. */
export function originText(origin: ComponentOrigin): string {
  if (origin.kind === 'helm') return `Helm release ${origin.release} in ${origin.namespace}`;
  return origin.kind === 'aks-addon' ? 'the AKS add-on azure-keyvault-secrets-provider' : 'manifests, applied by hand';
}
