import { table } from '../../support/lines.ts';

const DRIVER = 'https://kubernetes-sigs.github.io/secrets-store-csi-driver/charts';
const AZURE = 'https://azure.github.io/secrets-store-csi-driver-provider-azure/charts';
const INSTALLED = /STATUS: deployed/;
const SHOP = `sed "s/CLIENT_ID/$(az identity show -n shop -g g --query clientId -o tsv)/;s/TENANT_ID/$(az account show --query tenantId -o tsv)/" shop.yaml`;

/** What helm finds at the addresses of upstream's documentation. */
export const repositories = table('repositories', [
  [`helm repo add driver ${DRIVER}`, '"driver" has been added to your repositories'],
  [`helm repo add azure ${AZURE}`, '"azure" has been added to your repositories'],
  ['helm repo update | tail -1', 'Update Complete. ⎈Happy Helming!⎈'],
  [
    'helm search repo -o json | grep -o \'"name":"[^"]*","version":"[^"]*"\'',
    '"name":"azure/csi-secrets-store-provider-azure","version":"1.8.2"\n"name":"driver/secrets-store-csi-driver","version":"1.6.0"',
  ],
  ['helm show chart driver/secrets-store-csi-driver | grep ^name:', 'name: secrets-store-csi-driver'],
  ['helm show values azure/csi-secrets-store-provider-azure | grep -A2 ^syncSecret: | tail -1', 'enabled: false'],
  [
    'helm pull driver/secrets-store-csi-driver --untar && helm lint secrets-store-csi-driver | tail -1',
    '1 chart(s) linted, 0 chart(s) failed',
  ],
  [
    'helm template x driver/secrets-store-csi-driver --version 1.4.1',
    /Error: .*no chart version found for secrets-store-csi-driver-1\.4\.1$/,
    1,
  ],
  // Walkthroughs that look for the provider in the driver's repository.
  [
    'helm install x driver/secrets-store-csi-driver-provider-azure',
    /Error: INSTALLATION FAILED: .*no chart name found$/,
    1,
  ],
  [
    'helm repo add webhook https://azure.github.io/azure-workload-identity/charts',
    /failed to fetch https:\/\/azure\.github\.io\/azure-workload-identity\/charts\/index\.yaml : 404 Not Found$/,
    1,
  ],
  [
    `helm template x csi-secrets-store-provider-azure --repo ${AZURE} | grep -A3 tokenRequests: | grep -o api://.*`,
    'api://AzureADTokenExchange\napi://AKSIdentityBinding',
  ],
]);

/** A vault, an identity that may read it, and the service account that stands for it. */
const SCENE = [
  ['az identity create -n shop -g g --query name -o tsv', 'shop'],
  ['az keyvault create -n kv-by-helm -g g --enable-rbac-authorization false --query name -o tsv', 'kv-by-helm'],
  ['az keyvault secret set --vault-name kv-by-helm -n greeting --value hello --query name -o tsv', 'greeting'],
  [
    'az keyvault set-policy -n kv-by-helm --secret-permissions get --object-id $(az identity show -n shop -g g --query principalId -o tsv) --query name -o tsv',
    'kv-by-helm',
  ],
  [
    'az identity federated-credential create -n shop --identity-name shop -g g --issuer $(az aks show -n c -g g --query oidcIssuerProfile.issuerUrl -o tsv) --subject system:serviceaccount:by-helm:shop --query name -o tsv',
    'shop',
  ],
  ['kubectl create serviceaccount shop', 'serviceaccount/shop created'],
] as const;

/** The driver's chart alone, as a walkthrough installs it, then its mend, and the one chart that has both. */
export const byHelm = table('by-helm', [
  ...SCENE,
  [
    `helm install csi-secrets-store secrets-store-csi-driver --repo ${DRIVER} -n kube-system --wait --timeout 60s`,
    INSTALLED,
  ],
  [`${SHOP} | kubectl apply -f -`, /pod\/shop created$/],
  [
    'timeout 60 sh -c "until kubectl get events --field-selector involvedObject.name=shop,reason=FailedMount | grep Failed; do sleep 1; done"',
    /provider not found: provider "azure"/,
  ],
  ['kubectl get pod shop -o jsonpath={.status.phase}', 'Pending'],
  // The provider's chart has the driver in it, which another release has installed.
  [
    `helm install azure csi-secrets-store-provider-azure --repo ${AZURE} -n kube-system`,
    /cannot be imported into the current release: invalid ownership metadata/,
    1,
  ],
  [
    `helm install azure csi-secrets-store-provider-azure --repo ${AZURE} -n kube-system --set secrets-store-csi-driver.install=false --wait --timeout 60s`,
    INSTALLED,
  ],
  [
    `helm upgrade csi-secrets-store secrets-store-csi-driver --repo ${DRIVER} -n kube-system --set 'tokenRequests[0].audience=api://AzureADTokenExchange' --wait --timeout 60s`,
    INSTALLED,
  ],
  ['kubectl wait --for=condition=Ready pod/shop --timeout=90s', 'pod/shop condition met'],
  ['kubectl logs shop', 'hello'],
  // One chart for both, under a running pod.
  ['helm uninstall csi-secrets-store azure -n kube-system --wait --timeout 60s', /release "azure" uninstalled/],
  ['kubectl exec shop -- cat /mnt/secrets/greeting', 'hello'],
  [
    `helm install azure csi-secrets-store-provider-azure --repo ${AZURE} -n kube-system --set secrets-store-csi-driver.enableSecretRotation=true --set secrets-store-csi-driver.rotationPollInterval=1s --wait --timeout 60s`,
    INSTALLED,
  ],
  ['az keyvault secret set --vault-name kv-by-helm -n greeting --value again --query name -o tsv', 'greeting'],
  ['for _ in $(seq 150); do kubectl exec shop -- grep again /mnt/secrets/greeting && break; sleep 1; done', /again$/],
  ['kubectl delete pod shop --timeout=60s', /pod "shop" deleted/],
  ['helm uninstall azure -n kube-system --wait --timeout 60s', /release "azure" uninstalled/],
  ['kubectl get secretproviderclass shop -o name', 'secretproviderclass.secrets-store.csi.x-k8s.io/shop'],
]);
