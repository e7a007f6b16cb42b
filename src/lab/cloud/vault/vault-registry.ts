/** One access policy of a vault: what an object id may do (Microsoft.KeyVault REST API, AccessPolicyEntry). */
export interface AccessPolicy {
  readonly tenantId: string;
  readonly objectId: string;
  /** With it, the policy holds for a user who comes through this application only. */
  readonly applicationId?: string;
  readonly permissions: {
    readonly keys?: readonly string[];
    readonly secrets?: readonly string[];
    readonly certificates?: readonly string[];
    readonly storage?: readonly string[];
  };
}

/** What the data plane needs to know of a vault. */
export interface VaultRecord {
  /** As it was created. */
  readonly name: string;
  readonly armId: string;
  readonly tenantId: string;
  readonly location: string;
  /** The tier; `premium` ones have keys in hardware. */
  readonly sku: 'standard' | 'premium';
  /** Role assignments decide instead of access policies. */
  readonly rbac: boolean;
  readonly accessPolicies: readonly AccessPolicy[];
  readonly softDeleteRetentionDays: number;
  readonly purgeProtection: boolean;
  readonly network: VaultNetwork;
}

/** From where a vault's data plane can be reached. */
export interface VaultNetwork {
  readonly publicAccess: 'Enabled' | 'Disabled' | 'SecuredByPerimeter';
  /** Only clients whose address is in one of the ranges get in. */
  readonly denyByDefault: boolean;
  /** CIDR, IPv4. */
  readonly allowedRanges: readonly string[];
}

/** The vaults that exist now. ARM keeps them; the data plane only reads. */
export interface VaultRegistry {
  /** Names are compared without their case. A vault that was deleted is not found until it is recovered. */
  find(name: string): VaultRecord | undefined;
}
