/**
 * Names of commands and groups that the real az has and the stand-in has not, so that a person who types one is told
 * so instead of "misspelled". Top-level names, then names inside the groups that the stand-in shares; not complete.
 */
const REAL: Readonly<Record<string, string>> = {
  '': 'acr ad advisor afd ams apim appconfig appservice aro backup batch bicep billing bot cache capacity cdn cloud cognitiveservices compute-recommender config configure consumption container containerapp cosmosdb data-boundary databoxedge demo deployment deployment-scripts deploymentmanager disk disk-access disk-encryption-set dla dls dms eventgrid eventhubs extension feature feedback find functionapp hdinsight image init interactive iot keyvault kusto lab lock logicapp managed-cassandra managedapp managedservices maps mariadb monitor mysql netappfiles network policy postgres ppg private-link provider redis relay reservations resource restore-point role screen search security servicebus sf sig signalr snapshot sql sshkey stack staticwebapp storage survey synapse tag term ts upgrade vm vmss webapp',
  account: 'alias clear create list-locations lock management-group subscription tenant',
  aks: 'addon app approuting browse check-acr check-network command connection draft get-os-options get-upgrades get-versions install-cli kanalyze kollect kubectl-gs machine maintenanceconfiguration mesh nodepool oidc-issuer operation-abort pod-identity remove-dev-spaces rotate-certs scale snapshot start stop trustedaccess update-credentials upgrade use-dev-spaces',
  group: 'deployment export lock update wait',
  identity: 'list-operations list-resources update',
  keyvault:
    'backup certificate check-name key list-deleted network-rule private-endpoint-connection private-link-resource purge recover region restore role security-domain setting show-deleted storage update update-hsm wait',
  'keyvault secret': 'backup download list-deleted purge recover restore show-deleted',
};

/** Whether the real az has a command or group of this path. */
export function isRealCommand(path: string): boolean {
  const words = path.split(' ');
  const names = REAL[words.slice(0, -1).join(' ')] ?? '';
  return names.split(' ').includes(words.at(-1) ?? '');
}
