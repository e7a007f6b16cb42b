import type { ObjectMeta as WireObjectMeta } from 'kubernetes-types/meta/v1.js';

/** The metadata of an object as it is on the wire (times are RFC 3339 texts). */
export type ObjectMeta = WireObjectMeta;

/** Any object of the Kubernetes API as it is on the wire. */
export interface KubeObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: ObjectMeta;
  readonly [field: string]: unknown;
}

/** A resource of the API: where its objects live. */
export interface ResourceRef {
  /** The API group; `''` for the core group. */
  readonly group: string;
  readonly version: string;
  /** The plural in lower case, as in paths: `pods`. */
  readonly resource: string;
}

/** One event of a watch. `BOOKMARK` carries only kind, apiVersion and metadata.resourceVersion. */
export interface WatchEvent<T = KubeObject> {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK' | 'ERROR';
  readonly object: T;
}

/** The body of an API error: `kind: Status` (Kubernetes API conventions, "Response Status Kind"). */
export interface StatusBody {
  readonly apiVersion: 'v1';
  readonly kind: 'Status';
  readonly metadata: Record<string, unknown>;
  readonly status: 'Failure' | 'Success';
  readonly message?: string;
  readonly reason?: string;
  readonly details?: Readonly<Record<string, unknown>>;
  readonly code?: number;
}

export type {
  ConfigMap,
  Container,
  ContainerStatus,
  EnvVar,
  Event,
  Node,
  Pod,
  PodCondition,
  PodSpec,
  PodStatus,
  Secret as SecretObject,
  ServiceAccount,
  Volume,
} from 'kubernetes-types/core/v1.js';
export type { OwnerReference } from 'kubernetes-types/meta/v1.js';
