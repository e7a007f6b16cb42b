/** What a role lets do: patterns of actions (control plane) and data actions, each with exceptions. `*` stands for any text. */
export interface RolePermissions {
  readonly actions: readonly string[];
  readonly notActions: readonly string[];
  readonly dataActions: readonly string[];
  readonly notDataActions: readonly string[];
}

/** A role of Azure RBAC. */
export interface RoleDefinition {
  /** The GUID that names it. */
  readonly name: string;
  readonly roleName: string;
  readonly description: string;
  readonly type: 'BuiltInRole' | 'CustomRole';
  readonly permissions: readonly RolePermissions[];
  readonly assignableScopes: readonly string[];
  /** Who holds it may assign and unassign these roles only (the role's condition in Azure); GUIDs. Undefined: any role. */
  readonly assignsOnly?: readonly string[];
}

/** The role of whoever owns a subscription. */
export const OWNER_ROLE = '8e3af657-a8ff-443c-a75c-2fe8c4bcb635';

const VAULTS = 'Microsoft.KeyVault/vaults';
const IDENTITIES = 'Microsoft.ManagedIdentity/userAssignedIdentities';
const CLUSTERS = 'Microsoft.ContainerService/managedClusters';

/** What nearly every role of one service allows beside its service. */
const EVERYDAY = [
  'Microsoft.Authorization/*/read',
  'Microsoft.Insights/alertRules/*',
  'Microsoft.Resources/deployments/*',
  'Microsoft.Resources/subscriptions/resourceGroups/read',
  'Microsoft.Support/*',
];
/** What the data roles of Key Vault that also see the vault itself allow. */
const SEE_VAULTS = [
  ...EVERYDAY,
  'Microsoft.KeyVault/checkNameAvailability/read',
  'Microsoft.KeyVault/deletedVaults/read',
  'Microsoft.KeyVault/locations/*/read',
  `${VAULTS}/*/read`,
  'Microsoft.KeyVault/operations/read',
];
const RBAC_VAULTS_ONLY =
  "It counts in vaults whose permission model is 'Azure role-based access control', and in no others.";

function role(
  name: string,
  roleName: string,
  description: string,
  permissions: Partial<RolePermissions>,
  more: Pick<RoleDefinition, 'assignsOnly'> = {},
): RoleDefinition {
  const all = { actions: [], notActions: [], dataActions: [], notDataActions: [], ...permissions };
  return { name, roleName, description, type: 'BuiltInRole', permissions: [all], assignableScopes: ['/'], ...more };
}

const KEY_VAULT_ROLES = [
  role(
    '00482a5a-887f-4fb3-b363-3b7fe8e74483',
    'Key Vault Administrator',
    `All operations on a vault's keys, secrets and certificates, but none on the vault itself. ${RBAC_VAULTS_ONLY}`,
    { actions: SEE_VAULTS, dataActions: [`${VAULTS}/*`] },
  ),
  role(
    'db79e9a7-68ee-4b58-9aeb-b90e7c24fcba',
    'Key Vault Certificate User',
    `Reads certificates with their private parts. ${RBAC_VAULTS_ONLY}`,
    {
      dataActions: [
        `${VAULTS}/certificates/read`,
        `${VAULTS}/secrets/getSecret/action`,
        `${VAULTS}/secrets/readMetadata/action`,
        `${VAULTS}/keys/read`,
      ],
    },
  ),
  role(
    'a4417e6f-fecd-4de8-b567-7b0420556985',
    'Key Vault Certificates Officer',
    `All operations on certificates. ${RBAC_VAULTS_ONLY}`,
    {
      actions: SEE_VAULTS,
      dataActions: [`${VAULTS}/certificatecas/*`, `${VAULTS}/certificates/*`, `${VAULTS}/certificatecontacts/write`],
    },
  ),
  role(
    'f25e0fa2-a7c8-4377-a976-54943a77a395',
    'Key Vault Contributor',
    'Manages vaults, without access to what is in them and without purging them.',
    {
      actions: [...EVERYDAY, 'Microsoft.KeyVault/*'],
      notActions: [
        'Microsoft.KeyVault/locations/deletedVaults/purge/action',
        'Microsoft.KeyVault/hsmPools/*',
        'Microsoft.KeyVault/managedHsms/*',
      ],
    },
  ),
  role(
    '14b46e9e-c2b7-41b4-b07b-48a6ebf60603',
    'Key Vault Crypto Officer',
    `All operations on keys. ${RBAC_VAULTS_ONLY}`,
    { actions: SEE_VAULTS, dataActions: [`${VAULTS}/keys/*`, `${VAULTS}/keyrotationpolicies/*`] },
  ),
  role(
    'e147488a-f6f5-4113-8e2d-b22465e65bf6',
    'Key Vault Crypto Service Encryption User',
    `Reads keys' metadata, wraps and unwraps with them. ${RBAC_VAULTS_ONLY}`,
    {
      actions: ['write', 'read', 'delete'].map((verb) => `Microsoft.EventGrid/eventSubscriptions/${verb}`),
      dataActions: [`${VAULTS}/keys/read`, `${VAULTS}/keys/wrap/action`, `${VAULTS}/keys/unwrap/action`],
    },
  ),
  role(
    '08bbd89e-9f13-488c-ac41-acfcb10c90ab',
    'Key Vault Crypto Service Release User',
    `Releases keys. ${RBAC_VAULTS_ONLY}`,
    { dataActions: [`${VAULTS}/keys/release/action`] },
  ),
  role('12338af0-0e69-4776-bea7-57ae8d297424', 'Key Vault Crypto User', `Cryptography with keys. ${RBAC_VAULTS_ONLY}`, {
    dataActions: [
      `${VAULTS}/keys/read`,
      ...['update', 'backup', 'encrypt', 'decrypt', 'wrap', 'unwrap', 'sign', 'verify'].map(
        (verb) => `${VAULTS}/keys/${verb}/action`,
      ),
    ],
  }),
  role(
    '8b54135c-b56d-4d72-a534-26097cfdc8d8',
    'Key Vault Data Access Administrator',
    "Assigns the roles that give access to vaults' contents, and no other role.",
    {
      actions: [
        'Microsoft.Authorization/roleAssignments/write',
        'Microsoft.Authorization/roleAssignments/delete',
        'Microsoft.Authorization/*/read',
        'Microsoft.Resources/deployments/*',
        'Microsoft.Resources/subscriptions/resourceGroups/read',
        'Microsoft.Resources/subscriptions/read',
        'Microsoft.Management/managementGroups/read',
        'Microsoft.Support/*',
        `${VAULTS}/*/read`,
      ],
    },
    {
      assignsOnly: [
        '00482a5a-887f-4fb3-b363-3b7fe8e74483',
        'a4417e6f-fecd-4de8-b567-7b0420556985',
        '14b46e9e-c2b7-41b4-b07b-48a6ebf60603',
        'e147488a-f6f5-4113-8e2d-b22465e65bf6',
        '12338af0-0e69-4776-bea7-57ae8d297424',
        '21090545-7ca7-4776-b22c-e363652d74d2',
        'b86a8fe4-44ce-4948-aee5-eccb2c155cd7',
        '4633458b-17de-408a-b874-0445c86b69e6',
      ],
    },
  ),
  role('a68e7c17-0ab2-4c09-9a58-125dae29748c', 'Key Vault Purge Operator', 'Removes soft-deleted vaults for good.', {
    actions: [
      'Microsoft.Authorization/*/read',
      'Microsoft.Insights/alertRules/*',
      'Microsoft.Resources/deployments/*',
      'Microsoft.Resources/subscriptions/resourceGroups/read',
      'Microsoft.KeyVault/deletedVaults/read',
      'Microsoft.KeyVault/locations/deletedVaults/read',
      'Microsoft.KeyVault/locations/deletedVaults/purge/action',
      'Microsoft.KeyVault/locations/operationResults/read',
    ],
  }),
  role(
    '21090545-7ca7-4776-b22c-e363652d74d2',
    'Key Vault Reader',
    `Reads the metadata of vaults and of what is in them, but no secret value and no key. ${RBAC_VAULTS_ONLY}`,
    { actions: SEE_VAULTS, dataActions: [`${VAULTS}/*/read`, `${VAULTS}/secrets/readMetadata/action`] },
  ),
  role(
    'b86a8fe4-44ce-4948-aee5-eccb2c155cd7',
    'Key Vault Secrets Officer',
    `All operations on secrets. ${RBAC_VAULTS_ONLY}`,
    { actions: SEE_VAULTS, dataActions: [`${VAULTS}/secrets/*`] },
  ),
  role(
    '4633458b-17de-408a-b874-0445c86b69e6',
    'Key Vault Secrets User',
    `Reads secrets with their values. ${RBAC_VAULTS_ONLY}`,
    { dataActions: [`${VAULTS}/secrets/getSecret/action`, `${VAULTS}/secrets/readMetadata/action`] },
  ),
];

const GENERAL_ROLES = [
  role(OWNER_ROLE, 'Owner', 'Manages all resources, and assigns roles in Azure RBAC.', { actions: ['*'] }),
  role(
    'b24988ac-6180-42a0-ab88-20f7382dd24c',
    'Contributor',
    'Manages all resources, but assigns no roles, and no access to blueprints or image galleries.',
    {
      actions: ['*'],
      notActions: [
        'Microsoft.Authorization/*/Delete',
        'Microsoft.Authorization/*/Write',
        'Microsoft.Authorization/elevateAccess/Action',
        'Microsoft.Blueprint/blueprintAssignments/write',
        'Microsoft.Blueprint/blueprintAssignments/delete',
        'Microsoft.Compute/galleries/share/action',
        'Microsoft.Purview/consents/write',
        'Microsoft.Purview/consents/delete',
        'Microsoft.Resources/deploymentStacks/manageDenySetting/action',
        'Microsoft.Subscription/cancel/action',
        'Microsoft.Subscription/enable/action',
      ],
    },
  ),
  role('acdd72a7-3385-48ef-bd42-f606fba81ae7', 'Reader', 'Sees all resources, and changes none.', {
    actions: ['*/read'],
  }),
  role('18d7d88d-d35e-4fb5-a5c3-7773c20a72d9', 'User Access Administrator', 'Manages who has access to resources.', {
    actions: ['*/read', 'Microsoft.Authorization/*', 'Microsoft.Support/*'],
  }),
  role(
    'f58310d9-a9f6-439a-9e8d-f62e7b41a168',
    'Role Based Access Control Administrator',
    'Manages access to resources by assigning roles in Azure RBAC, and in no other way.',
    {
      actions: [
        'Microsoft.Authorization/roleAssignments/write',
        'Microsoft.Authorization/roleAssignments/delete',
        '*/read',
        'Microsoft.Support/*',
      ],
    },
  ),
];

const IDENTITY_ROLES = [
  role(
    'e40ec5ca-96e0-45a2-b4ff-59039f2c2b59',
    'Managed Identity Contributor',
    'Creates, reads, updates and deletes user-assigned identities.',
    { actions: [...['read', 'write', 'delete'].map((verb) => `${IDENTITIES}/${verb}`), ...EVERYDAY] },
  ),
  role(
    'f1a07417-d97a-45cb-824c-7a7467783830',
    'Managed Identity Operator',
    'Reads and assigns user-assigned identities.',
    { actions: [`${IDENTITIES}/*/read`, `${IDENTITIES}/*/assign/action`, ...EVERYDAY] },
  ),
];

const CLUSTER_ROLES = [
  role(
    '0ab0b1a8-8aac-4efd-b8c2-3ee1fb270be8',
    'Azure Kubernetes Service Cluster Admin Role',
    "Lists clusters' admin credentials.",
    {
      actions: [
        `${CLUSTERS}/listClusterAdminCredential/action`,
        `${CLUSTERS}/accessProfiles/listCredential/action`,
        `${CLUSTERS}/read`,
        `${CLUSTERS}/runcommand/action`,
      ],
    },
  ),
  role(
    '4abbcc35-e782-43d8-92c5-2d3f1bd2253f',
    'Azure Kubernetes Service Cluster User Role',
    "Lists clusters' user credentials.",
    { actions: [`${CLUSTERS}/listClusterUserCredential/action`, `${CLUSTERS}/read`] },
  ),
  role(
    'ed7f3fbd-7b88-4dd4-9017-9adb7ce333f8',
    'Azure Kubernetes Service Contributor Role',
    'Reads and writes Azure Kubernetes Service clusters.',
    { actions: ['Microsoft.ContainerService/locations/*', `${CLUSTERS}/*`, ...EVERYDAY] },
  ),
];

/**
 * The built-in roles that the lab knows, with Azure's names, GUIDs and permissions (Azure documentation, "Azure built-in
 * roles": general, security, identity, containers). The descriptions are our own.
 */
export const BUILT_IN_ROLES: readonly RoleDefinition[] = [
  ...GENERAL_ROLES,
  ...KEY_VAULT_ROLES,
  ...IDENTITY_ROLES,
  ...CLUSTER_ROLES,
];
