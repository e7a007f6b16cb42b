import type { Secret } from '#base';
import type { KubeObject, ResourceRef, StatusBody, WatchEvent } from '#kube';

/** How a list or a watch is narrowed. */
export interface ListQuery {
  /** Only this namespace; without it, all. */
  readonly namespace?: string | undefined;
  readonly labelSelector?: string | undefined;
  readonly fieldSelector?: string | undefined;
}

/** A list as it is on the wire. */
export interface KubeList<T = KubeObject> {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly resourceVersion: string;
    readonly continue?: string;
    readonly remainingItemCount?: number;
  };
  readonly items: readonly T[];
}

/** The patch types of RFC 6902, RFC 7386, Kubernetes' strategic merge patch and server-side apply. */
export type PatchType = 'json' | 'merge' | 'strategic' | 'apply';

/** What a deletion asks for (meta/v1 DeleteOptions). */
export interface DeleteRequest {
  readonly gracePeriodSeconds?: number | undefined;
  readonly propagationPolicy?: 'Orphan' | 'Background' | 'Foreground' | undefined;
  readonly preconditions?: { readonly uid?: string; readonly resourceVersion?: string } | undefined;
}

/** Which object. `namespace` is left out for cluster-scoped kinds. */
export interface ObjectKey {
  readonly namespace?: string | undefined;
  readonly name: string;
}

/**
 * The API server as the lab's own controllers and kubelet see it: in the same process, past authentication and
 * authorization, through the same validation, defaulting and storage as any client. All calls throw {@link ApiError}.
 */
export interface ApiAccess {
  get<T = KubeObject>(resource: ResourceRef, key: ObjectKey): Promise<T>;
  list<T = KubeObject>(resource: ResourceRef, query?: ListQuery): Promise<KubeList<T>>;
  /** Events from `resourceVersion` on; without it, first an ADDED for each present object. Ends when `signal` aborts. */
  watch<T = KubeObject>(
    resource: ResourceRef,
    query: ListQuery & { readonly resourceVersion?: string | undefined; readonly signal: AbortSignal },
  ): AsyncIterable<WatchEvent<T>>;
  create<T = KubeObject>(resource: ResourceRef, namespace: string | undefined, body: unknown): Promise<T>;
  /** Replaces the object; `subresource` is `status` or `finalize`. A wrong metadata.resourceVersion is a 409 Conflict. */
  update<T = KubeObject>(resource: ResourceRef, key: ObjectKey, body: unknown, subresource?: string): Promise<T>;
  patch<T = KubeObject>(
    resource: ResourceRef,
    key: ObjectKey,
    type: PatchType,
    body: unknown,
    subresource?: string,
  ): Promise<T>;
  delete(resource: ResourceRef, key: ObjectKey, request?: DeleteRequest): Promise<void>;
  /** A service account token (authentication.k8s.io/v1 TokenRequest); expirationSeconds at least 600. */
  createToken(
    serviceAccount: { readonly namespace: string; readonly name: string },
    request: {
      readonly audiences: readonly string[];
      readonly expirationSeconds?: number | undefined;
      readonly boundPod?: { readonly name: string; readonly uid: string } | undefined;
    },
  ): Promise<{ readonly token: Secret<string>; readonly expirationTimestamp: string }>;
}

/** A refusal of the API server: `body` is what a client gets, `body.code` the HTTP status, `body.reason` such as `NotFound`. */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  readonly body: StatusBody & { readonly code: number; readonly reason: string };

  constructor(body: StatusBody & { readonly code: number; readonly reason: string }) {
    super(body.message ?? body.reason);
    this.body = body;
  }
}
