import type { Identity } from './credential.ts';
import { NOT_TRUSTED } from './trust-hint.ts';

/** What a service account token claims about itself; it was not checked, and serves for texts only. */
export interface PresentedClaims {
  readonly issuer: string;
  readonly subject: string;
}

const UNREADABLE_ISSUER = 'Entra ID must be able to read {discovery}, and the keys that it names, over the internet';
const ENTRA_TROUBLE = 'Entra ID is in trouble, not your settings: the mount is tried again by itself';

/** For a request that got no answer at all. */
const NO_ANSWER = 'the node must reach Entra ID: look at DNS, proxy and firewall; the mount is tried again by itself';

/**
 * One line of help for the refusals of Entra ID that people meet, by code. A hint ends a pod's event, right after Entra's
 * own text: it says what to change, and leans on the values that the text names. `{issuer}`, `{subject}` and `{discovery}`
 * are those of the token.
 */
const TOKEN_HINTS: Readonly<Record<string, string>> = {
  // The federated identity credential.
  AADSTS70021: 'compare the federated identity credential with the issuer, subject and audience named here',
  AADSTS70025:
    'create a federated identity credential on this identity, issuer {issuer}, subject {subject}; or use the clientID of the identity that has one',
  AADSTS700211:
    "set the credential's issuer to the one named here, character by character: those of AKS end with a slash",
  AADSTS700212: "set the credential's audience to api://AzureADTokenExchange",
  AADSTS700213:
    'create a federated identity credential with this subject, or let the pod run as the service account that has one',
  AADSTS7002138: "set the credential's subject to the one named here, in the same upper and lower case",
  // The token and its issuer.
  AADSTS50166: UNREADABLE_ISSUER,
  AADSTS501661: UNREADABLE_ISSUER,
  AADSTS90061: UNREADABLE_ISSUER,
  AADSTS900612: "the issuer's jwks_uri must answer with a JSON set of RSA keys",
  AADSTS7000272:
    'after a rotation of the signing keys wait some minutes; a cluster of your own must publish its new key at the issuer',
  AADSTS700024:
    "compare the clocks of the node and the API server with the time named here: kubelet's tokens are fresh",
  AADSTS700027: 'the token was not signed with the key that the issuer publishes under its id',
  // The application and its own secret.
  AADSTS700016:
    'check clientID (the client id, not the object id) and tenantID of the SecretProviderClass, or where it has none the annotations of the service account, or clientid in the Secret that nodePublishSecretRef names; an identity that was made again has another client id',
  AADSTS700038:
    'clientID of the SecretProviderClass, or the annotation of the service account in its place, is no client id',
  AADSTS7000112: 'the application is disabled: enable its service principal',
  AADSTS7000229: 'create the service principal of the application: az ad sp create --id <client id>',
  AADSTS7000215:
    'put the value of the client secret, not its id, into the Secret that nodePublishSecretRef names, and check clientid in it',
  AADSTS7000222:
    'the client secret has expired: make a new one and put it into the Secret that nodePublishSecretRef names',
  // The tenant.
  AADSTS90002: 'check tenantID and cloudName of the SecretProviderClass',
  AADSTS900023: 'check tenantID of the SecretProviderClass: it is a tenant id or one of its domains',
  // Entra ID itself.
  AADSTS90033: ENTRA_TROUBLE,
  AADSTS90055: 'Entra ID is asked too often; the mount is tried again by itself',
};

const RENEW_CERTIFICATE =
  'the application does not know this certificate, or it has expired: add its public side to the application, and check clientid in the Secret that nodePublishSecretRef names';

/** Where the same code means something else in another mode. */
const HINTS_BY_MODE: Partial<Record<Identity['mode'], Readonly<Record<string, string>>>> = {
  'client-certificate': { AADSTS700027: RENEW_CERTIFICATE, AADSTS7000222: RENEW_CERTIFICATE },
};

const NO_IMDS =
  'the node must reach its instance metadata service: it is there on virtual machines of Azure only, and no network policy or proxy may be in the way';
const NO_NMI =
  'AAD Pod Identity does not run on this node; it is no longer supported: use workload identity (clientID instead of usePodIdentity)';
const NO_TOKEN_PROXY =
  'the node must reach the token proxy of the cluster: look at --token-proxy-url and --sni-name; the mount is tried again by itself';

/** What the services beside Entra ID say in words only, and what helps; the first that fits. */
const HINTS_BY_TEXT: Partial<Record<Identity['mode'], readonly (readonly [RegExp, string])[]>> = {
  'managed-identity': [
    [
      /identity not found/i,
      "assign the identity to the node's scale set (az vmss identity assign), and check userAssignedIdentityID: the client id of a user-assigned identity; empty for the system-assigned one",
    ],
    [/multiple user assigned/i, 'name one of them in userAssignedIdentityID: its client id'],
    [/metadata header|X-Forwarded-For/i, NO_IMDS],
  ],
  'pod-identity': [
    [/./, 'give the pod the label aadpodidbinding of an AzureIdentityBinding, and look at the log of NMI on this node'],
  ],
  'token-proxy': [
    [
      /forbidden|not authorized|use-managed-identity/i,
      'let the service account use the identity: a ClusterRole with the verb use-managed-identity on cid.wi.aks.azure.com, resource <clientID>, and an identity binding of this cluster',
    ],
  ],
};

const UNANSWERED: Partial<Record<Identity['mode'], string>> = {
  'managed-identity': NO_IMDS,
  'pod-identity': NO_NMI,
  'token-proxy': NO_TOKEN_PROXY,
};

/** What is known of a failed token request. */
export interface FailedTokenRequest {
  readonly mode: Identity['mode'];
  /** Entra ID's, `AADSTS…`. */
  readonly code: string | undefined;
  /** HTTP; undefined when no answer came. */
  readonly status: number | undefined;
  /** The certificate of whoever was asked is not trusted. */
  readonly untrusted?: boolean;
  /** The text of the answer. */
  readonly text: string;
  readonly claims: PresentedClaims | undefined;
}

/** The help for a failed token request: by Entra's code, else by what was said, else by the status; undefined where nothing is known. */
export function tokenHint({
  mode,
  code,
  status,
  untrusted = false,
  text,
  claims,
}: FailedTokenRequest): string | undefined {
  const known = code === undefined ? undefined : (HINTS_BY_MODE[mode]?.[code] ?? TOKEN_HINTS[code]);
  if (known !== undefined) return fill(known, claims);
  // A token proxy has an authority of its own.
  if (untrusted && mode !== 'token-proxy') return NOT_TRUSTED;
  if (status === undefined) return UNANSWERED[mode] ?? NO_ANSWER;
  const told = HINTS_BY_TEXT[mode]?.find(([pattern]) => pattern.test(text))?.[1];
  if (told !== undefined && status < 500) return told;
  if (mode === 'managed-identity' || mode === 'pod-identity') return undefined;
  return status >= 500 ? ENTRA_TROUBLE : undefined;
}

function fill(text: string, claims: PresentedClaims | undefined): string {
  const values: Readonly<Record<string, string>> =
    claims === undefined
      ? {
          issuer: "the cluster's OIDC issuer",
          subject: 'system:serviceaccount:<namespace>:<service account>',
          discovery: "the issuer's .well-known/openid-configuration",
        }
      : { ...claims, discovery: `${claims.issuer.replace(/\/$/, '')}/.well-known/openid-configuration` };
  return text.replace(/\{(\w+)\}/g, (whole, name: string) => values[name] ?? whole);
}
