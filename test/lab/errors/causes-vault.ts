import type { Cause } from './cause.ts';

const SHOW_VAULT =
  'az keyvault show -n <vault> --query "{rbac: properties.enableRbacAuthorization, policies: properties.accessPolicies[].objectId, network: properties.networkAcls.defaultAction, public: properties.publicNetworkAccess}"';
const SHOW_OBJECT_ID = 'az identity show -g <resource group> -n <identity> --query principalId -o tsv';
const SHOW_SECRET =
  'az keyvault secret list-versions --vault-name <vault> -n <secret> --query "[].{version: id, enabled: attributes.enabled}" -o table';
const SHOW_DELETED = 'az keyvault secret list-deleted --vault-name <vault> -o table';

/**
 * What can be wrong between a token of Entra ID and a secret's value. The texts are Key Vault's, as Microsoft's pages and
 * recorded answers quote them.
 */
export const VAULT_CAUSES = [
  {
    id: 'policy-none',
    title: 'No access policy lets the identity read secrets',
    section: 'vault',
    place: 'pod-event',
    looksLike: "does not have secrets get permission on key vault '<vault>;location=<location>'",
    why: "The vault decides by access policies, and none of them gives the identity's object id the secret permission `get`. Most often there is no policy at all, or it was made for the client id: policies know object ids only, and take any other id without a word. The message has both: `appid` is the client id, `oid` the object id.",
    mend: 'Set a policy for the object id. It counts at once.',
    commands: ['az keyvault set-policy -n <vault> --object-id <object id> --secret-permissions get'],
    check: [SHOW_OBJECT_ID, SHOW_VAULT],
  },
  {
    id: 'role-none',
    title: 'No role assignment lets the identity read secrets',
    section: 'vault',
    place: 'pod-event',
    looksLike: 'ForbiddenByRbac: Caller is not authorized to perform action on resource.',
    why: 'The vault decides by Azure roles (RBAC), and the identity has none that reads secrets here: no role, one that only manages the vault (Owner, Contributor, Reader), or the right one at another scope, such as another vault. Access policies of such a vault count for nothing.',
    mend: 'Assign Key Vault Secrets User on the vault, or on the one secret. In Azure it can take some minutes until it counts.',
    commands: [
      'az role assignment create --role "Key Vault Secrets User" --assignee-object-id <object id> --assignee-principal-type ServicePrincipal --scope "$(az keyvault show -n <vault> --query id -o tsv)"',
    ],
    check: ['az role assignment list --assignee <object id> --all -o table', SHOW_VAULT],
  },
  {
    id: 'secret-missing',
    title: 'The vault has no such secret, or no such version',
    section: 'vault',
    place: 'pod-event',
    looksLike: 'SecretNotFound: A secret with (name/id) <secret> was not found in this key vault.',
    why: 'There is no secret with this name in the vault, or it has no version with this id: then the message says `<name>/<version>`. A deleted secret is told in the same words. A certificate or a key needs its own `objectType`, or with `secret` the permission to read secrets.',
    mend: 'Correct `objectName`, `objectVersion` or `keyvaultName` in the class, or set the secret, or recover the deleted one.',
    commands: [
      'kubectl edit secretproviderclass -n <namespace> <class>',
      'az keyvault secret recover --vault-name <vault> -n <secret>',
    ],
    check: [SHOW_SECRET, SHOW_DELETED],
  },
  {
    id: 'secret-disabled',
    title: 'The version of the secret is disabled',
    section: 'vault',
    place: 'pod-event',
    looksLike: 'SecretDisabled: Operation get is not allowed on a disabled secret.',
    why: 'Without `objectVersion` the newest version is read, also when it is disabled: Key Vault does not fall back to the one before. Expiry dates are no reason of this kind: a secret is served before its start and after its end.',
    mend: 'Enable the version, or set a new one, or name an enabled one in `objectVersion`.',
    commands: ['az keyvault secret set-attributes --vault-name <vault> -n <secret> --enabled true'],
    check: [SHOW_SECRET],
  },
  {
    id: 'vault-unknown',
    title: 'There is no vault with this name',
    section: 'vault',
    place: 'pod-event',
    looksLike: '<vault>.vault.azure.net cannot be resolved: no vault has this name',
    why: "The name of the vault is its host name, and DNS has none. These are the words of the lab's gateway; another proxy has its own, with status 502 or 503, and without a proxy the message is `getaddrinfo ENOTFOUND <vault>.vault.azure.net`. Vaults of other clouds have other host names (`cloudName`).",
    mend: 'Correct `keyvaultName`, or `cloudName`, in the class; or recover the vault if it was deleted.',
    commands: ['kubectl edit secretproviderclass -n <namespace> <class>'],
    check: ['az keyvault list --query "[].name" -o tsv', 'az keyvault list-deleted --query "[].name" -o tsv'],
  },
  {
    id: 'vault-unavailable',
    title: 'The vault itself is in trouble',
    section: 'vault',
    place: 'pod-event',
    looksLike: 'ServiceUnavailable: The service is currently unavailable',
    why: 'Key Vault answers, but with a failure of its own. The provider tried three times, and one request of the whole node now and then finds out when it is well again; pods that run keep their files.',
    mend: 'Wait: mounts go on by themselves. When it lasts, look at the health of Azure.',
    commands: [],
    check: ['curl -i https://<vault>.vault.azure.net/healthstatus'],
  },
  {
    id: 'vault-unreachable',
    title: 'The node does not reach the vault',
    section: 'vault',
    place: 'pod-event',
    looksLike: '(the node cannot reach the vault: look at its network, its firewall and its proxy)',
    why: 'No answer came: before these words stands `no answer within 20000 ms`, or the reason of the connection, such as `ECONNRESET`, `ECONNREFUSED`, `ETIMEDOUT` or `EHOSTUNREACH`. A firewall or network policy on the way from the node drops the connection, a proxy is missing or wrong (`HTTPS_PROXY` of the node process), or the private endpoint is gone.',
    mend: 'Let the nodes reach the host of the vault at port 443. Mounts go on by themselves then; pods that run keep their files.',
    commands: [],
    check: ['curl -sv -o /dev/null https://<vault>.vault.azure.net/   # on the node, with its proxy: a 401 is right'],
  },
  {
    id: 'vault-throttled',
    title: 'The vault is asked too often',
    section: 'vault',
    place: 'pod-event',
    looksLike:
      'Throttled: Request was not processed because too many requests were received. Reason: VaultRequestTypeLimitReached',
    why: 'A vault takes 4,000 requests for secrets in ten seconds, from all its users together, and answers 429 to the rest, mostly with the seconds to wait. The provider waits that long, with all its requests to this vault, and asks again. The event comes when that has not helped within 12 s, or when the pause is longer than that; kubelet then repeats the mount. While a pause lasts, all mounts that need the vault fail with it, without a request: `left alone for longer than this mount may wait`.',
    mend: 'Nothing: mounts go on by themselves when the vault takes requests again. If it comes again and again (the metric ServiceApiHit of the vault, by status code), use a longer refresh interval, or spread the secrets over more vaults.',
    commands: [],
    check: [],
  },
  {
    id: 'vault-firewall',
    title: "The vault's firewall does not know the node's address",
    section: 'vault',
    place: 'pod-event',
    looksLike: 'ForbiddenByFirewall: Client address is not authorized and caller is not a trusted service.',
    why: 'The vault lets only some networks in, and the address that the node comes from, the one in the message, is not among them. Nodes are no trusted service of Azure.',
    mend: "Let the address in (for AKS that of the cluster's outbound IP), or the nodes' subnet, or use a private endpoint.",
    commands: ['az keyvault network-rule add -n <vault> --ip-address <address>'],
    check: ['az keyvault network-rule list -n <vault>'],
  },
  {
    id: 'vault-private',
    title: 'The vault answers on its private endpoint only',
    section: 'vault',
    place: 'pod-event',
    looksLike:
      'ForbiddenByConnection: Public network access is disabled and request is not from a trusted service nor via an approved private link.',
    why: 'Public network access of the vault is off, and the node reaches it by its public address: there is no private endpoint in its network, or DNS does not lead to it.',
    mend: "Make a private endpoint with its DNS zone in the nodes' network, or allow public access and restrict it by the firewall.",
    commands: ['az keyvault update -n <vault> --public-network-access Enabled'],
    check: [SHOW_VAULT],
  },
] as const satisfies readonly Cause[];
