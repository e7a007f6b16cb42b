/** The tenant of Entra ID that the lab has. */
export interface Tenant {
  readonly tenantId: string;
  readonly displayName: string;
  readonly defaultDomain: string;
}

/** A subscription of the lab. */
export interface Subscription {
  readonly subscriptionId: string;
  readonly displayName: string;
}

/** A federated identity credential: whose tokens stand for the identity. */
export interface FederatedIdentityCredential {
  readonly name: string;
  /** The id that Graph gives the credential of an application; ARM names its credentials by path only. */
  readonly id?: string;
  readonly description?: string;
  readonly issuer: string;
  readonly subject: string;
  readonly audiences: readonly string[];
}

/** A client secret of an application, by its digest: the text is told once, when the secret is made. */
export interface ClientSecretDigest {
  readonly keyId: string;
  /** SHA-256 of the secret text, hex. */
  readonly sha256: string;
  readonly displayName?: string;
  /** The first three letters of the text, by which people tell secrets apart. */
  readonly hint?: string;
  readonly startsAtMs?: number;
  readonly expiresAtMs?: number;
}

/** A certificate whose private key proves who an application is. */
export interface CertificateCredential {
  readonly keyId: string;
  readonly displayName: string;
  /** DER, base64. */
  readonly certificate: string;
  /** Of the DER, hex in lower case. */
  readonly sha1: string;
  readonly sha256: string;
  readonly startsAtMs: number;
  readonly expiresAtMs: number;
}

/**
 * An application that is registered in the tenant. To ask for tokens it also needs a service principal: the
 * {@link Principal} with its client id.
 */
export interface Application {
  /** The application's own object id, another one than its service principal's. */
  readonly objectId: string;
  readonly clientId: string;
  readonly displayName: string;
  /** When it was made; unknown for those that the lab itself made. */
  readonly createdAtMs?: number;
  readonly identifierUris: readonly string[];
  readonly secrets: readonly ClientSecretDigest[];
  readonly certificates: readonly CertificateCredential[];
  readonly federatedCredentials: readonly FederatedIdentityCredential[];
  /** What else was said of it (`web`, `requiredResourceAccess`, …), as it was sent. */
  readonly properties: Readonly<Record<string, unknown>>;
}

/** Who can ask for tokens: a managed identity, the service principal of an application, or a user. */
export interface Principal {
  readonly type: 'ManagedIdentity' | 'Application' | 'User';
  /** The object id: what access policies and role assignments name. */
  readonly objectId: string;
  /** The client (application) id; undefined for users. */
  readonly clientId?: string;
  readonly displayName: string;
  /** The ARM id of the managed identity, as it was created. */
  readonly armId?: string;
  readonly userPrincipalName?: string;
  /** When it was made; not kept for every kind. */
  readonly createdAtMs?: number;
  /** Tags of a service principal. */
  readonly tags?: readonly string[];
  /** A service principal that may not sign in: only `false` says so. */
  readonly enabled?: boolean;
  readonly secrets: readonly ClientSecretDigest[];
  /** Certificates of a service principal; most are its application's. */
  readonly certificates?: readonly CertificateCredential[];
  readonly federatedCredentials: readonly FederatedIdentityCredential[];
}

/** A security group. Members are principals and groups, by object id. */
export interface Group {
  readonly objectId: string;
  readonly displayName: string;
  readonly mailNickname: string;
  readonly description?: string;
  readonly createdAtMs?: number;
  readonly memberIds: readonly string[];
}

/**
 * Who exists in the lab's tenant. ARM writes managed identities and their credentials into it, Graph applications and their
 * service principals; Entra ID reads it. Every change is in the store when the call returns.
 */
export interface Directory {
  readonly tenant: Tenant;
  readonly subscription: Subscription;
  /** The signed-in user of the handed-out Azure configuration. */
  readonly user: Principal;
  principals(): readonly Principal[];
  byClientId(clientId: string): Principal | undefined;
  byObjectId(objectId: string): Principal | undefined;
  put(principal: Principal): void;
  remove(objectId: string): void;
  applications(): readonly Application[];
  /** By its own object id. */
  applicationByObjectId(objectId: string): Application | undefined;
  applicationByClientId(clientId: string): Application | undefined;
  putApplication(application: Application): void;
  /** Removes the application alone; its service principal has a life of its own. */
  removeApplication(objectId: string): void;
  groups(): readonly Group[];
  groupByObjectId(objectId: string): Group | undefined;
  putGroup(group: Group): void;
  removeGroup(objectId: string): void;
  /** The object ids of every group that a principal or a group is in, by way of other groups too. */
  groupsOf(objectId: string): readonly string[];
}
