#!/usr/bin/env bash
# A tutorial's commands with the mistakes that people copy. It goes on after each, as a person who pastes lines does, and
# ends well when Azure and Kubernetes refused what they refuse: a vault name that is too long, a client id where an object id
# belongs, a class in a cluster without a driver.
set -uo pipefail
GROUP=shop CLUSTER=shop-cluster IDENTITY=shop-identity LOCATION=northeurope
VAULT=kv-of-the-whole-shop-number-1

fail() {
  echo "mistakes.sh: $*" >&2
  exit 1
}

az group create --name $GROUP --location $LOCATION --output none || fail 'no group'
az aks create --resource-group $GROUP --name $CLUSTER --node-count 1 --enable-oidc-issuer --enable-workload-identity \
  --generate-ssh-keys --node-vm-size Standard_DS2_v2 --output none || fail 'no cluster'
az aks get-credentials --resource-group $GROUP --name $CLUSTER --overwrite-existing || fail 'no credentials'

REFUSED=$(az keyvault create --name $VAULT --resource-group $GROUP --location $LOCATION --sku standard \
  --enable-rbac-authorization false 2>&1) && fail "a name of ${#VAULT} characters was taken"
grep -q VaultNameNotValid <<<"$REFUSED" || fail "the vault was refused for another reason: $REFUSED"
az keyvault secret set --vault-name $VAULT --name ShopPassword --value x && fail 'a vault that is not there took a secret'

az identity create --name $IDENTITY --resource-group $GROUP --location $LOCATION --output none || fail 'no identity'
CLIENT_ID=$(az identity show --name $IDENTITY --resource-group $GROUP --query clientId --output tsv)
az keyvault set-policy --name $VAULT --object-id "$CLIENT_ID" --secret-permissions get list &&
  fail 'a vault that is not there took a policy'

kubectl apply -f - <<YAML && fail 'a class was taken without its definition'
apiVersion: secrets-store.csi.x-k8s.io/v1
kind: SecretProviderClass
metadata:
  name: shop
spec:
  provider: azure
  parameters: {}
YAML

kubectl apply -f - <<YAML || fail 'no pod'
apiVersion: v1
kind: Pod
metadata:
  name: shop
spec:
  containers:
    - name: shop
      image: busybox
      command: [sleep, '3600']
      volumeMounts: [{ name: secrets, mountPath: /mnt/secrets }]
  volumes:
    - name: secrets
      csi: { driver: secrets-store.csi.k8s.io, readOnly: true, volumeAttributes: { secretProviderClass: shop } }
YAML
# The pod's event, and not a time, tells that kubelet has tried.
for _ in $(seq 300); do
  EVENTS=$(kubectl get events --field-selector involvedObject.name=shop,reason=FailedMount)
  grep -q 'not found in the list of registered CSI drivers' <<<"$EVENTS" && break
  kubectl wait --for=condition=Ready pod/shop --timeout=1s 2>/dev/null && fail 'the pod runs'
done
grep -q 'not found in the list of registered CSI drivers' <<<"$EVENTS" || fail "no event names the driver: $EVENTS"
[ "$(kubectl get pod shop --output jsonpath='{.status.phase}')" = Pending ] || fail 'the pod is not pending'
echo 'refused as Azure and Kubernetes refuse it'
