/** When something was, and how long it took. */
interface Timed {
  /** RFC 3339. */
  readonly at: string;
  readonly tookMs?: number;
}

/** How a token or an object was had (docs/node.md). */
interface Had extends Timed {
  readonly how: 'fetched' | 'shared' | 'kept';
  /** Under which Azure's own logs have the request. */
  readonly correlationId?: string;
  /** Where another pod made the request: which one, and how long before. */
  readonly askedFor?: { readonly pod: string; readonly secondsBefore: number };
  /** `Success`, or Azure's code; undefined where the audit log no longer has the request. */
  readonly result?: string;
  /** HTTP status; 0: none. */
  readonly status?: number;
  /** The fault (`lab fault`) that the request met. */
  readonly fault?: string;
  /** Why it was not had, where the audit log has no answer: the provider's word for it. */
  readonly failed?: string;
}

/** The service account token that kubelet passed to the driver; its claims, never the token. */
export interface TokenHop extends Timed {
  readonly hop: 'token';
  readonly issuer: string;
  readonly subject: string;
  readonly audience: string;
  readonly expiresAt?: string;
}

/** The exchange of that token for an access token. */
export interface ExchangeHop extends Had {
  readonly hop: 'exchange';
  readonly clientId: string;
  /** The identity's name. */
  readonly identity?: string;
  /** The federated credential that fits. */
  readonly credential?: string;
  /** Where none fits: the nearest one, and what it expects. */
  readonly nearestCredential?: string;
}

/** One read from Key Vault. */
export interface ReadHop extends Had {
  readonly hop: 'read';
  readonly vault: string;
  /** For example `secret/one`. */
  readonly object: string;
  readonly version?: string;
  /** The access policy or role assignment that let it pass. */
  readonly allowedBy?: string;
  /** Why none did. */
  readonly refusedBy?: string;
}

/** The files of the volume; sizes and modes, never a value or a digest of one. */
export interface FilesHop extends Timed {
  readonly hop: 'files';
  readonly files: readonly { readonly path: string; readonly mode: string; readonly sizeBytes: number }[];
  readonly moreFiles?: number;
}

/** The Kubernetes Secrets that the class asks for. */
export interface SecretsHop extends Timed {
  readonly hop: 'secrets';
  readonly names: readonly string[];
  readonly synced: boolean;
}

/** One step of a secret's way. */
export type Hop = TokenHop | ExchangeHop | ReadHop | FilesHop | SecretsHop;

/** Where a way ends before its goal, and why. */
export interface TraceEnd {
  readonly at: string;
  /** Such as `the exchange at Entra ID`. */
  readonly where: string;
  readonly why: string;
  /** What a person can do about it, in one line. */
  readonly mend?: string;
}

/** One publish or refresh, or several equal ones in a row. */
export interface Attempt {
  readonly outcome: 'mounted' | 'changed' | 'unchanged' | 'refused' | 'kept';
  /** The last of them; RFC 3339. */
  readonly at: string;
  /** How many in a row were equal to this one, itself included. */
  readonly times: number;
  /** The first of them. */
  readonly firstAt: string;
  readonly tookMs?: number;
  readonly hops: readonly Hop[];
  /** Where it ended, if it failed. */
  readonly end?: TraceEnd;
}

/** The way of the secrets of one volume. */
export interface VolumeTrace {
  readonly volume: string;
  readonly className: string;
  /** In the order of time. */
  readonly attempts: readonly Attempt[];
}

/** The way of a pod's secrets, as `lab trace --output json` prints it. */
export interface Trace {
  readonly cluster: string;
  readonly namespace: string;
  readonly pod: string;
  readonly serviceAccount: string;
  readonly createdAt: string;
  readonly phase: string;
  readonly ready: boolean;
  /** Since when; only of a ready pod. */
  readonly readyAt?: string;
  readonly volumes: readonly VolumeTrace[];
  /**
   * Why the pod is not ready, and where the way ends; of a ready pod why its files are not refreshed any more. Undefined:
   * nothing stands in its way so far.
   */
  readonly end?: TraceEnd;
}
