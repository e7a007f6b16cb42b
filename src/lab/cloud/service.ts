/** One service of the emulated Azure: a function from a web Request to a Response, chosen by host name. */
export interface CloudService {
  readonly name: 'entra' | 'arm' | 'graph' | 'keyvault' | 'issuer' | 'imds' | 'charts';
  /** Whether this service answers for `host` (lower case, no port). */
  serves(host: string): boolean;
  fetch(request: Request): Promise<Response>;
  /**
   * The answer to `request` when the service fails by itself, in its own words; the gateway adds Retry-After. Without it the
   * gateway answers in plain words.
   */
  fail?(request: Request, failure: ServiceFailure): Promise<Response>;
}

/** A failure that is none of the request's: throttling (429), an outage (503), trouble inside (500). */
export interface ServiceFailure {
  /** 400 to 599. */
  readonly status: number;
  /** What the answer's Retry-After asks for, which some services also say in their text. */
  readonly retryAfterSeconds: number | undefined;
}

/** The claims of an access token of the lab's Entra ID that has been verified. */
export interface AccessToken {
  readonly audience: string;
  readonly issuer: string;
  readonly tenantId: string;
  readonly objectId: string;
  /** The client (application) id: `appid` or `azp`. */
  readonly clientId: string;
  readonly identityType: 'app' | 'user';
  /** The groups that the principal is in at the time of the request; none when it is left out. */
  readonly groupIds?: readonly string[];
  /** The ARM id (`xms_mirid`) of a managed identity. */
  readonly managedIdentityArmId?: string;
  readonly expiresAtMs: number;
}

/** Why a token was refused. */
export type TokenRefusal = 'missing' | 'malformed' | 'signature' | 'issuer' | 'audience' | 'expired' | 'not-yet-valid';

/** The answer of {@link TokenVerifier}. `found` is the claim that did not fit (an issuer, an audience): never the token. */
export type TokenVerdict =
  | { readonly ok: true; readonly token: AccessToken }
  | { readonly ok: false; readonly refusal: TokenRefusal; readonly found?: string };

/** Checks the signature, issuer, audience and times of an access token. */
export interface TokenVerifier {
  /** `authorization` is the header's value, or undefined; `audiences` are the accepted ones, compared exactly. */
  verify(authorization: string | undefined, audiences: readonly string[]): Promise<TokenVerdict>;
}

/** One request to the emulated Azure: who, what, result. Never a value, a token or a header. */
export interface AuditRecord {
  /** RFC 3339. */
  readonly time: string;
  readonly service: CloudService['name'];
  /** For example `SecretGet`, `VaultPut`, `TokenIssue`; `Authentication` for a challenge that was answered 401. */
  readonly operation: string;
  readonly method: string;
  readonly host: string;
  /** The path without its query. */
  readonly path: string;
  /** 0 when no answer was sent: the client gave up, or a fault cut the connection. */
  readonly status: number;
  /** `Success`, `NoAnswer`, or the error code and, where there is one, the inner code: `Forbidden/SecretDisabled`, `AADSTS700213`. */
  readonly result: string;
  /** Who asked, as far as it is known. */
  readonly identity?: { readonly objectId: string; readonly clientId?: string; readonly name?: string };
  readonly durationMs: number;
  readonly userAgent?: string;
  /** The x-ms-request-id of the answer, where there is one. */
  readonly requestId?: string;
  /** The client's own id of the request: x-ms-client-request-id, or Entra ID's client-request-id. */
  readonly correlationId?: string;
  /** The id of the fault that the request met. */
  readonly fault?: string;
  /** What matters for a person: an assertion's issuer, subject and audience, for example. */
  readonly details?: Readonly<Record<string, string>>;
}

/** The facts that a service adds to the audit record of the request that it is answering. */
export type AuditFacts = Partial<Pick<AuditRecord, 'operation' | 'result' | 'identity' | 'details' | 'correlationId'>>;

/** All that was asked of the emulated Azure, newest last. It keeps the last 10,000 records. */
export interface AuditLog {
  /** Adds facts to the record of `request`; the gateway writes the record when the response is ready. */
  note(request: Request, facts: AuditFacts): void;
  records(): readonly AuditRecord[];
  /** Records from now on, until the signal aborts. */
  follow(signal: AbortSignal): AsyncIterable<AuditRecord>;
}
