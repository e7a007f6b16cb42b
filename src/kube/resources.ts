import { KeyferryError } from '#base';
import type { ResourceRef } from './types.ts';

/** The resources that Keyferry itself uses of Kubernetes' own API. */
export const RESOURCES = {
  pods: { group: '', version: 'v1', resource: 'pods' },
  secrets: { group: '', version: 'v1', resource: 'secrets' },
  configmaps: { group: '', version: 'v1', resource: 'configmaps' },
  events: { group: '', version: 'v1', resource: 'events' },
  namespaces: { group: '', version: 'v1', resource: 'namespaces' },
  nodes: { group: '', version: 'v1', resource: 'nodes' },
  serviceaccounts: { group: '', version: 'v1', resource: 'serviceaccounts' },
} as const satisfies Record<string, ResourceRef>;

/** Which object. `namespace` is left out for cluster-scoped kinds. */
export interface ObjectKey {
  readonly namespace?: string | undefined;
  readonly name: string;
}

/**
 * The path of a resource, of one object, or of an object's subresource. Throws `invalid-input` for a name that would be the
 * path of another object (what a pod says is a class may be called `..`), as client-go does.
 */
export function resourcePath(
  { group, version, resource }: ResourceRef,
  {
    namespace,
    name,
    subresource,
  }: { namespace?: string | undefined; name?: string; subresource?: string | undefined } = {},
): string {
  const parts = group === '' ? ['api', version] : ['apis', group, version];
  if (namespace !== undefined) parts.push('namespaces', namespace);
  parts.push(resource);
  if (name !== undefined) parts.push(name);
  if (subresource !== undefined) parts.push(subresource);
  const odd = parts.find((part) => part === '' || part === '.' || part === '..');
  if (odd !== undefined) throw new KeyferryError('invalid-input', `"${odd}" is no name of one of the ${resource}`);
  return `/${parts.map(encodeURIComponent).join('/')}`;
}

/** `pods ns/name`, for error texts. */
export function describeObject(
  resource: ResourceRef,
  key: { readonly namespace?: string | undefined; readonly name?: string | undefined },
): string {
  const name = [key.namespace, key.name].filter((part) => part !== undefined).join('/');
  return name === '' ? resource.resource : `${resource.resource} ${name}`;
}
