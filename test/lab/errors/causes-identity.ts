import type { Cause } from './cause.ts';

const LIST_CREDENTIALS =
  'az identity federated-credential list -g <resource group> --identity-name <identity> -o table';
const SHOW_ISSUER = 'az aks show -g <resource group> -n <cluster> --query oidcIssuerProfile.issuerUrl -o tsv';
const SHOW_CLASS = "kubectl get secretproviderclass -n <namespace> <class> -o jsonpath='{.spec.parameters}'";
const SHOW_CLIENT_ID = 'az identity show -g <resource group> -n <identity> --query clientId -o tsv';
const SHOW_TENANT = 'az account show --query tenantId -o tsv';
const SHOW_DRIVER = 'kubectl get csidriver secrets-store.csi.k8s.io -o yaml';
const EDIT_CLASS = 'kubectl edit secretproviderclass -n <namespace> <class>';

const putCredential = (verb: 'create' | 'update') =>
  `az identity federated-credential ${verb} -g <resource group> --identity-name <identity> -n <name> --issuer <issuer> --subject system:serviceaccount:<namespace>:<service account> --audiences api://AzureADTokenExchange`;

/**
 * What can be wrong between a pod's service account token and Entra ID's answer. The texts are those of recorded answers
 * of Entra ID, and of the driver and provider that Keyferry stands in for.
 */
export const IDENTITY_CAUSES = [
  {
    id: 'credential-none',
    title: 'The identity has no federated credential at all',
    section: 'identity',
    place: 'pod-event',
    looksLike: "AADSTS70025: The client '<client id>'(<identity>) has no configured federated identity credentials.",
    why: "The pod's token reached Entra ID, but the identity or application with this client id trusts no token of anybody. Often the client id is that of another identity than the one that was set up, such as the identity that AKS made for the add-on.",
    mend: 'Create a federated identity credential for this cluster and this service account, or put the client id of the right identity into the class.',
    commands: [putCredential('create')],
    check: [LIST_CREDENTIALS, SHOW_CLASS],
  },
  {
    id: 'credential-other-subject',
    title: 'No federated credential for this service account',
    section: 'identity',
    place: 'pod-event',
    looksLike:
      "AADSTS700213: No matching federated identity record found for presented assertion subject '<subject>'. Check your federated identity credential Subject, Audience and Issuer against the presented assertion.",
    why: 'The identity trusts this cluster, but not this service account: the credential is missing, or it names another namespace or another name. The message has the subject of the pod: `system:serviceaccount:<namespace>:<service account>`. A pod that names no service account runs as `default`. A credential that was made a moment ago counts after some seconds.',
    mend: 'Create a credential with the subject in the message, or correct the one that was meant for it, or let the pod run as the service account that the credential names.',
    commands: [putCredential('create')],
    check: [
      LIST_CREDENTIALS,
      "kubectl get pod -n <namespace> <pod> -o jsonpath='{.metadata.namespace}:{.spec.serviceAccountName}'",
    ],
  },
  {
    id: 'credential-subject-case',
    title: 'The subject of the credential differs in upper and lower case',
    section: 'identity',
    place: 'pod-event',
    looksLike:
      "AADSTS7002138: No matching federated identity record found for presented assertion subject '<subject>'. The subject matches with case-insensitive comparison, but not with case-sensitive comparison.",
    why: 'Subjects are compared character by character. Namespaces and service accounts are lower-case, so the credential has a capital letter somewhere.',
    mend: 'Set the subject of the credential to the one in the message.',
    commands: [putCredential('update')],
    check: [LIST_CREDENTIALS],
  },
  {
    id: 'credential-other-issuer',
    title: 'The issuer of the credential is not that of this cluster',
    section: 'identity',
    place: 'pod-event',
    looksLike:
      "AADSTS700211: No matching federated identity record found for presented assertion issuer '<issuer>'. Please check your federated identity credential Subject, Audience and Issuer against the presented assertion.",
    why: 'The identity trusts some issuer, but not this cluster. Issuers are compared character by character: those of AKS end with a slash, and a cluster that was deleted and made again has another one.',
    mend: 'Set the issuer of the credential to the one in the message, which is the one that the cluster publishes.',
    commands: [putCredential('update')],
    check: [SHOW_ISSUER, LIST_CREDENTIALS],
  },
  {
    id: 'credential-other-audience',
    title: 'The audience of the credential is another one',
    section: 'identity',
    place: 'pod-event',
    looksLike:
      "AADSTS700212: No matching federated identity record found for presented assertion audience 'api://AzureADTokenExchange'. Please check your federated identity credential Subject, Audience and Issuer against the presented assertion.",
    why: 'Issuer and subject of the credential are right, its audience is not the one that the token was made for. Tokens of pods have the audience `api://AzureADTokenExchange`.',
    mend: 'Set the audience of the credential to `api://AzureADTokenExchange`, in exactly these letters.',
    commands: [putCredential('update')],
    check: [LIST_CREDENTIALS],
  },
  {
    id: 'application-unknown',
    title: 'The tenant has no identity with this client id',
    section: 'identity',
    place: 'pod-event',
    looksLike: "AADSTS700016: Application with identifier '<client id>' was not found in the directory '<directory>'.",
    why: "The `clientID` of the class names no identity or application of this tenant: it was deleted (one that is made again gets another client id), it belongs to another tenant, or the identity's object id was taken for its client id.",
    mend: 'Put the client id of the identity into the class. A new identity also needs its federated credential and its access to the vault.',
    commands: [SHOW_CLIENT_ID, EDIT_CLASS],
    check: [SHOW_CLASS, 'az identity list --query "[?clientId==\'<client id>\']" -o table'],
  },
  {
    id: 'tenant-unknown',
    title: 'There is no such tenant',
    section: 'identity',
    place: 'pod-event',
    looksLike:
      "AADSTS90002: Tenant '<tenant>' not found. Check to make sure you have the correct tenant ID and are signing into the correct cloud.",
    why: 'The `tenantID` of the class is no tenant of the cloud that was asked: mistyped, the id of a subscription, or one of another cloud (`cloudName`).',
    mend: 'Put the id of the tenant that the identity and the vault belong to into the class.',
    commands: [SHOW_TENANT, EDIT_CLASS],
    check: [SHOW_CLASS],
  },
  {
    id: 'tenant-malformed',
    title: 'The tenant is no tenant id',
    section: 'identity',
    place: 'pod-event',
    looksLike:
      "AADSTS900023: Specified tenant identifier '<tenant>' is neither a valid DNS name, nor a valid external domain.",
    why: 'The `tenantID` of the class is neither an id (36 characters) nor a domain of a tenant: a character is missing, or it is a name.',
    mend: 'Put the id of the tenant that the identity and the vault belong to into the class.',
    commands: [SHOW_TENANT, EDIT_CLASS],
    check: [SHOW_CLASS],
  },
  {
    id: 'service-principal-missing',
    title: 'The application has no service principal',
    section: 'identity',
    place: 'pod-event',
    looksLike: 'AADSTS7000229: The client application <client id> is missing service principal in the tenant <tenant>.',
    why: 'The `clientID` is that of an app registration (`az ad app create`) that was never given a service principal in this tenant. The portal makes both at once, scripts and templates often forget the second.',
    mend: 'Make the service principal, and give it access to the vault by its object id. A managed identity needs neither.',
    commands: [
      'az ad sp create --id <client id>',
      'az keyvault set-policy -n <vault> --spn <client id> --secret-permissions get',
    ],
    check: ['az ad app show --id <client id> --query displayName', 'az ad sp show --id <client id> --query id'],
  },
  {
    id: 'client-id-missing',
    title: 'The class says neither who to be nor with which secret',
    section: 'identity',
    place: 'pod-event',
    looksLike:
      'failed to build auth config for mode None: failed to get credentials, nodePublishSecretRef secret is not set',
    why: 'Neither the parameters of the class nor the annotations of the service account name an identity (`clientID`, `azure.workload.identity/client-id`), and the volume names no Secret of a service principal in `nodePublishSecretRef`.',
    mend: 'Add `clientID`, the client id of the identity, to the parameters of the class; or annotate the service account with it.',
    commands: [
      SHOW_CLIENT_ID,
      EDIT_CLASS,
      'kubectl annotate serviceaccount -n <namespace> <service account> azure.workload.identity/client-id=<client id>',
    ],
    check: [SHOW_CLASS],
  },
  {
    id: 'token-requests-missing',
    title: 'kubelet gives the driver no tokens',
    section: 'identity',
    place: 'pod-event',
    looksLike:
      'failed to build auth config for mode None: failed to parse workload identity tokens, error: service account tokens not found',
    why: 'The CSIDriver object has no `tokenRequests`, so kubelet hands no service account tokens to the driver. The Helm chart of the driver alone installs it like that; the chart of the Azure provider and the AKS add-on set it.',
    mend: 'Set `tokenRequests` with the audience `api://AzureADTokenExchange` on the CSIDriver object (in the values of the chart, or it is lost with the next upgrade).',
    commands: [
      `kubectl patch csidriver secrets-store.csi.k8s.io --type merge -p '{"spec":{"tokenRequests":[{"audience":"api://AzureADTokenExchange"}]}}'`,
    ],
    check: [SHOW_DRIVER],
  },
  {
    id: 'token-audience-missing',
    title: 'kubelet gives the driver tokens for other audiences only',
    section: 'identity',
    place: 'pod-event',
    looksLike:
      'failed to build auth config for mode None: failed to parse workload identity tokens, error: token for audience api://AzureADTokenExchange not found',
    why: 'The `tokenRequests` of the CSIDriver object lack the audience `api://AzureADTokenExchange`.',
    mend: 'Add the audience to the `tokenRequests` of the CSIDriver object (in the values of the chart, or it is lost with the next upgrade).',
    commands: [
      `kubectl patch csidriver secrets-store.csi.k8s.io --type json -p '[{"op":"add","path":"/spec/tokenRequests/-","value":{"audience":"api://AzureADTokenExchange"}}]'`,
    ],
    check: [SHOW_DRIVER],
  },
  {
    id: 'signing-key-unknown',
    title: "Entra ID does not know the cluster's signing key yet",
    section: 'identity',
    place: 'pod-event',
    looksLike:
      'AADSTS7000272: The certificate with identifier <key id> used to sign the federated credential could not be found in the metadata of identity provider <issuer>.',
    why: 'The signing key of service account tokens was rotated, and what Entra ID last read of the issuer does not have the new key. Or the other way about: a key was rotated twice, and the token is older than that. In clusters of your own: the new key signs already and is not published.',
    mend: 'On AKS wait some minutes: the keys are published, and Entra ID looks again. In a cluster of your own write the keys of the API server to where the issuer has its own. Restart pods that hold tokens from before two rotations.',
    commands: ['kubectl get --raw /openid/v1/jwks > jwks.json   # to be published as <issuer>openid/v1/jwks'],
    check: ['curl -s <issuer>openid/v1/jwks', 'kubectl get --raw /openid/v1/jwks'],
  },
  {
    id: 'issuer-unreachable',
    title: "Entra ID cannot read the cluster's issuer",
    section: 'identity',
    place: 'pod-event',
    looksLike: 'AADSTS50166: Request to External OIDC endpoint failed.',
    why: "To check the token Entra ID reads two documents of the cluster's issuer over the internet, and could not: the host does not answer, a firewall or a storage account lets nobody in, or the document names another issuer. Entra ID gives the same failure the numbers AADSTS501661 and, until 2022, AADSTS90061.",
    mend: 'Make both documents readable for everybody, and look that the `issuer` in the first one is the issuer to the letter. On AKS wait, and look for an incident.',
    commands: [],
    check: ['curl -i <issuer>.well-known/openid-configuration', 'curl -i <issuer>openid/v1/jwks'],
  },
  {
    id: 'entra-unavailable',
    title: 'Entra ID itself is in trouble',
    section: 'identity',
    place: 'pod-event',
    looksLike: 'AADSTS90033: A transient error has occurred. Please try again.',
    why: 'The token endpoint answers, but not with a token. The provider tried three times; pods that run keep their files.',
    mend: 'Wait: kubelet tries again by itself. When it lasts, look at the health of Azure.',
    commands: [],
    check: ['curl -i https://login.microsoftonline.com/<tenant>/v2.0/.well-known/openid-configuration'],
  },
  {
    id: 'entra-unreachable',
    title: 'The node does not reach Entra ID',
    section: 'identity',
    place: 'pod-event',
    looksLike: '(the node must reach Entra ID: look at DNS, proxy and firewall; the mount is tried again by itself)',
    why: 'No answer came to `getting a token`: before these words stands `no answer within 20000 ms`, or the reason of the connection. A firewall or network policy on the way from the node drops it, or a proxy is missing or wrong (`HTTPS_PROXY` of the node process).',
    mend: 'Let the nodes reach login.microsoftonline.com at port 443. Mounts go on by themselves then; pods that run keep their files.',
    commands: [],
    check: [
      'curl -i https://login.microsoftonline.com/<tenant>/v2.0/.well-known/openid-configuration   # on the node, with its proxy',
    ],
  },
  {
    id: 'token-expired',
    title: 'The token was used after its end',
    section: 'identity',
    place: 'az',
    looksLike:
      'AADSTS700024: Client assertion is not within its valid time range. Current time: <now>, assertion valid from <beginning>, expiry time of assertion <end>.',
    why: 'A program exchanged a service account token that it had read long ago: kubelet renews the file, the program must read it again. The driver always has a fresh one; in an event of the driver, the clock of the API server or the node is wrong.',
    mend: 'Read the file of the token (`AZURE_FEDERATED_TOKEN_FILE`) before each exchange, as the SDKs do; in a script sign in again.',
    commands: [
      'az login --service-principal -u <client id> -t <tenant> --federated-token "$(cat "$AZURE_FEDERATED_TOKEN_FILE")"',
    ],
    check: ['date -u', 'kubectl get --raw /healthz -v 8 2>&1 | grep "Date:"'],
  },
  {
    id: 'client-secret-wrong',
    title: 'The client secret is not one of the application',
    section: 'identity',
    place: 'pod-event',
    looksLike:
      "AADSTS7000215: Invalid client secret provided. Ensure the secret being sent in the request is the client secret value, not the client secret ID, for a secret added to app '<client id>'.",
    why: "The class uses a service principal, and the `clientsecret` in the Secret of `nodePublishSecretRef` is none of its client secrets: mistyped, removed, or the secret's id instead of its value.",
    mend: 'Put the value of a client secret into the Secret. Better: give the class a `clientID` and use workload identity, which has no secret.',
    commands: [
      'kubectl create secret generic -n <namespace> <secret> --from-literal clientid=<client id> --from-literal clientsecret=<value> --dry-run=client -o yaml | kubectl apply -f -',
    ],
    check: ['az ad app credential list --id <client id> -o table'],
  },
  {
    id: 'client-certificate-unknown',
    title: 'The client certificate is not one of the application',
    section: 'identity',
    place: 'pod-event',
    looksLike:
      "AADSTS700027: The certificate with identifier used to sign the client assertion is not registered on application. [Reason - The key was not found., Thumbprint of key used by client: '<thumbprint>'",
    why: 'The class uses a service principal, and the application does not have the certificate that is `clientcertificate` in the Secret of `nodePublishSecretRef`: it was never added to it, or removed.',
    mend: 'Add the public side of the certificate to the application, or put one into the Secret that it has. Better: give the class a `clientID` and use workload identity, which has no secret.',
    commands: ['az ad app credential reset --id <client id> --append --cert @<certificate file>'],
    check: ['az ad app credential list --id <client id> --cert -o table'],
  },
  {
    id: 'managed-identity-unassigned',
    title: 'The managed identity is not assigned to the node',
    section: 'identity',
    place: 'pod-event',
    looksLike:
      "getting a token for the node's user-assigned identity <client id> from <metadata service>: Identity not found",
    why: 'The class has `useVMManagedIdentity`, and `userAssignedIdentityID` names an identity that is not assigned to the machines of the node pool; or it is the object id instead of the client id.',
    mend: "Assign the identity to the scale set of each node pool, in the cluster's node resource group. Better: use workload identity, which binds the identity to the pod instead of the node.",
    commands: [
      'az vmss identity assign -g <node resource group> -n <scale set> --identities <resource id of the identity>',
    ],
    check: [
      'az aks show -g <resource group> -n <cluster> --query nodeResourceGroup -o tsv',
      'az vmss identity show -g <node resource group> -n <scale set>',
    ],
  },
  {
    id: 'client-secret-expired',
    title: 'The client secret has expired',
    section: 'identity',
    place: 'pod-event',
    looksLike: "AADSTS7000222: The provided client secret keys for app '<client id>' are expired.",
    why: 'The class uses a service principal, and the client secret in the Secret of `nodePublishSecretRef` is past its end.',
    mend: 'Make a new client secret and put its value into the Secret. Better: give the class a `clientID` and use workload identity, which has no secret.',
    commands: [
      'az ad app credential reset --id <client id> --append --query password -o tsv',
      'kubectl create secret generic -n <namespace> <secret> --from-literal clientid=<client id> --from-literal clientsecret=<value> --dry-run=client -o yaml | kubectl apply -f -',
    ],
    check: ["az ad app credential list --id <client id> --query '[].endDateTime' -o tsv"],
  },
] as const satisfies readonly Cause[];
