import { describeAzRows } from './az-rows.ts';

const PREPARE = `
az group create -n rg -l eastus -o none
az keyvault create -n kv-rows -g rg --enable-rbac-authorization false --retention-days 7 --sku premium --tags a=b -o none
az keyvault create -n kv-other -g rg -l westus --enable-rbac-authorization false --enable-purge-protection true -o none
`;

describeAzRows('vaults with the real az', PREPARE, [
  {
    does: 'shows a vault as it was asked for',
    line: "az keyvault show -n kv-rows --query '[tags.a, properties.sku.name, properties.softDeleteRetentionInDays]' -o tsv",
    seen: 'b\npremium\n7',
  },
  {
    does: 'lists the vaults of a group and of the subscription',
    line: "az keyvault list -g rg --query '[].name' -o tsv; az keyvault list --query '[].name' -o tsv",
    seen: 'kv-other\nkv-rows\nkv-other\nkv-rows',
  },
  {
    does: 'refuses a name that is too long',
    line: 'az keyvault create -n kv-with-a-name-of-26-letters -g rg',
    seen: /VaultNameNotValid/,
    code: 1,
  },
  {
    does: 'keeps the retention of a vault',
    line: 'az keyvault update -n kv-rows -g rg --retention-days 30',
    seen: /softDeleteRetentionInDays" has been set already and it can't be modified/,
    code: 1,
  },
  {
    does: 'closes the firewall',
    line:
      'az keyvault update -n kv-rows -g rg --default-action Deny --query properties.networkAcls.defaultAction -o tsv && ' +
      'az keyvault secret list --vault-name kv-rows',
    seen: /^Deny\n[^]*Client address is not authorized and caller is not a trusted service\.\s+Client address: 127\.0\.0\.1\s[^]*ForbiddenByFirewall/,
    code: 1,
  },
  {
    does: 'refuses a rule for a private address',
    line: 'az keyvault network-rule add -n kv-rows --ip-address 10.0.0.0/8',
    seen: /belongs to forbidden range 10\.0\.0\.0–10\.255\.255\.255 \(private IP addresses\)/,
    code: 1,
  },
  {
    does: 'opens it to an address',
    line:
      'az keyvault network-rule add -n kv-rows --ip-address 127.0.0.1 20.1.0.0/16 -o none && ' +
      "az keyvault network-rule list -n kv-rows --query 'ipRules[].value' -o tsv && " +
      'az keyvault network-rule wait -n kv-rows --exists && az keyvault secret list --vault-name kv-rows',
    seen: '127.0.0.1/32\n20.1.0.0/16\n[]',
  },
  {
    does: 'takes a rule away, and lets everybody in',
    line:
      "az keyvault network-rule remove -n kv-rows --ip-address 20.1.0.0/16 --query 'properties.networkAcls.ipRules[].value' -o tsv && " +
      'az keyvault update -n kv-rows -g rg --default-action Allow -o none',
    seen: '127.0.0.1/32',
  },
  {
    does: 'shuts a vault off from the network',
    line:
      'az keyvault update -n kv-rows -g rg --public-network-access Disabled -o none && ' +
      'az keyvault secret list --vault-name kv-rows; ' +
      'az keyvault update -n kv-rows -g rg --public-network-access Enabled --query properties.publicNetworkAccess -o tsv',
    seen: /ForbiddenByConnection/,
  },
  {
    does: 'takes a policy away and gives another',
    line:
      'az keyvault delete-policy -n kv-other --object-id $ME -o none && ! az keyvault secret list --vault-name kv-other && ' +
      'az keyvault set-policy -n kv-other --object-id $ME --secret-permissions all ' +
      "--query 'properties.accessPolicies[0].permissions.secrets[0]' -o tsv",
    seen: /does not have secrets list permission on key vault 'kv-other;location=westus'[^]*ForbiddenByPolicy/,
  },
  {
    does: 'keeps all versions of a secret',
    line:
      'for value in one two; do az keyvault secret set --vault-name kv-rows -n s --value $value -o none; done; ' +
      "az keyvault secret list-versions --vault-name kv-rows -n s --query 'length(@)' -o tsv; " +
      'az keyvault secret show --vault-name kv-rows -n s --query value -o tsv',
    seen: '2\ntwo',
  },
  {
    does: 'disables a secret',
    line:
      'az keyvault secret set-attributes --vault-name kv-rows -n s --enabled false --content-type text --tags c=d ' +
      "--query '[contentType, tags.c]' -o tsv && az keyvault secret show --vault-name kv-rows -n s",
    seen: /^text\nd\n[^]*Operation get is not allowed on a disabled secret\.[^]*SecretDisabled/,
    code: 1,
  },
  {
    does: 'writes and reads a file of bytes',
    line:
      "az keyvault secret set-attributes --vault-name kv-rows -n s --enabled true -o none && printf 'a\\0b' > in && " +
      'az keyvault secret set --vault-name kv-rows -n bytes --file in --encoding base64 -o none && ' +
      'az keyvault secret download --vault-name kv-rows -n bytes --file out && cmp in out && echo same',
    seen: 'same',
  },
  {
    does: 'backs up into another vault, with all versions',
    line:
      'az keyvault secret backup --vault-name kv-rows -n s --file s.backup && ' +
      "az keyvault secret restore --vault-name kv-other --file s.backup --query '[name, contentType]' -o tsv && " +
      "az keyvault secret list-versions --vault-name kv-other -n s --query 'length(@)' -o tsv && " +
      'az keyvault secret show --vault-name kv-other -n s --query value -o tsv',
    seen: 's\ntext\n2\ntwo',
  },
  {
    does: 'restores over no secret',
    line: 'az keyvault secret restore --vault-name kv-rows --file s.backup',
    seen: /\(Conflict\) There was a conflict restoring the secret/,
    code: 1,
  },
  {
    does: 'restores nothing from other bytes',
    line: 'head -c 4728 /dev/zero > zero && az keyvault secret restore --vault-name kv-rows --file zero',
    seen: /\(BadParameter\) Backup blob contains invalid or corrupt version\./,
    code: 1,
  },
  {
    does: 'deletes a secret, keeps its name, and recovers it',
    line:
      'az keyvault secret delete --vault-name kv-rows -n s -o none 2>/dev/null; ' +
      "az keyvault secret list-deleted --vault-name kv-rows --query '[].name' -o tsv; " +
      'az keyvault secret set --vault-name kv-rows -n s --value three; ' +
      'az keyvault secret recover --vault-name kv-rows -n s --query name -o tsv',
    seen: /^s\ns\n[^]*currently in a deleted but recoverable state[^]*ObjectIsDeletedButRecoverable/,
  },
  {
    does: 'purges a secret',
    line:
      'az keyvault secret delete --vault-name kv-rows -n s -o none 2>/dev/null; ' +
      'az keyvault secret purge --vault-name kv-rows -n s; az keyvault secret show --vault-name kv-rows -n s',
    seen: /\(SecretNotFound\)/,
    code: 3,
  },
  {
    does: 'purges nothing from a vault with purge protection',
    line:
      'az keyvault secret delete --vault-name kv-other -n s -o none 2>/dev/null; ' +
      'az keyvault secret purge --vault-name kv-other -n s',
    seen: /purge protection is enabled for this vault/,
    code: 1,
  },
  {
    does: 'deletes a vault and recovers it, with what is in it',
    line:
      'az keyvault delete -n kv-rows 2>/dev/null; ' +
      "az keyvault list-deleted --resource-type vault --query '[].name' -o tsv; " +
      'az keyvault show-deleted -n kv-rows --query properties.location -o tsv; ' +
      'az keyvault recover -n kv-rows --query name -o tsv; ' +
      "az keyvault secret list --vault-name kv-rows --query '[].name' -o tsv",
    seen: 'kv-rows\neastus\nkv-rows\nbytes',
  },
  {
    does: 'purges a vault, whose name is free then, and none with purge protection',
    line:
      'az keyvault delete -n kv-rows 2>/dev/null; az keyvault delete -n kv-other 2>/dev/null; ' +
      'az keyvault purge -n kv-rows && az keyvault create -n kv-rows -g rg --query name -o tsv && ' +
      'az keyvault purge -n kv-other',
    seen: /^kv-rows\n[^]*MethodNotAllowed/,
    code: 1,
  },
]);
