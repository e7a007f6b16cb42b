#!/usr/bin/env bash
# Fields of a JSON secret as files, an object that need not be there, all secrets of a tag, and a second vault; one class
# for every service account, whose annotation says which identity it stands for.
# Run it in the lab:  keyferry lab run --ephemeral -- examples/fields-and-vaults/run.sh
# It needs az (the lab brings a stand-in) and kubectl.
set -euo pipefail
cd "$(dirname "$0")"

GROUP=orders CLUSTER=orders-cluster IDENTITY=orders-identity LOCATION=westeurope
VAULT=orders-$RANDOM$RANDOM SHARED=shared-$RANDOM$RANDOM

az group create --name $GROUP --location $LOCATION --output none
az aks create --resource-group $GROUP --name $CLUSTER --enable-oidc-issuer --enable-workload-identity \
  --enable-addons azure-keyvault-secrets-provider --enable-secret-rotation --generate-ssh-keys --output none
az aks get-credentials --resource-group $GROUP --name $CLUSTER --overwrite-existing
ISSUER=$(az aks show --resource-group $GROUP --name $CLUSTER --query oidcIssuerProfile.issuerUrl --output tsv)
TENANT_ID=$(az account show --query tenantId --output tsv)

az identity create --resource-group $GROUP --name $IDENTITY --output none
CLIENT_ID=$(az identity show --resource-group $GROUP --name $IDENTITY --query clientId --output tsv)
az identity federated-credential create --resource-group $GROUP --identity-name $IDENTITY --name orders \
  --issuer "$ISSUER" --subject system:serviceaccount:default:orders --output none

echo '== two vaults; the selection by tag needs the permission list'
for NAME in "$VAULT" "$SHARED"; do
  az keyvault create --resource-group $GROUP --name "$NAME" --enable-rbac-authorization false --output none
  az keyvault set-policy --name "$NAME" --spn "$CLIENT_ID" --secret-permissions get list --output none
done
az keyvault secret set --vault-name "$VAULT" --name db --value '{"user": "ada", "password": "not-a-real-one", "port": 5432}' --output none
az keyvault secret set --vault-name "$VAULT" --name queue --value amqp --tags app=orders --output none
az keyvault secret set --vault-name "$VAULT" --name cache --value redis --tags app=orders --output none
az keyvault secret set --vault-name "$SHARED" --name licence --value of-all-teams --output none

sed -e "s|\${CLIENT_ID}|$CLIENT_ID|g" -e "s|\${TENANT_ID}|$TENANT_ID|g" -e "s|\${VAULT}|$VAULT|g" \
  -e "s|\${SHARED}|$SHARED|g" manifests/app.yaml | kubectl apply -f -
kubectl wait --for=condition=Ready pod/orders --timeout=60s

echo '== the files'
holds() { test "$(kubectl exec orders -- cat "/mnt/secrets-store/$1")" = "$2"; }
holds db/user ada
holds db/password not-a-real-one
holds db/port 5432
holds settings/queue amqp
holds settings/cache redis
holds licence of-all-teams
if kubectl exec orders -- test -e /mnt/secrets-store/banner 2>/dev/null; then exit 1; fi

echo '== the object that was missing comes, with the next check, which the annotation asks for'
az keyvault secret set --vault-name "$VAULT" --name banner --value hello --output none
kubectl annotate pod orders secrets-store.csi.k8s.io/refresh="$(date +%s)" --overwrite
for _ in $(seq 60); do
  if kubectl exec orders -- test -e /mnt/secrets-store/banner 2>/dev/null; then break; fi
  sleep 0.5
done
holds banner hello

echo 'all files are there'
