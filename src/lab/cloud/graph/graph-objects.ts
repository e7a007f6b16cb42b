import type { Application, Directory, Group, Principal } from '../directory.ts';
import { graphTime, renderCertificate, renderPassword } from './credentials.ts';

/** One object as Graph shows it. */
export type GraphObject = Readonly<Record<string, unknown>> & { readonly id: string };

/** A kind of objects that are read alike. */
export interface GraphKind {
  /** As paths have it. */
  readonly collection: 'users' | 'servicePrincipals' | 'applications' | 'groups';
  /** As `getByIds` asks for it. */
  readonly type: 'user' | 'servicePrincipal' | 'application' | 'group';
  /** The fields by which `/<collection>/<key>` finds one. */
  readonly keys: readonly string[];
  all(directory: Directory): readonly GraphObject[];
}

/** The kinds of objects that the lab's Graph has. */
export const GRAPH_KINDS: readonly GraphKind[] = [
  {
    collection: 'users',
    type: 'user',
    keys: ['id', 'userPrincipalName'],
    all: ({ principals }) =>
      principals()
        .filter(({ type }) => type === 'User')
        .map(renderUser),
  },
  {
    collection: 'servicePrincipals',
    type: 'servicePrincipal',
    keys: ['id'],
    all: (directory) =>
      directory
        .principals()
        .filter(({ type }) => type !== 'User')
        .map((principal) => renderServicePrincipal(directory, principal)),
  },
  {
    collection: 'applications',
    type: 'application',
    keys: ['id'],
    all: (directory) => directory.applications().map((application) => renderApplication(directory, application)),
  },
  {
    collection: 'groups',
    type: 'group',
    keys: ['id'],
    all: ({ groups }) => groups().map(renderGroup),
  },
];

/** A user as Graph shows it by default. */
export function renderUser(principal: Principal): GraphObject {
  return {
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
  };
}

/** A service principal: an application's, or the one that stands for a managed identity. */
export function renderServicePrincipal(directory: Directory, principal: Principal): GraphObject {
  const { clientId = '' } = principal;
  const application = directory.applicationByClientId(clientId);
  const isApplication = principal.type === 'Application';
  return {
    id: principal.objectId,
    deletedDateTime: null,
    accountEnabled: principal.enabled !== false,
    addIns: [],
    alternativeNames: principal.armId === undefined ? [] : alternativeNames(principal.armId),
    appDescription: null,
    appDisplayName: isApplication ? principal.displayName : null,
    appId: clientId,
    appOwnerOrganizationId: isApplication ? directory.tenant.tenantId : null,
    appRoleAssignmentRequired: false,
    appRoles: [],
    applicationTemplateId: null,
    createdDateTime: principal.createdAtMs === undefined ? null : graphTime(principal.createdAtMs),
    description: null,
    disabledByMicrosoftStatus: null,
    displayName: principal.displayName,
    homepage: null,
    info: INFO,
    keyCredentials: (principal.certificates ?? []).map(renderCertificate),
    loginUrl: null,
    logoutUrl: null,
    notes: null,
    notificationEmailAddresses: [],
    oauth2PermissionScopes: [],
    passwordCredentials: principal.secrets.map(renderPassword),
    preferredSingleSignOnMode: null,
    preferredTokenSigningKeyThumbprint: null,
    replyUrls: [],
    resourceSpecificApplicationPermissions: [],
    samlSingleSignOnSettings: null,
    servicePrincipalNames: [clientId, ...(application?.identifierUris ?? [])],
    servicePrincipalType: principal.type,
    signInAudience: isApplication ? (application?.properties['signInAudience'] ?? DEFAULTS.signInAudience) : null,
    tags: principal.tags ?? [],
    tokenEncryptionKeyId: null,
    verifiedPublisher: NOT_VERIFIED,
  };
}

/** An application as Graph shows it: what was said of it over what it has by itself. */
export function renderApplication(directory: Directory, application: Application): GraphObject {
  return {
    ...DEFAULTS,
    publisherDomain: directory.tenant.defaultDomain,
    ...application.properties,
    id: application.objectId,
    appId: application.clientId,
    createdDateTime: application.createdAtMs === undefined ? null : graphTime(application.createdAtMs),
    displayName: application.displayName,
    identifierUris: application.identifierUris,
    keyCredentials: application.certificates.map(renderCertificate),
    passwordCredentials: application.secrets.map(renderPassword),
  };
}

/** A security group. */
export function renderGroup(group: Group): GraphObject {
  return {
    id: group.objectId,
    deletedDateTime: null,
    classification: null,
    createdDateTime: group.createdAtMs === undefined ? null : graphTime(group.createdAtMs),
    creationOptions: [],
    description: group.description ?? null,
    displayName: group.displayName,
    expirationDateTime: null,
    groupTypes: [],
    isAssignableToRole: null,
    mail: null,
    mailEnabled: false,
    mailNickname: group.mailNickname,
    membershipRule: null,
    membershipRuleProcessingState: null,
    onPremisesSyncEnabled: null,
    proxyAddresses: [],
    renewedDateTime: null,
    resourceBehaviorOptions: [],
    resourceProvisioningOptions: [],
    securityEnabled: true,
    theme: null,
    visibility: null,
  };
}

/** Any object of the directory with its kind, by object id. */
export function findObject(directory: Directory, id: string): GraphObject | undefined {
  for (const kind of GRAPH_KINDS) {
    const found = kind.all(directory).find((object) => object.id.toLowerCase() === id.toLowerCase());
    if (found !== undefined) return { '@odata.type': `#microsoft.graph.${kind.type}`, ...found };
  }
  return undefined;
}

const INFO = {
  logoUrl: null,
  marketingUrl: null,
  privacyStatementUrl: null,
  supportUrl: null,
  termsOfServiceUrl: null,
};
const NOT_VERIFIED = { displayName: null, verifiedPublisherId: null, addedDateTime: null };

/** The properties of an application that a client may set, as they are before it does. */
const DEFAULTS = {
  addIns: [],
  api: {
    acceptMappedClaims: null,
    knownClientApplications: [],
    requestedAccessTokenVersion: null,
    oauth2PermissionScopes: [],
    preAuthorizedApplications: [],
  },
  appRoles: [],
  applicationTemplateId: null,
  certification: null,
  defaultRedirectUri: null,
  deletedDateTime: null,
  description: null,
  disabledByMicrosoftStatus: null,
  groupMembershipClaims: null,
  info: INFO,
  isDeviceOnlyAuthSupported: null,
  isFallbackPublicClient: null,
  notes: null,
  optionalClaims: null,
  parentalControlSettings: { countriesBlockedForMinors: [], legalAgeGroupRule: 'Allow' },
  publicClient: { redirectUris: [] },
  requestSignatureVerification: null,
  requiredResourceAccess: [],
  samlMetadataUrl: null,
  serviceManagementReference: null,
  servicePrincipalLockConfiguration: null,
  signInAudience: 'AzureADMyOrg',
  spa: { redirectUris: [] },
  tags: [],
  tokenEncryptionKeyId: null,
  verifiedPublisher: NOT_VERIFIED,
  web: {
    homePageUrl: null,
    logoutUrl: null,
    redirectUris: [],
    implicitGrantSettings: { enableAccessTokenIssuance: false, enableIdTokenIssuance: false },
    redirectUriSettings: [],
  },
};

/** The properties of an application that a client may set, beside those that the lab keeps apart, with their defaults. */
export const APPLICATION_DEFAULTS: Readonly<Record<string, unknown>> = DEFAULTS;

/** A user-assigned identity's principal says so; one that Azure assigned to a resource names that resource. */
function alternativeNames(armId: string): readonly string[] {
  const explicit = /\/providers\/Microsoft\.ManagedIdentity\/userAssignedIdentities\//i.test(armId);
  return [`isExplicit=${explicit ? 'True' : 'False'}`, armId];
}
