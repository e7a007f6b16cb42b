#!/usr/bin/env bash
# A certificate of the vault as a kubernetes.io/tls Secret for an Ingress, and with its key, chain and public key as files.
# Run it in the lab:  keyferry lab run --ephemeral -- examples/tls/run.sh
# It needs az (the lab brings a stand-in) and kubectl.
set -euo pipefail
cd "$(dirname "$0")"

GROUP=shop CLUSTER=shop-cluster IDENTITY=shop-identity LOCATION=westeurope VAULT=shop-$RANDOM$RANDOM

az group create --name $GROUP --location $LOCATION --output none
az aks create --resource-group $GROUP --name $CLUSTER --enable-oidc-issuer --enable-workload-identity \
  --enable-addons azure-keyvault-secrets-provider --generate-ssh-keys --output none
az aks get-credentials --resource-group $GROUP --name $CLUSTER --overwrite-existing
ISSUER=$(az aks show --resource-group $GROUP --name $CLUSTER --query oidcIssuerProfile.issuerUrl --output tsv)
TENANT_ID=$(az account show --query tenantId --output tsv)

az identity create --resource-group $GROUP --name $IDENTITY --output none
CLIENT_ID=$(az identity show --resource-group $GROUP --name $IDENTITY --query clientId --output tsv)
az identity federated-credential create --resource-group $GROUP --identity-name $IDENTITY --name shop \
  --issuer "$ISSUER" --subject system:serviceaccount:default:shop --output none

echo '== a vault with a certificate, which brings a key and a secret of its name, and a key of its own'
az keyvault create --resource-group $GROUP --name "$VAULT" --enable-rbac-authorization false --output none
az keyvault certificate create --vault-name "$VAULT" --name shop --output none \
  --policy "$(az keyvault certificate get-default-policy --output json)"
az keyvault key create --vault-name "$VAULT" --name signing --kty EC --curve P-256 --output none
# The private side of a certificate is read as a secret, so each of the three permissions is needed.
az keyvault set-policy --name "$VAULT" --spn "$CLIENT_ID" \
  --secret-permissions get --key-permissions get --certificate-permissions get --output none

sed -e "s|\${CLIENT_ID}|$CLIENT_ID|g" -e "s|\${TENANT_ID}|$TENANT_ID|g" -e "s|\${VAULT}|$VAULT|g" manifests/app.yaml | kubectl apply -f -
kubectl wait --for=condition=Ready pod/shop --timeout=60s

echo '== the Secret that the Ingress names'
test "$(kubectl get secret shop-tls --output jsonpath='{.type}')" = kubernetes.io/tls
kubectl get secret shop-tls --output jsonpath='{.data.tls\.crt}' | base64 --decode | grep --quiet 'BEGIN CERTIFICATE'
kubectl get secret shop-tls --output jsonpath='{.data.tls\.key}' | base64 --decode | grep --quiet 'PRIVATE KEY'

echo '== the files'
in_pod() { kubectl exec shop -- grep --quiet "$1" "/mnt/secrets-store/$2"; }
in_pod 'PRIVATE KEY' tls.pem
in_pod 'BEGIN CERTIFICATE' tls.pem.crt
in_pod 'PRIVATE KEY' tls.pem.key
in_pod 'BEGIN CERTIFICATE' leaf.pem
in_pod 'BEGIN PUBLIC KEY' signing.pem

echo 'the Secret and the files hold the certificate and its key'
