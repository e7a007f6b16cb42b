import type { Secret } from '#base';
import type { Cloud } from './clouds.ts';
import type { Credential } from './credential.ts';

/** Limits of one call. Every call ends when the signal aborts. */
export interface CallOptions {
  readonly signal: AbortSignal;
  /**
   * Told the correlation id of each request, at the latest when it is answered or has failed: what Entra ID's sign-in log and Key Vault's diagnostic log
   * (`correlationId`) call the request, so that a line of ours can be found in theirs.
   */
  readonly onSent?: ((correlationId: string) => void) | undefined;
}

/** An access token of Entra ID. */
export interface AccessToken {
  readonly token: Secret<string>;
  /** Milliseconds since the Unix epoch. */
  readonly expiresAtMs: number;
}

/** What a token is asked for. */
export interface TokenOptions extends CallOptions {
  /** Claims that a resource demanded in a challenge (continuous access evaluation), as JSON text. */
  readonly claims?: string;
}

/**
 * Asks Entra ID for tokens of one identity. It keeps nothing: each call is an exchange, so that whoever holds a source
 * decides how long an answer may serve. Throws KeyferryError with the AADSTS code as `upstreamCode`.
 */
export interface TokenSource {
  /** Who is asked, a URL: Entra ID's host, a service of the node, or the cluster's token proxy. For limits and texts. */
  readonly service: string;
  /** `scope` is a resource with `/.default` at its end. */
  token(scope: string, options: TokenOptions): Promise<AccessToken>;
}

/** One version of a secret as the vault gave it. */
export interface FetchedSecret {
  readonly value: Secret<string>;
  /** The version's id, 32 hex digits; the real one, also where the current version was asked for. */
  readonly version: string;
  /** For example `application/x-pkcs12`; undefined where the secret has none. */
  readonly contentType: string | undefined;
  /** The key's URL when the secret is the private side of a certificate. */
  readonly keyId: string | undefined;
}

/** One version of a key as the vault gave it: its public side, with the fields of its JSON Web Key as bytes. */
export interface FetchedKey {
  /** As of {@link FetchedSecret}. */
  readonly version: string;
  /** `RSA`, `RSA-HSM`, `EC`, `EC-HSM`, `oct`, …, as the vault writes it. */
  readonly keyType: string;
  /** `P-256`, `P-384`, `P-521`, `P-256K`; for EC keys. */
  readonly curve: string | undefined;
  readonly n: Uint8Array | undefined;
  readonly e: Uint8Array | undefined;
  readonly x: Uint8Array | undefined;
  readonly y: Uint8Array | undefined;
}

/** One version of a certificate as the vault gave it: the leaf, without its chain and without its private key. */
export interface FetchedCertificate {
  /** As of {@link FetchedSecret}. */
  readonly version: string;
  /** The certificate (X.509, DER). */
  readonly der: Uint8Array;
}

/** An object as a vault lists it, without its content. */
export interface ListedObject {
  readonly name: string;
  /** Of its current version, as the tags are. */
  readonly enabled: boolean;
  readonly tags: Readonly<Record<string, string>>;
  /** Whether it is the secret or the key of a certificate. */
  readonly managed: boolean;
}

/** A version of an object as a vault lists it. Times are milliseconds since the Unix epoch, in whole seconds. */
export interface ListedVersion {
  readonly version: string;
  readonly enabled: boolean;
  readonly createdAtMs: number;
  readonly notBeforeMs: number | undefined;
  readonly expiresAtMs: number | undefined;
}

/** The kinds of objects that a vault holds. */
export type VaultObjectKind = 'secret' | 'key' | 'cert';

/**
 * Reads objects of one vault as one identity. Throws KeyferryError with the vault's codes as `upstreamCode`. In each method
 * `version` undefined means the current one. One request where the cloud's vault resource is known; never retried here.
 */
export interface VaultReader {
  /** Asks the vault which scope its tokens need, without one; for clouds whose vault resource is not known. */
  challenge(options: CallOptions): Promise<string>;
  getSecret(name: string, version: string | undefined, options: CallOptions): Promise<FetchedSecret>;
  getKey(name: string, version: string | undefined, options: CallOptions): Promise<FetchedKey>;
  getCertificate(name: string, version: string | undefined, options: CallOptions): Promise<FetchedCertificate>;
  /**
   * All objects of a kind, in no order; those that are deleted are not among them. A request for every 25 of them. Throws
   * `failed-precondition` for more than 2,500.
   */
  listObjects(kind: VaultObjectKind, options: CallOptions): Promise<readonly ListedObject[]>;
  /** All versions of an object, in no order and with the limits of {@link VaultReader.listObjects}. */
  listVersions(kind: VaultObjectKind, name: string, options: CallOptions): Promise<readonly ListedVersion[]>;
}

/** What a vault client needs. */
export interface VaultOptions {
  readonly cloud: Cloud;
  /** `https://<name>.<suffix>` without a slash at its end. */
  readonly vaultUrl: string;
  /** Where the client gets its tokens; it may be asked for each request. */
  readonly tokens: Pick<TokenSource, 'token'>;
}

/** All that production needs of Azure. Tests hand in a fake. */
export interface AzureClients {
  tokenSource(cloud: Cloud, credential: Credential): TokenSource;
  vaultReader(options: VaultOptions): VaultReader;
}

/** One HTTP request to Azure that has been answered or has failed, for metrics: never a value, a token or a header. */
export interface AzureRequest {
  readonly service: 'entra' | 'keyvault' | 'imds' | 'pod-identity' | 'token-proxy';
  /** HTTP status; undefined when no answer came. */
  readonly status: number | undefined;
  readonly durationMs: number;
  /** Of Key Vault: what was asked for, by the path's first part. */
  readonly objectType?: 'secret' | 'key' | 'cert' | undefined;
}
