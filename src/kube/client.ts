import type { IncomingMessage } from 'node:http';
import { KeyferryError, Secret, withDeadline, type Clock } from '#base';
import { isWatchEvent, parseAnswer } from './answers.ts';
import type { KubeConfig } from './config.ts';
import { errorOfStatusBody } from './errors.ts';
import { execInPod, type ExecRequest, type ExecResult } from './exec.ts';
import { readJsonLines } from './json-lines.ts';
import { describeObject, resourcePath, RESOURCES, type ObjectKey } from './resources.ts';
import { createTransport } from './transport.ts';
import type { KubeObject, ResourceRef, StatusBody, WatchEvent } from './types.ts';

/** How a list or a watch is narrowed. */
export interface KubeListQuery {
  /** Only this namespace; without it, all. */
  readonly namespace?: string | undefined;
  readonly labelSelector?: string | undefined;
  readonly fieldSelector?: string | undefined;
  /** Only kind, apiVersion and metadata of each object come (PartialObjectMetadata). */
  readonly metadataOnly?: boolean;
  /** A list: at most so many objects. */
  readonly limit?: number;
}

/** Where a watch begins and how it ends. */
export interface KubeWatchQuery extends KubeListQuery {
  /** Without it: first an ADDED for each object that is there. */
  readonly resourceVersion?: string;
  /** The server ends the watch after this time. */
  readonly timeoutSeconds?: number;
  readonly signal: AbortSignal;
}

/** A list as it is on the wire. */
export interface KubeObjectList<T = KubeObject> {
  readonly metadata: { readonly resourceVersion: string; readonly continue?: string };
  readonly items: readonly T[];
}

/** What is common to all calls. */
export interface CallOptions {
  readonly signal?: AbortSignal | undefined;
  /** Default 30 s. */
  readonly timeoutMs?: number;
}

/** A patch. `apply` is server-side apply and needs a `fieldManager`. */
export interface KubePatch {
  readonly type: 'json' | 'merge' | 'strategic' | 'apply';
  readonly body: unknown;
  readonly fieldManager?: string;
  /** Server-side apply only: take fields over from other managers. */
  readonly force?: boolean;
  readonly subresource?: string;
}

/** What a pod's logs are asked for. */
export interface LogsRequest {
  readonly container?: string;
  readonly follow?: boolean;
  readonly previous?: boolean;
  readonly tailLines?: number;
  readonly signal?: AbortSignal;
}

/** The API server's side that Keyferry uses. Every call throws KeyferryError with the Status reason as `upstreamCode`. */
export interface KubeClient {
  get<T = KubeObject>(resource: ResourceRef, key: ObjectKey, options?: CallOptions): Promise<T>;
  list<T = KubeObject>(resource: ResourceRef, query?: KubeListQuery, options?: CallOptions): Promise<KubeObjectList<T>>;
  /** Events from `resourceVersion` on. Ends when the server ends it or `signal` aborts; a Status 410 is thrown (reason Expired or Gone). */
  watch<T = KubeObject>(resource: ResourceRef, query: KubeWatchQuery): AsyncIterable<WatchEvent<T>>;
  create<T = KubeObject>(
    resource: ResourceRef,
    namespace: string | undefined,
    body: unknown,
    options?: CallOptions & { readonly fieldManager?: string },
  ): Promise<T>;
  update<T = KubeObject>(
    resource: ResourceRef,
    key: ObjectKey,
    body: unknown,
    options?: CallOptions & { readonly subresource?: string },
  ): Promise<T>;
  patch<T = KubeObject>(resource: ResourceRef, key: ObjectKey, patch: KubePatch, options?: CallOptions): Promise<T>;
  /** Deletes an object; `gracePeriodSeconds` and the rest as in meta/v1 DeleteOptions. */
  delete(
    resource: ResourceRef,
    key: ObjectKey,
    request?: Readonly<Record<string, unknown>>,
    options?: CallOptions,
  ): Promise<void>;
  /** A service account token by the TokenRequest API. */
  createToken(
    serviceAccount: ObjectKey,
    request: { readonly audiences: readonly string[]; readonly expirationSeconds?: number },
    options?: CallOptions,
  ): Promise<{ readonly token: Secret<string>; readonly expirationTimestamp: string }>;
  /** A pod's log as it comes; with `follow` until the container ends or `signal` aborts. */
  logs(pod: ObjectKey, request?: LogsRequest): AsyncIterable<Uint8Array>;
  /** Runs a command in a container and answers its exit code. */
  exec(pod: ObjectKey, request: ExecRequest): Promise<ExecResult>;
  /** The JSON at any path, for example `/apis` or `/version`; `accept` is its media type where that is not JSON's own. */
  getPath<T = unknown>(path: string, options?: CallOptions & { readonly accept?: string }): Promise<T>;
}

/** What {@link createKubeClient} needs. */
export interface KubeClientOptions {
  readonly config: KubeConfig;
  readonly clock: Clock;
  /** Default `keyferry`. */
  readonly userAgent?: string;
}

const PATCH_TYPES = {
  json: 'application/json-patch+json',
  merge: 'application/merge-patch+json',
  strategic: 'application/strategic-merge-patch+json',
  apply: 'application/apply-patch+yaml',
} as const satisfies Record<KubePatch['type'], string>;

const DEFAULT_TIMEOUT_MS = 30_000;

/** A thin client of one API server. It opens connections at the first call; disposing it closes them. */
export function createKubeClient({
  config,
  clock,
  userAgent = 'keyferry',
}: KubeClientOptions): KubeClient & Disposable {
  const transport = createTransport(config, userAgent);

  const call = <T>(
    what: string,
    method: string,
    path: string,
    { signal, timeoutMs = DEFAULT_TIMEOUT_MS }: CallOptions = {},
    body?: { readonly type: string; readonly value: unknown },
    headers?: Readonly<Record<string, string>>,
  ): Promise<T> =>
    withDeadline({ clock, timeoutMs, signal, what }, async (linked) => {
      const response = await transport.send({
        method,
        path,
        signal: linked,
        ...(headers !== undefined && { headers }),
        ...(body !== undefined && { headers: { 'content-type': body.type }, body: JSON.stringify(body.value) }),
      });
      return parseAnswer<T>(what, response);
    });

  const stream = async (
    what: string,
    path: string,
    signal: AbortSignal,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<IncomingMessage> => {
    const response = await withDeadline({ clock, timeoutMs: DEFAULT_TIMEOUT_MS, what }, () =>
      transport.send({ method: 'GET', path, signal, headers }),
    );
    if (response.statusCode !== 200) await parseAnswer(what, response);
    return response;
  };

  const json = (value: unknown) => ({ type: 'application/json', value });

  return {
    get: (resource, key, options) =>
      call(`getting ${describeObject(resource, key)}`, 'GET', resourcePath(resource, key), options),

    list: (resource, query = {}, options) =>
      call(
        `listing ${describeObject(resource, { namespace: query.namespace })}`,
        'GET',
        resourcePath(resource, { namespace: query.namespace }) +
          queryText({ ...selectors(query), limit: query.limit?.toString() }),
        options,
        undefined,
        query.metadataOnly === true ? { accept: `${partial('List')},application/json` } : undefined,
      ),

    async *watch<T>(resource: ResourceRef, query: KubeWatchQuery): AsyncGenerator<WatchEvent<T>> {
      const what = `watching ${describeObject(resource, { namespace: query.namespace })}`;
      const path =
        resourcePath(resource, { namespace: query.namespace }) +
        queryText({
          ...selectors(query),
          watch: 'true',
          allowWatchBookmarks: 'true',
          resourceVersion: query.resourceVersion,
          timeoutSeconds: query.timeoutSeconds?.toString(),
        });
      if (query.signal.aborted) return;
      const headers = query.metadataOnly === true ? { accept: `${partial('')},application/json` } : {};
      try {
        for await (const value of readJsonLines(await stream(what, path, query.signal, headers))) {
          if (!isWatchEvent(value))
            throw new KeyferryError('unavailable', `${what}: the API server sent what is no event`);
          const event = value as WatchEvent<T>;
          if (event.type === 'ERROR') {
            const status = event.object as unknown as StatusBody;
            throw errorOfStatusBody(what, status.code ?? 500, status);
          }
          yield event;
        }
      } catch (error) {
        if (query.signal.aborted) return;
        throw error;
      }
    },

    create: (resource, namespace, body, options) =>
      call(
        `creating ${describeObject(resource, { namespace, name: nameOf(body) })}`,
        'POST',
        resourcePath(resource, { namespace }) + queryText({ fieldManager: options?.fieldManager }),
        options,
        json(body),
      ),

    update: (resource, key, body, options) =>
      call(
        `updating ${describeObject(resource, key)}`,
        'PUT',
        resourcePath(resource, { ...key, subresource: options?.subresource }),
        options,
        json(body),
      ),

    patch: (resource, key, patch, options) =>
      call(
        `${patch.type === 'apply' ? 'applying' : 'patching'} ${describeObject(resource, key)}`,
        'PATCH',
        resourcePath(resource, { ...key, subresource: patch.subresource }) +
          queryText({ fieldManager: patch.fieldManager, force: patch.force === true ? 'true' : undefined }),
        options,
        { type: PATCH_TYPES[patch.type], value: patch.body },
      ),

    delete: (resource, key, request = {}, options) =>
      call(
        `deleting ${describeObject(resource, key)}`,
        'DELETE',
        resourcePath(resource, key),
        options,
        json({ apiVersion: 'v1', kind: 'DeleteOptions', ...request }),
      ),

    async createToken(serviceAccount, request, options) {
      const answer = await call<{ status: { token: string; expirationTimestamp: string } }>(
        `requesting a token of ${describeObject(RESOURCES.serviceaccounts, serviceAccount)}`,
        'POST',
        resourcePath(RESOURCES.serviceaccounts, { ...serviceAccount, subresource: 'token' }),
        options,
        json({ apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: request }),
      );
      return { token: new Secret(answer.status.token), expirationTimestamp: answer.status.expirationTimestamp };
    },

    async *logs(pod, request = {}) {
      const { signal = new AbortController().signal } = request;
      const path =
        resourcePath(RESOURCES.pods, { ...pod, subresource: 'log' }) +
        queryText({
          container: request.container,
          follow: request.follow === true ? 'true' : undefined,
          previous: request.previous === true ? 'true' : undefined,
          tailLines: request.tailLines?.toString(),
        });
      try {
        yield* await stream(`reading the log of ${describeObject(RESOURCES.pods, pod)}`, path, signal);
      } catch (error) {
        if (!signal.aborted) throw error;
      }
    },

    exec: (pod, request) => execInPod({ config, transport }, pod, request),

    getPath: (path, { accept, ...options } = {}) =>
      call(`getting ${path}`, 'GET', path, options, undefined, accept === undefined ? undefined : { accept }),

    [Symbol.dispose]: () => transport[Symbol.dispose](),
  };
}

function selectors(query: KubeListQuery): Record<string, string | undefined> {
  return { labelSelector: query.labelSelector, fieldSelector: query.fieldSelector };
}

/** The media type of metadata alone; a server that does not know it takes the next one of the header. */
function partial(suffix: '' | 'List'): string {
  return `application/json;as=PartialObjectMetadata${suffix};g=meta.k8s.io;v=v1`;
}

function queryText(fields: Readonly<Record<string, string | undefined>>): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(fields)) if (value !== undefined) query.set(name, value);
  const text = query.toString();
  return text === '' ? '' : `?${text}`;
}

function nameOf(body: unknown): string | undefined {
  const metadata = (body as Partial<KubeObject> | undefined)?.metadata;
  return metadata?.name ?? metadata?.generateName;
}
