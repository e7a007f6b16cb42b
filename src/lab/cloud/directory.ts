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
  readonly issuer: string;
  readonly subject: string;
  readonly audiences: readonly string[];
}

/** A client secret of an application, by its digest. */
export interface ClientSecretDigest {
  readonly keyId: string;
  /** SHA-256 of the secret text, hex. */
  readonly sha256: string;
  readonly expiresAtMs?: number;
}

/** Who can ask for tokens: a user-assigned identity, an application with its service principal, or a user. */
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
  readonly secrets: readonly ClientSecretDigest[];
  readonly federatedCredentials: readonly FederatedIdentityCredential[];
}

/**
 * Who exists in the lab's tenant. ARM writes managed identities and their credentials into it, Entra ID and Graph read it.
 * Every change is in the store when the call returns.
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
}
