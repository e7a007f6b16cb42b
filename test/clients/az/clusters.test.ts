import { describeAzRows } from './az-rows.ts';

const PREPARE = `
az group create -n rg -l eastus -o none
az identity create -n mine -g rg -o none
echo "IDENTITY=$(az identity show -n mine -g rg --query id -o tsv)"
az aks create -n aks -g rg --node-count 1 --enable-oidc-issuer --no-ssh-key -o none
echo "NODES=$(az aks show -n aks -g rg --query nodeResourceGroup -o tsv)"
`;
const SCALE_SET = '-g $NODES -n $(az vmss list -g $NODES --query [0].name -o tsv)';

describeAzRows('clusters with the real az', PREPARE, [
  {
    does: 'creates without waiting, and waits by itself',
    line:
      'az aks create -n later -g rg --no-ssh-key --tier standard --kubernetes-version 1.33 --node-vm-size Standard_D4s_v5 ' +
      '--nodepool-name pool --tags a=b --no-wait && az aks wait -n later -g rg --created --interval 1 && ' +
      "az aks show -n later -g rg --query '[provisioningState, sku.tier, agentPoolProfiles[0].vmSize, tags.a]' -o tsv",
    seen: 'Succeeded\nStandard\nStandard_D4s_v5\nb',
  },
  {
    does: 'lists clusters',
    line: "az aks list --query '[].name' -o tsv",
    seen: 'aks\nlater',
  },
  {
    does: 'turns workload identity on',
    line: 'az aks update -n aks -g rg --enable-workload-identity --query securityProfile.workloadIdentity.enabled -o tsv',
    seen: 'true',
  },
  {
    does: 'rotates the signing keys of service account tokens, and finds both keys published',
    line:
      'az aks oidc-issuer rotate-signing-keys -n aks -g rg --yes && ' +
      'curl -sS --cacert "$REQUESTS_CA_BUNDLE" "$(az aks show -n aks -g rg --query oidcIssuerProfile.issuerUrl -o tsv)openid/v1/jwks" | grep -o \'"kid"\' | wc -l',
    seen: '2',
  },
  {
    does: 'turns the add-on on and off',
    line:
      'az aks enable-addons -n aks -g rg -a azure-keyvault-secrets-provider --enable-secret-rotation -o none && ' +
      "az aks show -n aks -g rg --query 'addonProfiles.azureKeyvaultSecretsProvider.[enabled, config.enableSecretRotation]' -o tsv && " +
      'az aks disable-addons -n aks -g rg -a azure-keyvault-secrets-provider ' +
      '--query addonProfiles.azureKeyvaultSecretsProvider.enabled -o tsv',
    seen: 'true\ntrue\nfalse',
  },
  {
    does: 'writes credentials into a file, and overwrites them when told to',
    line:
      'az aks get-credentials -n aks -g rg -f one.yaml && az aks get-credentials -n aks -g rg -f one.yaml --overwrite-existing && ' +
      'az aks get-credentials -n later -g rg -f one.yaml --context other && grep current-context one.yaml',
    seen: /current-context: other/,
  },
  {
    does: 'shows the node pool',
    line:
      "az aks nodepool list -g rg --cluster-name aks --query '[].name' -o tsv && " +
      'az aks nodepool show -g rg --cluster-name aks -n nodepool1 --query mode -o tsv',
    seen: 'nodepool1\nSystem',
  },
  {
    does: 'adds a node pool, scales it and labels it',
    line:
      'az aks nodepool add -g rg --cluster-name aks -n extra --node-count 1 -o none && ' +
      'az aks nodepool scale -g rg --cluster-name aks -n extra --node-count 2 -o none && ' +
      'az aks nodepool update -g rg --cluster-name aks -n extra --labels a=b -o none && ' +
      'az aks nodepool show -g rg --cluster-name aks -n extra ' +
      "--query '[mode, count, nodeLabels.a, provisioningState]' -o tsv",
    seen: 'User\n2\nb\nSucceeded',
  },
  {
    does: 'removes a node pool',
    line:
      'az aks nodepool delete -g rg --cluster-name aks -n extra && ' +
      "az aks nodepool list -g rg --cluster-name aks --query '[].name' -o tsv",
    seen: 'nodepool1',
  },
  {
    does: 'keeps the last system pool',
    line: 'az aks nodepool delete -g rg --cluster-name aks -n nodepool1',
    seen: /at least one system node pool/,
    code: 1,
  },
  {
    does: 'changes a cluster only while it is the one that was read',
    line:
      'az aks update -n aks -g rg --tags a=b --if-match "$(az aks show -n aks -g rg --query eTag -o tsv)" -o none 2>&1 && ' +
      'az aks update -n aks -g rg --tags a=c --if-match stale -o none',
    seen: /PreconditionFailed/,
    code: 1,
  },
  {
    does: 'says what the lab does not emulate',
    line: 'az aks stop -n aks -g rg',
    seen: /The lab does not emulate 'POST Microsoft.ContainerService\/managedClusters\/stop'/,
    code: 3,
  },
  {
    does: 'offers versions and upgrades',
    line:
      "az aks get-versions -l eastus --query 'values[?isDefault].version' -o tsv && " +
      "az aks get-upgrades -n aks -g rg --query 'controlPlaneProfile.upgrades[0].kubernetesVersion' -o tsv",
    seen: /^1\.\d+\n1\.\d+\.\d+\n$/,
  },
  {
    does: 'shows the machines of the nodes with their identities',
    line: `az vmss show ${SCALE_SET} --query '[sku.capacity, identity.type]' -o tsv && az vmss list --query 'length(@)'`,
    seen: '1\nUserAssigned\n2',
  },
  {
    does: 'gives the machines an identity',
    line:
      `az vmss identity assign ${SCALE_SET} --identities $IDENTITY -o none 2>/dev/null; ` +
      `az vmss identity show ${SCALE_SET} --query "contains(keys(userAssignedIdentities), '$IDENTITY')" -o tsv; ` +
      "az identity list-resources -n mine -g rg --query '[].type' -o tsv 2>/dev/null",
    seen: 'true\nmicrosoft.compute/virtualmachinescalesets',
  },
  {
    does: 'and takes it away',
    line:
      `az vmss identity remove ${SCALE_SET} --identities $IDENTITY -o none 2>/dev/null; ` +
      `az vmss identity show ${SCALE_SET} --query "contains(keys(userAssignedIdentities), '$IDENTITY')" -o tsv`,
    seen: 'false',
  },
  {
    does: 'finds the resources of the node resource group',
    line: "az resource list -g $NODES --query '[].type' -o tsv | sort -u",
    seen: 'Microsoft.Compute/virtualMachineScaleSets\nMicrosoft.ManagedIdentity/userAssignedIdentities',
  },
  {
    does: 'deletes a cluster with its node resource group',
    line: 'az aks delete -n aks -g rg -y --no-wait && az aks wait -n aks -g rg --deleted --interval 1 && az group show -n $NODES',
    seen: /ResourceGroupNotFound/,
    code: 3,
  },
]);
