/**
 * Names of commands and groups that the real az has and the stand-in has not, so that a person who types one is told
 * so instead of "misspelled". Top-level names, then names inside the groups that the stand-in shares; not complete.
 */
const REAL: Readonly<Record<string, string>> = {
  '': 'acr advisor afd ams apim appconfig appservice aro backup batch bicep billing bot cache capacity cdn cloud cognitiveservices consumption container containerapp cosmosdb databoxedge deployment deployment-scripts disk disk-access disk-encryption-set dls dms eventgrid eventhubs extension feature feedback find functionapp hdinsight image interactive iot lab lock logicapp managedapp managedservices maps monitor mysql netappfiles network policy postgres ppg provider redis relay resource restore-point search security servicebus sf sig signalr snapshot sql sshkey stack staticwebapp storage synapse tag term ts upgrade vm vmss webapp',
  account: 'alias clear create lock management-group subscription tenant',
  aks: 'addon approuting browse check-acr command connection get-upgrades get-versions install-cli kanalyze kollect machine maintenanceconfiguration mesh nodepool oidc-issuer operation-abort rotate-certs scale snapshot start stop trustedaccess update-credentials upgrade',
  group: 'deployment export lock update wait',
  identity: 'list-operations list-resources update',
  keyvault:
    'backup certificate check-name key private-endpoint-connection private-link-resource region restore role security-domain setting storage update-hsm wait',
};

/** Whether the real az has a command or group of this path. */
export function isRealCommand(path: string): boolean {
  const words = path.split(' ');
  const names = REAL[words.slice(0, -1).join(' ')] ?? '';
  return names.split(' ').includes(words.at(-1) ?? '');
}
