import type { Secret } from '#base';

/** Which of a node's managed identities is asked for; undefined: the system-assigned one, or the only one there is. */
export type AssignedIdentity =
  | { readonly kind: 'client-id'; readonly clientId: string }
  /** The ARM id of a user-assigned identity: `/subscriptions/…`. */
  | { readonly kind: 'resource-id'; readonly resourceId: string };

/** The token proxy of a cluster (AKS identity bindings): Entra ID's token endpoint, reached through the API server. */
export interface TokenProxy {
  /** `https://host[:port][/path]` without a slash at its end; the path of Entra ID's endpoint comes after it. */
  readonly url: string;
  /**
   * The name that is asked for in the TLS handshake, by which the API server's front finds the proxy. Undefined: it is derived
   * from the API server's certificate, as AKS has it.
   */
  readonly serverName: string | undefined;
  /** The file with the authorities (PEM) that the proxy's certificate comes from; where it is missing, the process's own count. */
  readonly caFile: string;
}

/** Who asks, apart from the tenant: the way to prove an identity, with what that way needs. Secrets stay in `Secret`. */
export type Identity =
  | {
      /** A service account's token stands as the client assertion (workload identity federation). */
      readonly mode: 'workload-identity';
      readonly clientId: string;
      readonly assertion: Secret<string>;
    }
  | {
      /** The same through the cluster's token proxy (identity binding). */
      readonly mode: 'token-proxy';
      readonly clientId: string;
      readonly assertion: Secret<string>;
      readonly proxy: TokenProxy;
    }
  | {
      /** An application with a client secret (the class's nodePublishSecretRef). */
      readonly mode: 'service-principal';
      readonly clientId: string;
      readonly clientSecret: Secret<string>;
    }
  | {
      /** An application with a certificate: PEM with its private key, or PKCS#12 in base64. */
      readonly mode: 'client-certificate';
      readonly clientId: string;
      readonly certificate: Secret<string>;
      readonly password: Secret<string> | undefined;
    }
  | {
      /** An identity that Azure assigned to the node, from its instance metadata service (IMDS). */
      readonly mode: 'managed-identity';
      readonly assigned: AssignedIdentity | undefined;
    }
  | {
      /** What AAD Pod Identity's node agent (NMI) gives the pod. */
      readonly mode: 'pod-identity';
      readonly pod: { readonly namespace: string; readonly name: string; readonly uid: string };
    };

/** An {@link Identity} in its tenant. */
export type Credential = Identity & { readonly tenantId: string };

/** The client id by which people know an identity; undefined where the node or an agent of it decides. */
export function clientIdOf(identity: Identity): string | undefined {
  if (identity.mode === 'managed-identity') {
    return identity.assigned?.kind === 'client-id' ? identity.assigned.clientId : undefined;
  }
  return identity.mode === 'pod-identity' ? undefined : identity.clientId;
}

/** An identity in words, for the texts of errors: `client c in tenant t`. */
export function describeCredential(credential: Credential): string {
  if (credential.mode === 'managed-identity') {
    const { assigned } = credential;
    if (assigned === undefined) return "the node's system-assigned identity";
    return `the node's user-assigned identity ${assigned.kind === 'client-id' ? assigned.clientId : assigned.resourceId}`;
  }
  if (credential.mode === 'pod-identity') {
    return `pod ${credential.pod.namespace}/${credential.pod.name} by pod identity`;
  }
  return `client ${credential.clientId} in tenant ${credential.tenantId}`;
}
