import type { Secret } from '#base';

/** The volume context key under which kubelet passes the pod's service account tokens, as JSON. */
export const TOKENS_ATTRIBUTE = 'csi.storage.k8s.io/serviceAccount.tokens';

/** What a provider is asked to fetch for one volume. */
export interface ProviderMountRequest {
  /**
   * The class's parameters overlaid with the volume context. The value under {@link TOKENS_ATTRIBUTE} is secret:
   * never log this map; {@link renderAttributes} gives a text that is safe to log.
   */
  readonly attributes: Readonly<Record<string, string>>;
  /** The Secret that the pod's `nodePublishSecretRef` names; empty when it names none. */
  readonly secrets: Secret<Readonly<Record<string, string>>>;
  /** Where the volume is mounted on the node. A provider that answers files never writes there. */
  readonly targetPath: string;
  /** The mode for files that ask for none of their own, for example 0o644. */
  readonly permission: number;
  /** The version of each object id that the volume holds now; empty at the first mount. */
  readonly currentVersions: ReadonlyMap<string, string>;
  /** Aborts when the caller has given up. */
  readonly signal: AbortSignal;
  /**
   * The answers have to be as new as this, by the monotonic clock in milliseconds: a refresh does not get what was kept before it.
   * Only a provider of this process is told.
   */
  readonly freshSinceMs?: number | undefined;
  /**
   * Given a function that tells what the mount waits for just now (`a token from https://… for 16 s`), for whoever tells a
   * person that it takes long. Only a provider of this process calls it.
   */
  readonly onProgress?: ((waiting: () => string | undefined) => void) | undefined;
}

/** One file of a volume. */
export interface ProviderFile {
  /** Relative to the volume's root, with `/` between folders. */
  readonly path: string;
  /** Permission bits, 0 to 0o777. */
  readonly mode: number;
  readonly contents: Secret<Uint8Array>;
}

/**
 * What a person should know of a mount that succeeded. The provider protocol has no place for it, so it reaches the pod only
 * where driver and provider are one process.
 */
export interface ProviderNotice {
  readonly type: 'Normal' | 'Warning';
  /** The event's reason, for example `OptionalObjectMissing`. */
  readonly reason: string;
  readonly message: string;
}

/** What a provider fetched. */
export interface ProviderMountResult {
  /** The whole content of the volume; empty when the provider wrote into the target itself. */
  readonly files: readonly ProviderFile[];
  /** The volume is to hold no file at all, which an empty `files` does not say. */
  readonly noFiles?: true;
  /** Files, or folders of files, that the class would have if the store had what is optional there; nobody misses them. */
  readonly absentFiles?: readonly string[];
  readonly notices?: readonly ProviderNotice[];
  /** One entry an object, for example `{ id: 'secret/one', version: '0123…' }`. */
  readonly versions: readonly { readonly id: string; readonly version: string }[];
}

/** A secret store's side: fetches what a class names. Failures are thrown as KeyferryError. */
export interface Provider {
  /** The name that a SecretProviderClass gives in `spec.provider`, for example `azure`. */
  readonly name: string;
  /** The provider's own version (semver). */
  readonly version: string;
  mount(request: ProviderMountRequest): Promise<ProviderMountResult>;
}

const STRIPPED = '***stripped***';

/** A copy of `attributes` that is safe to log: the tokens are replaced by a mark (the lesson of CVE-2023-2878). */
export function renderAttributes(attributes: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  return TOKENS_ATTRIBUTE in attributes ? { ...attributes, [TOKENS_ATTRIBUTE]: STRIPPED } : attributes;
}
