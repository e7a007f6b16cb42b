import { createHash } from 'node:crypto';
import type { Principal, Tenant } from '../directory.ts';

/** One object as Graph shows it. */
export type GraphObject = Readonly<Record<string, unknown>> & { readonly id: string };

/** A kind of objects: which principals are of it, and how one is shown. */
export interface GraphKind {
  /** As paths have it. */
  readonly collection: 'users' | 'servicePrincipals' | 'applications';
  /** As `getByIds` asks for it. */
  readonly type: 'user' | 'servicePrincipal' | 'application';
  has(principal: Principal): boolean;
  render(principal: Principal, tenant: Tenant): GraphObject;
}

/** The kinds of objects that the lab's Graph has. An application is two objects: the application and its principal. */
export const GRAPH_KINDS: readonly GraphKind[] = [
  {
    collection: 'users',
    type: 'user',
    has: (principal) => principal.type === 'User',
    render: (principal) => ({
      id: principal.objectId,
      displayName: principal.displayName,
      userPrincipalName: principal.userPrincipalName,
      mail: principal.userPrincipalName,
      businessPhones: [],
      givenName: null,
      jobTitle: null,
      mobilePhone: null,
      officeLocation: null,
      preferredLanguage: null,
      surname: null,
    }),
  },
  {
    collection: 'servicePrincipals',
    type: 'servicePrincipal',
    has: (principal) => principal.type !== 'User',
    render: (principal, tenant) => ({
      id: principal.objectId,
      appId: principal.clientId,
      displayName: principal.displayName,
      appDisplayName: principal.type === 'Application' ? principal.displayName : null,
      accountEnabled: true,
      servicePrincipalType: principal.type,
      servicePrincipalNames: [principal.clientId],
      alternativeNames: principal.armId === undefined ? [] : ['isExplicit=True', principal.armId],
      appOwnerOrganizationId: principal.type === 'Application' ? tenant.tenantId : null,
    }),
  },
  {
    collection: 'applications',
    type: 'application',
    has: (principal) => principal.type === 'Application',
    render: (principal, tenant) => ({
      id: applicationObjectId(principal),
      appId: principal.clientId,
      displayName: principal.displayName,
      signInAudience: 'AzureADMyOrg',
      publisherDomain: tenant.defaultDomain,
      identifierUris: [],
      keyCredentials: [],
      passwordCredentials: principal.secrets.map(({ keyId, expiresAtMs }) => ({
        keyId,
        endDateTime: expiresAtMs === undefined ? null : new Date(expiresAtMs).toISOString(),
      })),
    }),
  },
];

// The directory keeps the principal's object id only; the application's must be another, and always the same.
function applicationObjectId(principal: Principal): string {
  const hex = createHash('sha256').update(`application:${principal.objectId}`).digest('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}
