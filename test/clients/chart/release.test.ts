import { describeWithClients } from '../support/clients.ts';
import { table, testTables } from '../support/lines.ts';

// A release of charts/keyferry as a person makes it, in a lab without the add-on.

const CLIENTS = ['kubectl-and-helm'];
const CLASSES = 'secretproviderclasses.secrets-store.csi.x-k8s.io';
const OWNER = String.raw`kubectl get crd ${CLASSES} -o jsonpath='{.metadata.annotations.meta\.helm\.sh/release-name}'`;
const EVERYTHING =
  'networkPolicy.enabled=true,podDisruptionBudget.enabled=true,linux.registrar.enabled=true,linux.livenessProbe.enabled=true';
const DRY_RUN =
  "kubectl apply --server-side --dry-run=server --validate=strict -f all.yaml | grep -c 'serverside-applied' && grep -c ^kind: all.yaml";
const ALL_TAKEN = /^(\d+)\n\1$/;

const life = table('vaults', [
  ['helm lint keyferry', /1 chart\(s\) linted, 0 chart\(s\) failed$/],
  ['helm package keyferry', /^Successfully packaged chart and saved it to: .*\/keyferry-[0-9.]+\.tgz$/],
  // What is rendered has the fields of the API, strictly: as many objects are taken as there are.
  [`helm template keys keyferry --kube-version 1.33.0 --set ${EVERYTHING} > all.yaml && ${DRY_RUN}`, ALL_TAKEN],
  [`helm template keys keyferry --set driver.enabled=false > all.yaml && ${DRY_RUN}`, ALL_TAKEN],
  // Kinds that nobody owns, as upstream's Job leaves them: they are no obstacle, and stay as they are.
  [
    `helm template keys keyferry --show-only templates/crd-secretproviderclasses.yaml | kubectl create -f -`,
    `customresourcedefinition.apiextensions.k8s.io/${CLASSES} created`,
  ],
  [
    'helm install keys keyferry --namespace vaults',
    /STATUS: deployed[^]*rollout status daemonset\/secrets-store-csi-driver\n[^]*The kind secretproviderclasses\.[a-z0-9.-]+ is there already and not of this release/,
  ],
  [OWNER, ''],
  [
    'helm upgrade keys keyferry --namespace vaults --take-ownership --set linux.crds.takeOwnership=true',
    /^(?![^]*The kind )[^]*STATUS: deployed/,
  ],
  [OWNER, 'keys'],
  ['helm upgrade keys keyferry --namespace vaults', /^(?![^]*The kind )[^]*STATUS: deployed/],
  [OWNER, 'keys'],
  // One driver of that name for a cluster.
  ['helm install other keyferry --namespace default', /exists and cannot be imported into the current release/, 1],
  [
    'helm upgrade keys keyferry --namespace vaults --set secrets-store-csi-driver.install=false',
    /serves the Azure provider on \/var\/run\/secrets-store-csi-providers\/azure\.sock/,
  ],
  ['kubectl get daemonset -o name', 'daemonset.apps/csi-secrets-store-provider-azure'],
  ['kubectl get csidriver -o name', ''],
  // The classes of a cluster outlive the release.
  ['helm uninstall keys --namespace vaults', /release "keys" uninstalled$/],
  [OWNER, 'keys'],
  ['helm install keys keyferry --namespace vaults', /^(?![^]*The kind )[^]*STATUS: deployed/],
  [
    'helm uninstall keys --namespace vaults',
    /were kept due to the resource policy:\n\[CustomResourceDefinition\] secretproviderclasses/,
  ],
]);

describeWithClients('a release of the chart', CLIENTS, () => {
  testTables([life], { clients: CLIENTS, files: new URL('../../../charts', import.meta.url), addOn: '' });
});
