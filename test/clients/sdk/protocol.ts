/**
 * What every program of this folder reads on its standard input, as one JSON document, and prints, as one JSON line a step.
 * The programs know no expectations: they do what they are told with their SDK and tell what came of it in these terms.
 */
export interface Script {
  /** A secrets client each, by name. */
  readonly sessions: Readonly<Record<string, Session>>;
  readonly steps: readonly Step[];
}

/** A vault and who asks. */
export interface Session {
  readonly vaultUrl: string;
  readonly credential: Credential;
}

/** A credential of the SDKs, made with nothing but what is here; `workload-identity` and `default` read the environment. */
export type Credential =
  | {
      readonly kind: 'client-secret';
      readonly tenantId: string;
      readonly clientId: string;
      readonly clientSecret: string;
    }
  | { readonly kind: 'workload-identity' }
  | { readonly kind: 'managed-identity'; readonly clientId?: string }
  | { readonly kind: 'default' };

/** One call. A `version` of the form `@step` is the version that the named step told. */
export type Step = { readonly id: string; readonly session: string } & (
  | ({ readonly operation: 'set'; readonly name: string; readonly value: string } & Attributes)
  | { readonly operation: 'get'; readonly name: string; readonly version?: string }
  | ({ readonly operation: 'update'; readonly name: string; readonly version: string } & Attributes)
  | { readonly operation: 'versions'; readonly name: string }
  | { readonly operation: 'list' | 'list-deleted' }
  /** Deletes or recovers, and waits with the SDK's own poller where it has one. */
  | { readonly operation: 'delete' | 'recover'; readonly name: string }
  | { readonly operation: 'get-deleted' | 'purge'; readonly name: string }
  /** Keeps the backup for a `restore` that names this step. */
  | { readonly operation: 'backup'; readonly name: string }
  | { readonly operation: 'restore'; readonly from: string }
);

/** What a secret can be given besides its value. */
export interface Attributes {
  readonly contentType?: string;
  readonly tags?: Readonly<Record<string, string>>;
  readonly enabled?: boolean;
  /** Unix seconds. */
  readonly expiresOn?: number;
}

/** One printed line. */
export type Outcome = { readonly id: string } & ({ readonly result: Result } | { readonly error: Failure });

/** What a call answered. Absent values are left out. */
export interface Result extends Attributes {
  readonly name?: string;
  readonly value?: string;
  readonly version?: string;
  readonly recoveryId?: string;
  /** Whole days from the deletion to the scheduled purge. */
  readonly purgeAfterDays?: number;
  /** The names of a list or the ids of versions, sorted; and in how many pages they came. */
  readonly found?: readonly string[];
  readonly pages?: number;
  /** Whether a backup has any bytes. */
  readonly backedUp?: boolean;
}

/** An error as the SDK's user sees it. */
export interface Failure {
  /** The name of the error's class or type, without its module. */
  readonly type: string;
  /** The HTTP status, where the error tells it. */
  readonly status?: number;
  /** The code of the answer's body, where the error tells it. */
  readonly code?: string;
  /** The inner code of the vault's answer. */
  readonly innerCode?: string;
  /** Entra ID's codes in the message: `AADSTS7000215`. */
  readonly aadsts?: readonly string[];
  /** For the person who reads a failed test. */
  readonly message: string;
}
