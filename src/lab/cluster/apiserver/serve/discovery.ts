import { groupVersion, type Kind, type Subresource } from '../kinds/kind.ts';
import { REVIEW_KINDS } from '../kinds/review-kinds.ts';

/** A resource as discovery lists it. */
interface DiscoveredResource {
  readonly group: string;
  readonly version: string;
  readonly resource: string;
  readonly singular: string;
  readonly kind: string;
  readonly namespaced: boolean;
  readonly verbs: readonly string[];
  readonly shortNames: readonly string[];
  readonly categories: readonly string[];
  readonly subresources: readonly DiscoveredSubresource[];
}

interface DiscoveredSubresource {
  readonly name: string;
  readonly kind: { readonly group: string; readonly version: string; readonly kind: string };
  readonly verbs: readonly string[];
}

const OBJECT_VERBS = ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'];

/** What a subresource speaks; `own` is the kind that it belongs to. */
const SUBRESOURCES: Readonly<
  Record<Subresource, { readonly kind: 'own' | readonly [string, string, string]; readonly verbs: readonly string[] }>
> = {
  status: { kind: 'own', verbs: ['get', 'patch', 'update'] },
  scale: { kind: ['autoscaling', 'v1', 'Scale'], verbs: ['get', 'patch', 'update'] },
  log: { kind: 'own', verbs: ['get'] },
  exec: { kind: ['', 'v1', 'PodExecOptions'], verbs: ['create', 'get'] },
  attach: { kind: ['', 'v1', 'PodAttachOptions'], verbs: ['create', 'get'] },
  eviction: { kind: ['policy', 'v1', 'Eviction'], verbs: ['create'] },
  token: { kind: ['authentication.k8s.io', 'v1', 'TokenRequest'], verbs: ['create'] },
  finalize: { kind: 'own', verbs: ['update'] },
};

function discovered(kind: Kind): DiscoveredResource {
  return {
    ...kind,
    verbs: OBJECT_VERBS,
    subresources: kind.subresources.map((name) => {
      const { kind: spoken, verbs } = SUBRESOURCES[name];
      const [group, version, kindName] = spoken === 'own' ? [kind.group, kind.version, kind.kind] : spoken;
      return { name, verbs, kind: { group, version, kind: kindName } };
    }),
  };
}

function allResources(kinds: readonly Kind[]): DiscoveredResource[] {
  const reviews = REVIEW_KINDS.map((review): DiscoveredResource => ({
    ...review,
    singular: review.kind.toLowerCase(),
    verbs: ['create'],
    shortNames: [],
    categories: [],
    subresources: [],
  }));
  return [...kinds.map(discovered), ...reviews];
}

/** GET /api */
export function coreVersions(serverAddress: string): Record<string, unknown> {
  return {
    kind: 'APIVersions',
    versions: ['v1'],
    serverAddressByClientCIDRs: [{ clientCIDR: '0.0.0.0/0', serverAddress }],
  };
}

/** GET /apis */
export function groupList(kinds: readonly Kind[]): Record<string, unknown> {
  const groups = [...new Set(allResources(kinds).map(({ group }) => group))].filter((group) => group !== '');
  return { kind: 'APIGroupList', apiVersion: 'v1', groups: groups.map((group) => groupEntry(kinds, group)) };
}

/** GET /apis/GROUP; undefined when nothing of the group is served. */
export function singleGroup(kinds: readonly Kind[], group: string): Record<string, unknown> | undefined {
  const entry = groupEntry(kinds, group);
  return entry.versions.length === 0 ? undefined : { kind: 'APIGroup', apiVersion: 'v1', ...entry };
}

function groupEntry(kinds: readonly Kind[], group: string) {
  const versions = versionsOf(allResources(kinds), group).map((version) => ({
    groupVersion: groupVersion({ group, version }),
    version,
  }));
  return { name: group, versions, preferredVersion: versions[0] };
}

/** The group's versions, the preferred one first: stable before beta before alpha, higher numbers first. */
function versionsOf(resources: readonly DiscoveredResource[], group: string): string[] {
  const versions = new Set(resources.filter((resource) => resource.group === group).map(({ version }) => version));
  return [...versions].sort((a, b) => compareVersions(b, a));
}

/** Orders versions as Kubernetes prefers them (apimachinery version.CompareKubeAwareVersionStrings). */
export function compareVersions(a: string, b: string): number {
  const [left, right] = [rankVersion(a), rankVersion(b)];
  if (left === undefined || right === undefined) {
    if (left !== undefined) return 1;
    return right === undefined ? b.localeCompare(a) : -1;
  }
  const at = left.findIndex((value, index) => value !== right[index]);
  return at === -1 ? 0 : (left[at] ?? 0) - (right[at] ?? 0);
}

function rankVersion(version: string): readonly number[] | undefined {
  const match = /^v(\d+)(?:(alpha|beta)(\d+))?$/.exec(version);
  if (match === null) return undefined;
  const stage = match[2] === undefined ? 2 : match[2] === 'beta' ? 1 : 0;
  return [stage, Number(match[1]), Number(match[3] ?? 0)];
}

/** GET /apis/GROUP/VERSION or /api/v1; undefined when nothing of it is served. */
export function resourceList(
  kinds: readonly Kind[],
  group: string,
  version: string,
): Record<string, unknown> | undefined {
  const served = allResources(kinds).filter((item) => item.group === group && item.version === version);
  if (served.length === 0) return undefined;
  return {
    kind: 'APIResourceList',
    apiVersion: 'v1',
    groupVersion: groupVersion({ group, version }),
    resources: served.flatMap((item) => [
      {
        name: item.resource,
        singularName: item.singular,
        namespaced: item.namespaced,
        kind: item.kind,
        verbs: item.verbs,
        ...(item.shortNames.length === 0 ? {} : { shortNames: item.shortNames }),
        ...(item.categories.length === 0 ? {} : { categories: item.categories }),
      },
      ...item.subresources.map((subresource) => ({
        name: `${item.resource}/${subresource.name}`,
        singularName: '',
        namespaced: item.namespaced,
        ...(subresource.kind.group === item.group && subresource.kind.version === item.version
          ? {}
          : { group: subresource.kind.group, version: subresource.kind.version }),
        kind: subresource.kind.kind,
        verbs: subresource.verbs,
      })),
    ]),
  };
}

/** GET /api or /apis in the aggregated form (apidiscovery.k8s.io/v2 APIGroupDiscoveryList). */
export function aggregatedDiscovery(kinds: readonly Kind[], root: 'api' | 'apis'): Record<string, unknown> {
  const resources = allResources(kinds);
  const groups = [...new Set(resources.map(({ group }) => group))].filter(
    (group) => (group === '') === (root === 'api'),
  );
  return {
    kind: 'APIGroupDiscoveryList',
    apiVersion: 'apidiscovery.k8s.io/v2',
    metadata: {},
    items: groups.map((group) => ({
      metadata: { ...(group === '' ? {} : { name: group }), creationTimestamp: null },
      versions: versionsOf(resources, group).map((version) => ({
        version,
        freshness: 'Current',
        resources: resources
          .filter((item) => item.group === group && item.version === version)
          .map((item) => aggregatedResource(item)),
      })),
    })),
  };
}

function aggregatedResource(item: DiscoveredResource): Record<string, unknown> {
  return {
    resource: item.resource,
    responseKind: responseKind(item, { group: item.group, version: item.version, kind: item.kind }),
    scope: item.namespaced ? 'Namespaced' : 'Cluster',
    singularResource: item.singular,
    verbs: item.verbs,
    ...(item.shortNames.length === 0 ? {} : { shortNames: item.shortNames }),
    ...(item.categories.length === 0 ? {} : { categories: item.categories }),
    ...(item.subresources.length === 0
      ? {}
      : {
          subresources: item.subresources.map(({ name, kind, verbs }) => ({
            subresource: name,
            responseKind: responseKind(item, kind),
            verbs,
          })),
        }),
  };
}

/** A kind of the resource's own group and version is named without them, as kube-apiserver does for its own. */
function responseKind(item: DiscoveredResource, { group, version, kind }: DiscoveredSubresource['kind']) {
  return group === item.group && version === item.version ? { group: '', version: '', kind } : { group, version, kind };
}
