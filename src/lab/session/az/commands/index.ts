import type { CommandSpec, GroupSpec } from '../command.ts';
import { accountCommands } from './account.ts';
import { adAppCommands } from './ad-app.ts';
import { adSpCommands } from './ad-sp.ts';
import { adUserCommands } from './ad-user.ts';
import { aksCommands } from './aks.ts';
import { certificateCommands } from './certificate.ts';
import { configCommands } from './config.ts';
import { groupCommands } from './group.ts';
import { identityCommands } from './identity.ts';
import { keyCommands } from './key.ts';
import { deletedVaultCommands } from './keyvault-deleted.ts';
import { networkRuleCommands } from './keyvault-network.ts';
import { policyCommands } from './keyvault-policy.ts';
import { keyvaultCommands } from './keyvault.ts';
import { loginCommands } from './login.ts';
import { nodepoolCommands } from './nodepool.ts';
import { restCommands } from './rest.ts';
import { roleAssignmentCommands } from './role-assignment.ts';
import { roleDefinitionCommands } from './role-definition.ts';
import { secretFileCommands } from './secret-files.ts';
import { secretCommands } from './secret.ts';
import { versionCommands } from './version.ts';
import { vmssCommands } from './vmss.ts';

/** Every command of the stand-in. */
export const COMMANDS: readonly CommandSpec[] = [
  ...loginCommands,
  ...accountCommands,
  ...adAppCommands,
  ...adSpCommands,
  ...adUserCommands,
  ...aksCommands,
  ...nodepoolCommands,
  ...configCommands,
  ...groupCommands,
  ...identityCommands,
  ...keyvaultCommands,
  ...deletedVaultCommands,
  ...networkRuleCommands,
  ...policyCommands,
  ...secretCommands,
  ...secretFileCommands,
  ...keyCommands,
  ...certificateCommands,
  ...restCommands,
  ...roleAssignmentCommands,
  ...roleDefinitionCommands,
  ...versionCommands,
  ...vmssCommands,
];

/** The groups that the commands are in. */
export const GROUPS: readonly GroupSpec[] = [
  { path: 'account', summary: 'The subscriptions that are signed in to.' },
  { path: 'ad', summary: 'Microsoft Entra ID: applications, service principals and users.' },
  { path: 'ad app', summary: 'Applications.' },
  { path: 'ad app credential', summary: 'Secrets and certificates of an application.' },
  { path: 'ad app federated-credential', summary: 'Whose tokens stand for an application.' },
  { path: 'ad signed-in-user', summary: 'The user who is signed in.' },
  { path: 'ad sp', summary: 'Service principals, of applications and of managed identities.' },
  { path: 'ad sp credential', summary: 'Secrets and certificates of a service principal.' },
  { path: 'ad user', summary: 'Users.' },
  { path: 'aks', summary: 'Kubernetes clusters.' },
  { path: 'aks oidc-issuer', summary: 'The issuer of service account tokens.' },
  { path: 'aks nodepool', summary: 'The nodes of a cluster.' },
  { path: 'config', summary: 'Settings of az.' },
  { path: 'group', summary: 'Resource groups.' },
  { path: 'identity', summary: 'User-assigned managed identities.' },
  { path: 'identity federated-credential', summary: 'Whose tokens stand for an identity.' },
  { path: 'keyvault', summary: 'Vaults, their access policies and what is in them.' },
  { path: 'keyvault certificate', summary: 'The certificates of a vault.' },
  { path: 'keyvault certificate pending', summary: 'Requests for certificates.' },
  { path: 'keyvault key', summary: 'The keys of a vault.' },
  { path: 'keyvault network-rule', summary: 'Who is let through to a vault.' },
  { path: 'keyvault secret', summary: 'The secrets of a vault.' },
  { path: 'vmss', summary: 'Scale sets: the machines that are a cluster’s nodes.' },
  { path: 'vmss identity', summary: 'Identities of the machines of a scale set.' },
  { path: 'role', summary: 'Azure RBAC.' },
  { path: 'role assignment', summary: 'Who has which role where.' },
  { path: 'role definition', summary: 'What a role allows.' },
];
