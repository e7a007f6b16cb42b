import { expect } from 'vitest';
import type { Answer, Body, Call, ClusterClient } from './cluster-client.ts';

/** One claim about the Kubernetes API, and how to see whether a server keeps it. */
export interface Case {
  /** Unique, for the list of lacks: `patches/json-test-fails`. */
  readonly id: string;
  /** What a Kubernetes API server does, as a sentence. */
  readonly claim: string;
  readonly run: (world: World) => Promise<void>;
}

/** Where a case works: a namespace that is only this run's, in which each case uses names of its own. */
export interface World {
  readonly api: ClusterClient;
  readonly namespace: string;
  /** A name that no other case uses. */
  name(prefix?: string): string;
  /** Called after all cases, for what is outside of the namespace. */
  cleanUp(path: string): void;

  create(resource: string, body: Body, query?: string): Promise<Answer>;
  get(resource: string, name: string, query?: string): Promise<Answer>;
  list(resource: string, query?: string, accept?: string): Promise<Answer>;
  update(resource: string, name: string, body: Body, query?: string): Promise<Answer>;
  patch(resource: string, name: string, type: PatchType, body: unknown, query?: string): Promise<Answer>;
  delete(resource: string, name: string, body?: Body, query?: string): Promise<Answer>;
  watch(
    resource: string,
    query: string,
    enough: (events: readonly Body[]) => boolean,
    accept?: string,
  ): Promise<readonly Body[]>;
  call(call: Call): Promise<Answer>;
  /** The path of a resource in the namespace, or of a cluster-scoped one (`/…`): `pods`, `apps/v1/deployments`. */
  path(resource: string, name?: string, query?: string): string;
}

/** The kinds of patches, and their content types. */
export const PATCH_TYPES = {
  json: 'application/json-patch+json',
  merge: 'application/merge-patch+json',
  strategic: 'application/strategic-merge-patch+json',
  apply: 'application/apply-patch+yaml',
} as const;

/** A kind of patch. */
export type PatchType = keyof typeof PATCH_TYPES;

/** What kube-apiserver says to a watch of what is there now when its etcd cannot tell how far it is. */
const OLD_ETCD = /storage feature RequestWatchProgress is disabled|^Timeout: Too large resource version/;

/** A world for one run of all cases. */
export function createWorld(api: ClusterClient, namespace: string, cleanUp: (path: string) => void): World {
  let count = 0;
  const path = (resource: string, name = '', query = '') => {
    const clusterScoped = resource.startsWith('/');
    const parts = resource.replace(/^\//, '').split('/');
    const plural = parts.pop() ?? '';
    const root = parts.length === 0 ? '/api/v1' : `/apis/${parts.join('/')}`;
    const place = clusterScoped ? '' : `/namespaces/${namespace}`;
    return `${root}${place}/${plural}${name === '' ? '' : `/${name}`}${query === '' ? '' : `?${query}`}`;
  };
  return {
    api,
    namespace,
    cleanUp,
    path,
    name: (prefix = 'c') => {
      count += 1;
      return `${prefix}-${count}`;
    },
    call: (call) => api.call(call),
    create: (resource, body, query) => api.call({ method: 'POST', path: path(resource, '', query), body }),
    get: (resource, name, query) => api.call({ method: 'GET', path: path(resource, name, query) }),
    list: (resource, query, accept) =>
      api.call({ method: 'GET', path: path(resource, '', query), ...(accept === undefined ? {} : { accept }) }),
    update: (resource, name, body, query) => api.call({ method: 'PUT', path: path(resource, name, query), body }),
    patch: (resource, name, type, body, query) =>
      api.call({ method: 'PATCH', path: path(resource, name, query), body, contentType: PATCH_TYPES[type] }),
    delete: (resource, name, body, query) => api.call({ method: 'DELETE', path: path(resource, name, query), body }),
    watch: async (resource, query, enough, accept) => {
      const events = await api.watch(path(resource, '', `watch=true&${query}`), enough, accept);
      const [first] = events;
      if (OLD_ETCD.test(String(first?.object?.message))) {
        throw new CannotTell('the etcd behind the server is older than 3.4.25 and tells no progress of watches');
      }
      return events;
    },
  };
}

/** Thrown by a case that cannot be told on this server, because of what stands behind it; the text says what. */
export class CannotTell extends Error {}

/** The body of an answer that must have the code. */
export function answered(answer: Answer, code: number): Body {
  expect(answer.code, answer.text).toBe(code);
  return answer.body;
}

/** The Status of an answer that must be a refusal with this code, reason and part of its message. */
export function refused(answer: Answer, code: number, reason: string, message = ''): Body {
  expect(answer.code, answer.text).toBe(code);
  expect(answer.body).toMatchObject({ apiVersion: 'v1', kind: 'Status', status: 'Failure', code, reason });
  expect(answer.body.message).toContain(message);
  return answer.body;
}

/** A ConfigMap. */
export function configMap(name: string, data: object = {}, metadata: object = {}): Body {
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, ...metadata }, data };
}

/** A Deployment of no pods. */
export function deployment(name: string, spec: object = {}): Body {
  return { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name }, spec: { ...workloadSpec(name), ...spec } };
}

/** The spec of a workload of no pods, whose label is its name. */
export function workloadSpec(name: string): Body {
  return {
    replicas: 0,
    selector: { matchLabels: { app: name } },
    template: {
      metadata: { labels: { app: name } },
      spec: { containers: [{ name: 'main', image: 'registry.k8s.io/pause:3.10' }] },
    },
  };
}

/** Tries until the server has caught up, at most so long: what controllers and caches do takes a moment. */
export async function eventually<T>(look: () => Promise<T>, done: (found: T) => boolean, forMs = 5000): Promise<T> {
  const deadline = Date.now() + forMs;
  for (;;) {
    const found = await look();
    if (done(found) || Date.now() > deadline) return found;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
