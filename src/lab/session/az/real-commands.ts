/**
 * Names of commands and groups that the real az has and the stand-in has not, so that a person who types one is told
 * so instead of "misspelled". Top-level names, then names inside the groups that the stand-in shares; not complete.
 */
const REAL: Readonly<Record<string, string>> = {
  '': 'acr advisor afd ams apim appconfig appservice aro backup batch bicep billing bot cache capacity cdn cloud cognitiveservices consumption container containerapp cosmosdb databoxedge deployment deployment-scripts disk disk-access disk-encryption-set dls dms eventgrid eventhubs extension feature feedback find functionapp hdinsight image interactive iot lab lock logicapp managedapp managedservices maps monitor mysql netappfiles network policy postgres ppg provider redis relay resource restore-point search security servicebus sf sig signalr snapshot sql sshkey stack staticwebapp storage synapse tag term ts upgrade vm webapp',
  account: 'alias clear create lock management-group subscription tenant',
  aks: 'addon approuting browse check-acr command connection get-upgrades get-versions install-cli kanalyze kollect machine maintenanceconfiguration mesh operation-abort rotate-certs scale snapshot start stop trustedaccess update-credentials upgrade',
  ad: 'group',
  'ad app': 'owner permission update',
  'ad app credential': 'delete',
  'ad signed-in-user': 'list-owned-objects',
  'ad sp': 'owner update',
  'ad sp credential': 'delete',
  'ad user': 'create delete get-member-groups update',
  'aks nodepool':
    'add delete delete-machines get-upgrades manual-scale operation-abort scale snapshot start stop update upgrade wait',
  config: 'param-persist',
  group: 'deployment export lock update wait',
  identity: 'list-operations list-resources update',
  keyvault:
    'backup check-name private-endpoint-connection private-link-resource region restore role security-domain setting storage update-hsm wait',
  'keyvault certificate': 'contact issuer',
  'keyvault key': 'decrypt encrypt get-attestation get-policy-template random rotation-policy sign verify',
  'keyvault network-rule': 'wait',
  role: 'deny-assignment',
  'role assignment': 'list-changelogs update',
  'role definition': 'create delete update',
  vmss: 'application create deallocate delete delete-instances extension list-instances reimage restart scale show start stop update update-instances wait',
};

/** Whether the real az has a command or group of this path. */
export function isRealCommand(path: string): boolean {
  const words = path.split(' ');
  const names = REAL[words.slice(0, -1).join(' ')] ?? '';
  return names.split(' ').includes(words.at(-1) ?? '');
}
