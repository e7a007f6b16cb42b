/** A managed cluster that ARM was asked for. */
export interface ClusterSpec {
  /** The ARM id as it was created; its lower-cased form names the cluster everywhere. */
  readonly armId: string;
  readonly name: string;
  readonly resourceGroup: string;
  readonly location: string;
  /** `https://<region>.oic.prod-aks.azure.com/<tenant>/<guid>/`, with the slash at the end. */
  readonly issuerUrl: string;
  /** Whether the add-on azureKeyvaultSecretsProvider is on, and its settings. */
  readonly secretsProvider:
    undefined | { readonly enableSecretRotation: boolean; readonly rotationPollInterval: string };
  readonly workloadIdentity: boolean;
  readonly kubernetesVersion: string;
  /** The node's name: that of the first machine in the first node pool's scale set. */
  readonly nodeName: string;
  /** How many pods the node takes. */
  readonly maxPods: number;
}

/** The documents of a cluster's service account issuer. */
export interface IssuerDocuments {
  /** `/.well-known/openid-configuration` below the issuer URL. */
  openidConfiguration(): unknown;
  /** The JWKS that it points to, or a promise of it. */
  jwks(): unknown;
}

/** What runs the Kubernetes behind ARM's managed clusters. The session hands it in; the cloud only asks. */
export interface ClusterHost {
  /** Why no cluster can be made here; undefined where one can. */
  readonly refusal?: string | undefined;
  /** Starts the cluster, or brings a running one to `spec`. Resolves when its API server answers. */
  apply(spec: ClusterSpec): Promise<void>;
  /** Stops the cluster and forgets its state. */
  remove(armId: string): Promise<void>;
  /** A kubeconfig (YAML) with full rights. */
  kubeconfig(armId: string): Promise<string>;
  /** A new key signs service account tokens from now on. Throws `not-found` when the cluster does not run. */
  rotateSigningKeys(armId: string): Promise<void>;
  /** Undefined when the cluster does not run. */
  issuer(armId: string): IssuerDocuments | undefined;
}

/**
 * The managed identities that a cluster's nodes have, by object id: those of the virtual machine scale set behind its node
 * pool. IMDS on a node gives tokens for these and no others.
 */
export interface NodeIdentities {
  /** What a request that names no identity gets; AKS assigns none by itself. */
  readonly systemAssigned: string | undefined;
  /** From the start the kubelet's identity, and the one of the secrets provider add-on once it is on. */
  readonly userAssigned: readonly string[];
  /** The ARM id of the scale set, where there is one. */
  readonly scaleSetId?: string | undefined;
}
