import type { ObjectMeta } from '#kube';

/** One key of a Kubernetes Secret and the mounted file that it holds. */
export interface SecretObjectData {
  /** The file's path in the volume: the object's name, its alias, or `alias/0` with a version history. */
  readonly objectName: string;
  readonly key: string;
}

/** A Kubernetes Secret that a class asks for. */
export interface ClassSecretObject {
  /** Its place in the class, for example `spec.secretObjects[0]`. */
  readonly at: string;
  readonly secretName: string;
  /** For example `Opaque` or `kubernetes.io/tls`. */
  readonly type: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly data: readonly SecretObjectData[];
}

/** A SecretProviderClass as the rest of the program sees it: parsed, with nothing optional left open. */
export interface SecretProviderClass {
  readonly name: string;
  readonly namespace: string;
  readonly provider: string;
  readonly parameters: Readonly<Record<string, string>>;
  /** Those that can be made; what is wrong with the others is told beside it. */
  readonly secretObjects: readonly ClassSecretObject[];
}

/** A SecretProviderClassPodStatus as it is on the wire. */
export interface PodStatusObject {
  readonly apiVersion: string;
  readonly kind: 'SecretProviderClassPodStatus';
  readonly metadata: ObjectMeta;
  readonly status: {
    readonly podName: string;
    readonly secretProviderClassName: string;
    readonly mounted: boolean;
    readonly targetPath: string;
    /** Sorted by id; changes only when a version did (Reloader hashes it). */
    readonly objects: readonly { readonly id: string; readonly version: string }[];
  };
}
