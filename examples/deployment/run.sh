#!/usr/bin/env bash
# A Deployment of two pods that share an identity and a secret; the add-on is switched on after the cluster was made.
# Run it in the lab:  keyferry lab run --ephemeral -- examples/deployment/run.sh
# It needs az (the lab brings a stand-in) and kubectl.
set -euo pipefail
cd "$(dirname "$0")"

GROUP=web CLUSTER=web-cluster IDENTITY=web-identity LOCATION=westeurope VAULT=web-$RANDOM$RANDOM

az group create --name $GROUP --location $LOCATION --output none
az aks create --resource-group $GROUP --name $CLUSTER --enable-oidc-issuer --enable-workload-identity --generate-ssh-keys --output none
az aks get-credentials --resource-group $GROUP --name $CLUSTER --overwrite-existing
az aks enable-addons --resource-group $GROUP --name $CLUSTER --addons azure-keyvault-secrets-provider --output none
ISSUER=$(az aks show --resource-group $GROUP --name $CLUSTER --query oidcIssuerProfile.issuerUrl --output tsv)
TENANT_ID=$(az account show --query tenantId --output tsv)

az identity create --resource-group $GROUP --name $IDENTITY --output none
CLIENT_ID=$(az identity show --resource-group $GROUP --name $IDENTITY --query clientId --output tsv)
PRINCIPAL_ID=$(az identity show --resource-group $GROUP --name $IDENTITY --query principalId --output tsv)
az identity federated-credential create --resource-group $GROUP --identity-name $IDENTITY --name web \
  --issuer "$ISSUER" --subject system:serviceaccount:default:web --output none

az keyvault create --resource-group $GROUP --name "$VAULT" --enable-rbac-authorization false --output none
az keyvault secret set --vault-name "$VAULT" --name WebPassword --value 'not-a-real-password' --output none
# An access policy names the principal (object) id; a client id there grants nobody anything.
az keyvault set-policy --name "$VAULT" --object-id "$PRINCIPAL_ID" --secret-permissions get list --output none

sed -e "s|\${CLIENT_ID}|$CLIENT_ID|g" -e "s|\${TENANT_ID}|$TENANT_ID|g" -e "s|\${VAULT}|$VAULT|g" manifests/app.yaml | kubectl apply -f -
kubectl wait --for=condition=Available deployment/web --timeout=60s
for POD in $(kubectl get pods --selector app=web --output jsonpath='{.items[*].metadata.name}'); do
  test "$(kubectl logs "$POD")" = 'not-a-real-password'
  test "$(kubectl exec "$POD" -- cat /mnt/secrets-store/WebPassword)" = 'not-a-real-password'
done
echo 'both pods hold the value'
