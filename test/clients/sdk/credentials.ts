import type { Credential } from './protocol.ts';
import type { Scene } from './scene.ts';

/**
 * How the environment says who a program is: by the workload identity webhook's variables; by them, with a token that is for
 * another audience; by IMDS, which gives the node's identities; not at all, which leaves the person who has signed in with `az`.
 */
export const ENVIRONMENTS = ['workload', 'mistaken-workload', 'node', 'person'] as const;
/** One of {@link ENVIRONMENTS}. */
export type EnvironmentKind = (typeof ENVIRONMENTS)[number];

/** Those that a container of a pod can have. */
export const POD_ENVIRONMENTS = ['workload', 'mistaken-workload', 'node'] as const satisfies readonly EnvironmentKind[];
/** One of {@link POD_ENVIRONMENTS}. */
export type PodEnvironmentKind = (typeof POD_ENVIRONMENTS)[number];

/** The credentials that a program is given in turn, with the environments that they are for. */
export const CREDENTIALS = {
  'workload-identity': ['workload'],
  'client-secret': ['workload'],
  'managed-identity': ['node'],
  default: ['workload', 'node', 'person'],
} as const satisfies Record<Credential['kind'], readonly EnvironmentKind[]>;

/** The credential with what it needs from the scene. */
export function credentialOf(kind: Credential['kind'], { tenantId, application, nodeIdentity }: Scene): Credential {
  switch (kind) {
    case 'client-secret':
      return { kind, tenantId, clientId: application.clientId, clientSecret: application.clientSecret };
    case 'managed-identity':
      return { kind, clientId: nodeIdentity.clientId };
    case 'workload-identity':
    case 'default':
    default:
      return { kind };
  }
}

/** The variables that the workload identity webhook gives a container; `tokenFile` holds the service account's token. */
export function workloadVariables({ tenantId, identity }: Scene, tokenFile: string): Record<string, string> {
  return {
    AZURE_CLIENT_ID: identity.clientId,
    AZURE_TENANT_ID: tenantId,
    AZURE_FEDERATED_TOKEN_FILE: tokenFile,
    AZURE_AUTHORITY_HOST: 'https://login.microsoftonline.com/',
  };
}

/** The variable that tells DefaultAzureCredential which of the node's identities is meant. */
export function nodeVariables({ nodeIdentity }: Scene): Record<string, string> {
  return { AZURE_CLIENT_ID: nodeIdentity.clientId };
}
