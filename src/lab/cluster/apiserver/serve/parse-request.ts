/** What a request asks for, as authorization sees it (kube-apiserver's RequestInfo). */
export type RequestInfo = ResourceRequest | PathRequest;

/** A request for a resource. */
export interface ResourceRequest {
  readonly type: 'resource';
  readonly verb: ResourceVerb;
  readonly group: string;
  readonly version: string;
  /** Plural in lower case. */
  readonly resource: string;
  readonly namespace: string | undefined;
  /** '' for a collection. */
  readonly name: string;
  readonly subresource: string | undefined;
}

/** A verb as RBAC rules name it. */
export type ResourceVerb = 'get' | 'list' | 'watch' | 'create' | 'update' | 'patch' | 'delete' | 'deletecollection';

/** A request for a path that is no resource, such as /version. */
export interface PathRequest {
  readonly type: 'path';
  /** The method in lower case. */
  readonly verb: string;
  readonly path: string;
}

/** Reads method and address of a request. */
export function parseRequestInfo(method: string, url: URL): RequestInfo {
  const parts = url.pathname
    .split('/')
    .filter((part) => part !== '')
    .map(decodePart);
  const resource = resourceParts(parts);
  if (resource === undefined) return { type: 'path', verb: method.toLowerCase(), path: url.pathname };
  const { group, version, rest } = resource;
  const scoped = splitScope(rest);
  if (scoped === undefined) return { type: 'path', verb: method.toLowerCase(), path: url.pathname };
  const verb = verbOf(method, scoped.name, url.searchParams);
  return { type: 'resource', verb, group, version, ...scoped };
}

function decodePart(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

function resourceParts(parts: readonly string[]) {
  const [root, first = '', second = ''] = parts;
  if (root === 'api' && parts.length > 2) return { group: '', version: first, rest: parts.slice(2) };
  if (root === 'apis' && parts.length > 3) return { group: first, version: second, rest: parts.slice(3) };
  return undefined;
}

type Scope = Pick<ResourceRequest, 'resource' | 'namespace' | 'name' | 'subresource'>;

const NAMESPACE_SUBRESOURCES = new Set(['status', 'finalize']);

function splitScope(rest: readonly string[]): Scope | undefined {
  const [first = '', second, third, ...more] = rest;
  const inNamespace =
    first === 'namespaces' && second !== undefined && third !== undefined && !NAMESPACE_SUBRESOURCES.has(third);
  if (inNamespace) {
    const [name = '', subresource, ...extra] = more;
    return extra.length > 0 ? undefined : { resource: third, namespace: second, name, subresource };
  }
  if (more.length > 0) return undefined;
  return { resource: first, namespace: undefined, name: second ?? '', subresource: third };
}

function verbOf(method: string, name: string, query: URLSearchParams): ResourceVerb {
  switch (method) {
    case 'POST':
      return 'create';
    case 'PUT':
      return 'update';
    case 'PATCH':
      return 'patch';
    case 'DELETE':
      return name === '' ? 'deletecollection' : 'delete';
    default:
      if (isTrue(query.get('watch'))) return 'watch';
      return name === '' ? 'list' : 'get';
  }
}

/** Whether a query parameter says yes. */
export function isTrue(value: string | null): boolean {
  return value === 'true' || value === '1';
}
