import { KeyferryError } from '#base';
import { RESOURCES, type KubeClient, type KubeListQuery, type ResourceRef } from '#kube';
import { SECRET_CLASS_GROUP, SECRET_CLASS_RESOURCES } from '#secretclass';
import { findComponents, type Component } from './components.ts';
import { readHelmRelease, type HelmRelease } from './helm-release.ts';
import {
  classObjectSchema,
  csiDriverSchema,
  daemonSetSchema,
  metadataSchema,
  parseItems,
  podSchema,
  type CsiDriverObject,
  type DaemonSetObject,
  type MetadataObject,
} from './objects.ts';

/** The name of the driver, and of its CSIDriver object. */
export const DRIVER_NAME = 'secrets-store.csi.k8s.io';

const DAEMON_SETS = { group: 'apps', version: 'v1', resource: 'daemonsets' } satisfies ResourceRef;
const CSI_DRIVERS = { group: 'storage.k8s.io', version: 'v1', resource: 'csidrivers' } satisfies ResourceRef;
const DEFINITIONS = {
  group: 'apiextensions.k8s.io',
  version: 'v1',
  resource: 'customresourcedefinitions',
} satisfies ResourceRef;
const CLUSTER_ROLES = {
  group: 'rbac.authorization.k8s.io',
  version: 'v1',
  resource: 'clusterroles',
} satisfies ResourceRef;

/** The names of upstream's ClusterRoles, in all versions of its chart. */
const ROLE_NAME = /^(secretprovider(classes|classpodstatuses|syncing|rotation|tokenrequest)-|secretproviderclass)/;
const TIMEOUT_MS = 60_000;

/** A volume of a pod that the driver mounts. */
export interface SecretVolume {
  readonly namespace: string;
  readonly pod: string;
  readonly className: string;
  /** Whether the volume names a Secret with a service principal. */
  readonly hasPublishSecret: boolean;
  /** Whether the pod has come to its end: nothing is mounted for it any more. */
  readonly ended: boolean;
}

/** Everything of a cluster that the checks look at. No Secret's value is in it. */
export interface ClusterView {
  /** The namespaces that classes, volumes and Secrets are read of; undefined: all. */
  readonly namespace: string | undefined;
  readonly windowsNodes: readonly string[];
  readonly components: readonly Component[];
  readonly releases: readonly HelmRelease[];
  readonly csiDriver: CsiDriverObject | undefined;
  readonly definitions: readonly MetadataObject[];
  /** ClusterRoles with upstream's names; undefined where they may not be listed. */
  readonly roles: readonly MetadataObject[] | undefined;
  /** SecretProviderClass objects as they are on the wire. */
  readonly classes: readonly { readonly metadata: { readonly name: string; readonly namespace: string } }[];
  readonly volumes: readonly SecretVolume[];
  /** Metadata of the Secrets of the namespaces with classes; undefined where they may not be listed. */
  readonly secrets: readonly MetadataObject[] | undefined;
  /** What could not be read, and why. */
  readonly unread: readonly { readonly what: string; readonly why: string }[];
}

/** What {@link readCluster} is told. */
export interface ReadOptions {
  /** Only this namespace's classes, pods and Secrets. Default: all. */
  readonly namespace?: string | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Reads what the checks need, and changes nothing. What the caller may not read is told in `unread`; any other failure is
 * thrown, and that DaemonSets may not be listed: without them nothing can be told. Secrets come without their data, but for the records of the Helm releases that own a driver or a provider.
 */
export async function readCluster(
  client: Pick<KubeClient, 'list'>,
  { namespace, signal }: ReadOptions,
): Promise<ClusterView> {
  const unread: { what: string; why: string }[] = [];
  const list = async (
    what: string,
    resource: ResourceRef,
    query: KubeListQuery = {},
  ): Promise<unknown[] | undefined> => {
    try {
      return [...(await client.list<unknown>(resource, query, { signal, timeoutMs: TIMEOUT_MS })).items];
    } catch (error) {
      const code = error instanceof KeyferryError ? error.code : undefined;
      // A kind that nobody has installed has no objects.
      if (code === 'not-found') return [];
      if (code !== 'permission-denied' || resource === DAEMON_SETS) throw error;
      unread.push({ what, why: (error as KeyferryError).message });
      return undefined;
    }
  };
  const metadataOnly = true;
  const [daemonSets, nodes, drivers, definitions, roles, classes, pods] = await Promise.all([
    list('DaemonSets', DAEMON_SETS),
    list('nodes', RESOURCES.nodes, { metadataOnly }),
    list('CSIDriver objects', CSI_DRIVERS),
    list('CustomResourceDefinitions', DEFINITIONS, { metadataOnly }),
    list('ClusterRoles', CLUSTER_ROLES, { metadataOnly }),
    list('SecretProviderClasses', SECRET_CLASS_RESOURCES.classes, { namespace }),
    list('pods', RESOURCES.pods, { namespace }),
  ]);
  const components = findComponents(parseItems(daemonSetSchema, 'DaemonSets', (daemonSets ?? []).filter(mayMatter)));
  const namesOf = (what: string, items: unknown[] | undefined) => parseItems(metadataSchema, what, items ?? []);
  const parsedClasses = parseItems(classObjectSchema, 'SecretProviderClasses', classes ?? []);
  const releases = await readReleases(components, list);
  const secrets = await readSecrets(parsedClasses, list);
  return {
    namespace,
    windowsNodes: namesOf('nodes', nodes)
      .filter(({ metadata }) => metadata.labels?.['kubernetes.io/os'] === 'windows')
      .map(({ metadata }) => metadata.name),
    components,
    releases,
    csiDriver: parseItems(csiDriverSchema, 'CSIDriver objects', drivers ?? []).find(
      ({ metadata }) => metadata.name === DRIVER_NAME,
    ),
    definitions: namesOf('CustomResourceDefinitions', definitions).filter(({ metadata }) =>
      metadata.name.endsWith(`.${SECRET_CLASS_GROUP}`),
    ),
    roles: roles && namesOf('ClusterRoles', roles).filter(({ metadata }) => ROLE_NAME.test(metadata.name)),
    classes: parsedClasses,
    volumes: volumesOf(pods ?? []),
    secrets,
    unread,
  };
}

type List = (what: string, resource: ResourceRef, query?: KubeListQuery) => Promise<unknown[] | undefined>;

/** DaemonSets of others may have what these schemas do not expect: only those with a path of the node are looked at. */
function mayMatter(daemonSet: unknown): boolean {
  const { volumes } = (daemonSet as Partial<DaemonSetObject>).spec?.template.spec ?? {};
  return volumes?.some(({ hostPath }) => hostPath !== undefined) ?? false;
}

async function readReleases(components: readonly Component[], list: List): Promise<HelmRelease[]> {
  const named = new Map<string, { release: string; namespace: string }>();
  for (const { origin } of components) {
    if (origin.kind === 'helm') named.set(`${origin.namespace}/${origin.release}`, origin);
  }
  const releases: HelmRelease[] = [];
  for (const { release, namespace } of named.values()) {
    const what = `the record of the Helm release ${namespace}/${release}`;
    const labelSelector = `owner=helm,status=deployed,name=${release}`;
    for (const item of (await list(what, RESOURCES.secrets, { namespace, labelSelector })) ?? []) {
      const data = (item as { data?: { release?: unknown } }).data?.release;
      const read = typeof data === 'string' ? readHelmRelease(data) : undefined;
      if (read?.name === release) releases.push(read);
    }
  }
  return releases;
}

async function readSecrets(classes: ClusterView['classes'], list: List): Promise<MetadataObject[] | undefined> {
  const namespaces = [...new Set(classes.filter(asksForSecrets).map(({ metadata }) => metadata.namespace))];
  const all: MetadataObject[] = [];
  for (const namespace of namespaces) {
    const items = await list(`Secrets of ${namespace}`, RESOURCES.secrets, { namespace, metadataOnly: true });
    if (items === undefined) return undefined;
    all.push(...parseItems(metadataSchema, 'Secrets', items));
  }
  return all;
}

function asksForSecrets(object: unknown): boolean {
  const { secretObjects } = (object as { spec?: { secretObjects?: unknown } }).spec ?? {};
  return Array.isArray(secretObjects) && secretObjects.length > 0;
}

function volumesOf(pods: readonly unknown[]): SecretVolume[] {
  const mayMount = pods.filter((pod) =>
    (pod as { spec?: { volumes?: { csi?: unknown }[] } }).spec?.volumes?.some(({ csi }) => csi !== undefined),
  );
  return parseItems(podSchema, 'pods', mayMount).flatMap(({ metadata, spec, status }) =>
    (spec.volumes ?? []).flatMap(({ csi }) =>
      csi?.driver !== DRIVER_NAME
        ? []
        : [
            {
              namespace: metadata.namespace ?? '',
              pod: metadata.name,
              className: csi.volumeAttributes?.['secretProviderClass'] ?? '',
              hasPublishSecret: csi.nodePublishSecretRef !== undefined && csi.nodePublishSecretRef !== null,
              ended: status?.phase === 'Succeeded' || status?.phase === 'Failed',
            },
          ],
    ),
  );
}
