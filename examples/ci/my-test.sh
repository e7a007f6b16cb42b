#!/usr/bin/env bash
# Does the password reach the pod, with the manifests as they are deployed? And does another service account stay out?
# Run it in the lab:  keyferry lab run --ephemeral --az builtin -- ./my-test.sh
set -euo pipefail
cd "$(dirname "$0")"

# When a step fails, tell what the cluster knows about it; the script's exit code stays.
explain() {
  echo '--- what the cluster says'
  kubectl get pods || true
  kubectl events --types=Warning || true
}
trap explain ERR

GROUP=shop CLUSTER=shop-cluster IDENTITY=shop VAULT=shop-test-vault

echo '== Azure: a cluster, an identity, a vault (in a real pipeline: your Bicep, Terraform or scripts)'
az group create --name $GROUP --location westeurope --output none
az aks create --resource-group $GROUP --name $CLUSTER --enable-oidc-issuer --enable-workload-identity \
  --enable-addons azure-keyvault-secrets-provider --generate-ssh-keys --output none
az aks get-credentials --resource-group $GROUP --name $CLUSTER
az identity create --resource-group $GROUP --name $IDENTITY --output none
az keyvault create --resource-group $GROUP --name $VAULT --enable-rbac-authorization false --output none
ISSUER=$(az aks show --resource-group $GROUP --name $CLUSTER --query oidcIssuerProfile.issuerUrl --output tsv)
TENANT_ID=$(az account show --query tenantId --output tsv)
CLIENT_ID=$(az identity show --resource-group $GROUP --name $IDENTITY --query clientId --output tsv)
az identity federated-credential create --resource-group $GROUP --identity-name $IDENTITY --name shop \
  --issuer "$ISSUER" --subject "${SUBJECT:-system:serviceaccount:default:shop}" --output none
az keyvault set-policy --name $VAULT --spn "$CLIENT_ID" --secret-permissions get --output none
az keyvault secret set --vault-name $VAULT --name DatabasePassword --value 'only-for-this-test' --output none

echo '== the manifests, as they are deployed'
sed -e "s|\${CLIENT_ID}|$CLIENT_ID|g" -e "s|\${TENANT_ID}|$TENANT_ID|g" -e "s|\${VAULT}|$VAULT|g" manifests/app.yaml | kubectl apply -f -
kubectl wait --for=condition=Available deployment/shop --timeout="${WAIT:-60s}"
test "$(kubectl exec deployment/shop -- cat /mnt/secrets/DatabasePassword)" = 'only-for-this-test'

echo '== another service account is refused by Entra ID'
kubectl create serviceaccount stranger
kubectl patch deployment shop --patch '{"spec":{"template":{"spec":{"serviceAccountName":"stranger"}}}}'
until kubectl get events --field-selector reason=FailedMount --output jsonpath='{.items[*].message}' | grep -q AADSTS700213; do
  sleep 1
done

echo 'the password reaches the shop, and nobody else'
