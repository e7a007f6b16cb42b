#!/usr/bin/env bash
# From an empty subscription to a secret in a pod: as a file, as a Kubernetes Secret and as an environment variable.
# Run it in the lab:  keyferry lab run --ephemeral -- examples/file-and-env/run.sh
# It needs az (the lab brings a stand-in) and kubectl.
set -euo pipefail
cd "$(dirname "$0")"

GROUP=greetings CLUSTER=greetings-cluster IDENTITY=greetings-reader LOCATION=westeurope
export VAULT=greet-$RANDOM$RANDOM

# The manifests hold ${CLIENT_ID} and the like; this fills them in.
render() {
  sed -e "s|\${CLIENT_ID}|${CLIENT_ID:-}|g" -e "s|\${TENANT_ID}|${TENANT_ID:-}|g" \
    -e "s|\${VAULT}|$VAULT|g" -e "s|\${VERSION}|${VERSION:-}|g" "manifests/$1"
}

echo '== a cluster with an OIDC issuer, workload identity and the secrets provider'
az group create --name $GROUP --location $LOCATION --output none
az aks create --resource-group $GROUP --name $CLUSTER --node-count 1 --enable-oidc-issuer --enable-workload-identity \
  --enable-addons azure-keyvault-secrets-provider --generate-ssh-keys --output none
az aks get-credentials --resource-group $GROUP --name $CLUSTER --overwrite-existing

echo '== an identity that the service account default/reader stands for'
ISSUER=$(az aks show --resource-group $GROUP --name $CLUSTER --query oidcIssuerProfile.issuerUrl --output tsv)
TENANT_ID=$(az account show --query tenantId --output tsv)
az identity create --resource-group $GROUP --name $IDENTITY --output none
CLIENT_ID=$(az identity show --resource-group $GROUP --name $IDENTITY --query clientId --output tsv)
render service-account.yaml | kubectl apply -f -
az identity federated-credential create --resource-group $GROUP --identity-name $IDENTITY --name reader \
  --issuer "$ISSUER" --subject system:serviceaccount:default:reader --output none

echo '== a vault with a secret that the identity may read'
az keyvault create --resource-group $GROUP --name "$VAULT" --location $LOCATION --enable-rbac-authorization false --output none
az keyvault secret set --vault-name "$VAULT" --name Greeting --value 'good morning' --output none
az keyvault set-policy --name "$VAULT" --spn "$CLIENT_ID" --secret-permissions get --output none
SECRET_ID=$(az keyvault secret show --vault-name "$VAULT" --name Greeting --query id --output tsv)
VERSION=${SECRET_ID##*/}

echo '== the secret as a file'
render file.yaml | kubectl apply -f -
kubectl wait --for=condition=Ready pod/reads-a-file --timeout=60s
test "$(kubectl exec reads-a-file -- cat /mnt/secrets-store/Greeting)" = 'good morning'

echo '== the secret as a Kubernetes Secret and an environment variable'
render env.yaml | kubectl apply -f -
kubectl wait --for=condition=Ready pod/reads-a-variable --timeout=60s
test "$(kubectl get secret greeting --output jsonpath='{.data.text}' | base64 --decode)" = 'good morning'
test "$(kubectl exec reads-a-variable -- /bin/sh -c 'echo $GREETING')" = 'good morning'

echo 'the file, the Secret and the variable hold the value'
