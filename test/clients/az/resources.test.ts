import { describeAzRows } from './az-rows.ts';

const PREPARE = `
az group create -n rg -l eastus --tags team=blue -o none
az identity create -n one -g rg --tags a=b -o none
echo "ONE=$(az identity show -n one -g rg --query id -o tsv)"
`;
const CREDENTIAL = 'az identity federated-credential';
const OF_ONE = '-g rg --identity-name one';

describeAzRows('groups and resources with the real az', PREPARE, [
  {
    does: 'finds a group by a tag, changes it and waits for it',
    line:
      "az group list --tag team=blue --query '[].name' -o tsv && az group update -n rg --set tags.x=y --query tags.x -o tsv && " +
      'az group wait -n rg --created && az group exists -n nowhere',
    seen: 'rg\ny\nfalse',
  },
  {
    does: 'finds resources by name, tag and place',
    line: "for by in '-n one' '--tag a=b' '-l eastus' '-g rg'; do az resource list $by --query '[].name' -o tsv; done",
    seen: 'one\none\none\none',
  },
  {
    does: 'shows and tags a resource of any type',
    line:
      'az resource show --ids $ONE --query name -o tsv && az resource tag --ids $ONE --tags c=d --query tags.c -o tsv && ' +
      'az tag update --resource-id $ONE --operation merge --tags e=f -o none && ' +
      "az tag list --resource-id $ONE --query 'join(`,`, keys(properties.tags))' -o tsv",
    seen: 'one\nd\nc,e',
  },
  {
    does: 'finds all providers registered',
    line: 'az provider show -n Microsoft.KeyVault --query registrationState -o tsv; az provider register -n Microsoft.Network',
    seen: 'Registered',
  },
  {
    does: 'says that templates are not deployed',
    line:
      `echo '{"$schema":"https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#","contentVersion":"1.0.0.0","resources":[]}' > t.json; ` +
      'az deployment group create -g rg -f t.json',
    seen: /DeploymentsNotSupported/,
    code: 1,
  },
  {
    does: 'reaches ARM, Graph and vaults by hand',
    line:
      'az keyvault create -n kv-by-hand -g rg --enable-rbac-authorization false -o none && ' +
      'az rest --url "$SUBSCRIPTION/resourcegroups?api-version=2021-04-01" --query "value[].name" -o tsv && ' +
      'az rest --url https://graph.microsoft.com/v1.0/me --query displayName -o tsv && ' +
      'az rest --method put --resource https://vault.azure.net --url "https://kv-by-hand.vault.azure.net/secrets/s?api-version=7.4" ' +
      `--body '{"value":"by hand"}' --query value -o tsv`,
    seen: 'rg\nLab User\nby hand',
  },
  {
    does: 'registers the lab as a cloud from what it tells of itself',
    line:
      'az cloud register -n copy --endpoint-resource-manager https://management.azure.com && ' +
      "az cloud show -n copy --query '[endpoints.activeDirectory, suffixes.keyvaultDns]' -o tsv",
    seen: 'https://login.microsoftonline.com\n.vault.azure.net',
  },
  {
    does: 'makes, changes, lists and deletes a federated credential',
    line:
      `${CREDENTIAL} create -n ci-main ${OF_ONE} --issuer https://issuer.example --subject ci --audiences api://AzureADTokenExchange -o none && ` +
      `${CREDENTIAL} update -n ci-main ${OF_ONE} --issuer https://issuer.example --subject cd --audiences api://AzureADTokenExchange -o none && ` +
      `${CREDENTIAL} list ${OF_ONE} --query '[].[name, subject]' -o tsv && ${CREDENTIAL} delete -n ci-main ${OF_ONE} -y && ` +
      `${CREDENTIAL} list ${OF_ONE}`,
    seen: 'ci-main\tcd\n[]',
  },
  {
    does: 'refuses an issuer without TLS',
    line: `${CREDENTIAL} create -n ci-main ${OF_ONE} --issuer http://issuer.example --subject ci --audiences a`,
    seen: /\(BadRequest\).*HTTPS/,
    code: 1,
  },
  {
    does: 'deletes a group with all that is in it, and soft-deletes its vaults',
    line:
      'az group delete -n rg -y --no-wait && az group wait -n rg --deleted --interval 1 && ' +
      "az keyvault list-deleted --resource-type vault --query '[].name' -o tsv && az identity list",
    seen: 'kv-by-hand\n[]',
  },
]);
