import { describeAzRows } from './az-rows.ts';

// `as` runs a line as the application that the scene makes.
const PREPARE = `
az group create -n rg -l eastus -o none
az keyvault create -n kv-roles -g rg -o none
echo "VAULT=$(az keyvault show -n kv-roles --query id -o tsv)"
az ad sp create-for-rbac -n ci -o json > sp.json 2>/dev/null
field() { python3 -c "import json; print(json.load(open('sp.json'))['$1'])"; }
echo "APP=$(field appId)"
cat > as <<END
export AZURE_CONFIG_DIR=$PWD/app
az login --service-principal -u $(field appId) -p '$(field password)' --tenant $(field tenant) -o none && "\\$@"
END
`;

describeAzRows('roles with the real az', PREPARE, [
  {
    does: 'makes vaults that role assignments decide on',
    line: 'az keyvault show -n kv-roles --query properties.enableRbacAuthorization -o tsv',
    seen: 'true',
  },
  {
    does: 'gives the owner of the subscription nothing in a vault',
    line: 'az keyvault secret set --vault-name kv-roles -n one --value v',
    seen: /Action: 'Microsoft.KeyVault\/vaults\/secrets\/setSecret\/action'\s+Resource: '.*\/vaults\/kv-roles\/secrets\/one'\s+Assignment: \(not found\)[^]*ForbiddenByRbac/,
    code: 1,
  },
  {
    does: 'assigns a role by name, which counts at once',
    line:
      'az role assignment create --role "Key Vault Secrets Officer" --assignee $ME --scope $VAULT -o none && ' +
      'az keyvault secret set --vault-name kv-roles -n one --value 1 -o none && ' +
      'az keyvault secret set --vault-name kv-roles -n two --value 2 --query value -o tsv',
    seen: '2',
  },
  {
    does: 'answers the assignment that is there when it is made again',
    line: 'az role assignment create --role "Key Vault Secrets Officer" --assignee $ME --scope $VAULT --query roleDefinitionName -o tsv',
    seen: 'Key Vault Secrets Officer',
  },
  {
    does: 'shows a built-in role with its data actions',
    line: "az role definition list --name 'Key Vault Secrets User' --query '[0].[name, permissions[0].dataActions[0]]' -o tsv",
    seen: '4633458b-17de-408a-b874-0445c86b69e6\nMicrosoft.KeyVault/vaults/secrets/getSecret/action',
  },
  { does: 'knows no custom role', line: 'az role definition list --custom-role-only', seen: '[]' },
  {
    does: 'does not know a role',
    line: 'az role assignment create --role Nonsense --assignee $ME --scope $VAULT',
    seen: /Role 'Nonsense' doesn't exist\./,
    code: 1,
  },
  {
    does: 'refuses a client id in place of an object id',
    line: 'az role assignment create --role Reader --assignee-object-id $APP --assignee-principal-type ServicePrincipal --scope $VAULT',
    seen: /PrincipalNotFound/,
    code: 1,
  },
  {
    does: 'signs in no application without a role',
    line: 'bash ./as true',
    seen: /No subscriptions found for/,
    code: 1,
  },
  {
    does: 'gives an application one secret',
    line:
      'az role assignment create --role 4633458b-17de-408a-b874-0445c86b69e6 --assignee $APP --scope $VAULT/secrets/one ' +
      '--query principalType -o tsv && bash ./as az keyvault secret show --vault-name kv-roles -n one --query value -o tsv',
    seen: 'ServicePrincipal\n1',
  },
  {
    does: 'and not the other one',
    line: 'bash ./as az keyvault secret show --vault-name kv-roles -n two',
    seen: /ForbiddenByRbac/,
    code: 1,
  },
  {
    does: 'nor the list',
    line: 'bash ./as az keyvault secret list --vault-name kv-roles',
    seen: /Action: 'Microsoft.KeyVault\/vaults\/secrets\/readMetadata\/action'/,
    code: 1,
  },
  {
    does: 'gives it all secrets of a group, and takes them away',
    line:
      'az role assignment create --role "Key Vault Secrets User" --assignee $APP --scope $SUBSCRIPTION/resourceGroups/rg -o none && ' +
      'bash ./as az keyvault secret show --vault-name kv-roles -n two --query value -o tsv && ' +
      'az role assignment delete --assignee $APP -g rg && ! bash ./as az keyvault secret show --vault-name kv-roles -n two',
    seen: /^2\n[^]*ForbiddenByRbac/,
  },
  {
    does: 'gives it all secrets of the subscription',
    line:
      'az role assignment create --role "Key Vault Secrets User" --assignee $APP --scope $SUBSCRIPTION -o none && ' +
      'bash ./as az keyvault secret show --vault-name kv-roles -n two --query value -o tsv',
    seen: '2',
  },
  {
    does: 'shows it no resources for that',
    line: 'bash ./as az keyvault list; bash ./as az group list',
    seen: '[]\n[]',
  },
  {
    does: 'lets a Reader read, and not write',
    line:
      'az role assignment create --role Reader --assignee $APP -o none --scope $SUBSCRIPTION/resourceGroups/rg && ' +
      'bash ./as az group list --query "[].name" -o tsv && bash ./as az group update -n rg --set tags.a=b',
    seen: /^rg\n[^]*\(AuthorizationFailed\) The client '.*' with object id '.*' does not have authorization to perform action 'Microsoft.Resources\/subscriptions\/resourceGroups\/write' over scope/,
    code: 1,
  },
  {
    does: 'lets a Contributor write, and assign no roles',
    line:
      'az role assignment create --role Contributor --assignee $APP -o none --scope $SUBSCRIPTION/resourceGroups/rg && ' +
      'bash ./as az group update -n rg --set tags.a=b --query tags.a -o tsv && ' +
      'bash ./as az role assignment create --role Reader --assignee-object-id $ME --assignee-principal-type User --scope $VAULT',
    seen: /^b\n[^]*\(AuthorizationFailed\)[^]*Microsoft\.Authorization\/roleAssignments\/write/,
    code: 1,
  },
  {
    does: 'lists what is assigned at a group, above it and everywhere',
    line:
      "az role assignment list -g rg --query '[].roleDefinitionName' -o tsv; echo; " +
      "az role assignment list -g rg --include-inherited --assignee $ME --query '[].roleDefinitionName' -o tsv; echo; " +
      "az role assignment list --all --assignee $APP --query 'length(@)'",
    seen: 'Reader\nContributor\n\nOwner\n\n4',
  },
  {
    does: 'updates a description',
    line:
      "az role assignment list --assignee $APP --scope $VAULT/secrets/one --query '[0]' > a.json && " +
      `python3 -c "import json; a = json.load(open('a.json')); a['description'] = 'for CI'; json.dump(a, open('a.json', 'w'))" && ` +
      'az role assignment update --role-assignment a.json --query description -o tsv',
    seen: 'for CI',
  },
  {
    does: 'makes, assigns and deletes a custom role',
    line:
      `echo '{"Name":"Lister","Actions":[],"DataActions":["Microsoft.KeyVault/vaults/secrets/readMetadata/action"],"AssignableScopes":["'$SUBSCRIPTION'"]}' > role.json && ` +
      'az role definition create --role-definition role.json --query roleType -o tsv && ' +
      'az role assignment create --role Lister --assignee $APP --scope $VAULT -o none && ' +
      'bash ./as az keyvault secret list --vault-name kv-roles --query "length(@)" && ' +
      'az role assignment delete --assignee $APP --role Lister --scope $VAULT && az role definition delete --name Lister',
    seen: 'CustomRole\n2',
  },
  {
    does: 'finds nothing to delete',
    line: 'az role assignment delete --assignee $APP --role Owner --scope $VAULT',
    seen: /No matched assignments were found to delete/,
    code: 1,
  },
  {
    does: 'loses what was assigned at a vault with the vault',
    line: 'az keyvault delete -n kv-roles 2>/dev/null; az role assignment list --assignee $APP --all --query "[].roleDefinitionName" -o tsv | sort',
    seen: 'Contributor\nKey Vault Secrets User\nReader',
  },
]);
