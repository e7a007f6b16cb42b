import { table } from '../../support/lines.ts';

/** A release's life: install, upgrade, a failing hook, rollback, test, uninstall. */
export const release = table('release', [
  ['helm lint shop', /1 chart\(s\) linted, 0 chart\(s\) failed$/],
  ['helm template one shop | grep -c ^kind:', '21'],
  ['helm list', /^NAME\s+NAMESPACE\s+REVISION\s+UPDATED\s+STATUS\s+CHART\s+APP VERSION$/],
  ['helm status one', 'Error: release: not found', 1],
  // Before the first install the kinds of crds/ are not there.
  [
    'helm install one shop --dry-run=server',
    /no matches for kind "Basket" in version "shop.example.com\/v1"\nensure CRDs are installed first$/,
    1,
  ],
  ['helm list --short', ''],
  ['helm install one shop --set replicas=lots', /replicas.*got string, want integer|Expected: integer/, 1],
  [
    'helm install one shop --wait --timeout=60s',
    /^NAME: one\nLAST DEPLOYED: .*\nNAMESPACE: release\nSTATUS: deployed\nREVISION: 1\n(DESCRIPTION: Install complete\n)?[^]*NOTES:\none says hello in release \(revision 1\)\.$/,
  ],
  [
    'helm install one shop',
    /Error: INSTALLATION FAILED: release name check failed: cannot reuse a name that is still in use$/,
    1,
  ],
  ['helm list -o json | grep -o \'"status":"[a-z]*"\'', '"status":"deployed"'],
  ['helm list --no-headers', /^one\s+release\s+1\s+\S+ \S+ \+0000 UTC\s+deployed\s+shop-0\.1\.0\s+1\.0$/],
  ['helm status one', /^NAME: one\n[^]*STATUS: deployed\nREVISION: 1\n/],
  ['helm status one -o json | grep -o \'"kind":"DaemonSet"\' | head -1', /^("kind":"DaemonSet")?$/],
  ['helm get values one', 'USER-SUPPLIED VALUES:\nnull'],
  ['helm get values one --all -o json | grep -o \'"message":"hello"\'', '"message":"hello"'],
  [
    'helm get manifest one | kubectl get -f - -o name | sort | head -3',
    /^basket.shop.example.com\/one\nclusterrole.rbac.authorization.k8s.io\/release-one\nconfigmap\/one$/,
  ],
  ['helm get hooks one | grep -c helm.sh/hook:', '3'],
  ['helm get notes one', 'NOTES:\none says hello in release (revision 1).'],
  [
    'helm get metadata one',
    /^NAME: one\nCHART: shop\nVERSION: 0\.1\.0\nAPP_VERSION: 1\.0\n[^]*NAMESPACE: release\nREVISION: 1\nSTATUS: deployed\n/,
  ],
  [
    'kubectl get secret -l owner=helm -o jsonpath="{.items[*].metadata.name} {.items[*].type}"',
    'sh.helm.release.v1.one.v1 helm.sh/release.v1',
  ],
  [
    'kubectl get deployment one -o jsonpath="{.metadata.labels.app\\.kubernetes\\.io/managed-by} {.metadata.annotations.meta\\.helm\\.sh/release-name}"',
    'Helm one',
  ],
  ['kubectl get cm one -o jsonpath="{.data.hasJobs} {.data.hasMonitors} {.data.kubeVersion}"', 'true false v1.33.5'],
  ['kubectl logs deployment/one', 'hello'],
  ['kubectl logs job/one-migrate', 'migrating'],
  [
    'kubectl get deploy,sts,ds,job,cronjob,svc,ing,netpol,pdb,hpa -l app.kubernetes.io/instance=one -o name | wc -l',
    '12',
  ],
  ['helm test one', /Phase: +Succeeded/],
  ['helm test one --logs | tail -2', /heard: hello/],
  // Upgrades.
  ['kubectl get secret one-generated -o jsonpath={.data.password} >password', ''],
  [
    'helm upgrade one shop --set message=bye --wait --timeout=60s | head -1',
    'Release "one" has been upgraded. Happy Helming!',
  ],
  ['kubectl get secret one-generated -o jsonpath={.data.password} | cmp - password', ''],
  ['kubectl get cm one -o jsonpath={.data.message}', 'bye'],
  ['helm test one', /Phase: +Failed[^]*Error: .*pod one-greets failed|Error: [^]*one-greets/, 1],
  ['helm get values one', 'USER-SUPPLIED VALUES:\nmessage: bye'],
  [
    'helm upgrade one shop --reuse-values --set migrationFails=true --wait --timeout=60s',
    /Error: UPGRADE FAILED: pre-upgrade hooks failed: [^]*one-migrate/,
    1,
  ],
  ['helm list --no-headers', /^one\s+release\s+3\s+.*\s+failed\s+shop-0\.1\.0/],
  ['kubectl get cm one -o jsonpath={.data.message}', 'bye'],
  ['helm rollback one 1 --wait --timeout=60s', 'Rollback was a success! Happy Helming!'],
  ['kubectl get cm one -o jsonpath={.data.message}', 'hello'],
  [
    'helm upgrade one shop --set replicas=2 --set migrationFails=true --rollback-on-failure --timeout=60s',
    /Error: UPGRADE FAILED: release one failed, and has been rolled back due to (rollback-on-failure|atomic) being set: pre-upgrade hooks failed/,
    1,
  ],
  ['kubectl get deployment one -o jsonpath={.spec.replicas}', '1'],
  [
    "helm history one --max=10 | awk 'NR > 1 { print $1, $7 }'",
    '1 superseded\n2 superseded\n3 failed\n4 superseded\n5 failed\n6 deployed',
  ],
  [
    'helm upgrade --install one shop --set-string message=1e3 --wait --timeout=60s | head -1',
    'Release "one" has been upgraded. Happy Helming!',
  ],
  ['kubectl get cm one -o jsonpath={.data.message}', '1e3'],
  // An object that somebody else changed is put back, and one that the chart has no more is removed.
  [
    'kubectl scale deployment/one --replicas=3 && kubectl delete pdb one',
    /scaled\npoddisruptionbudget.policy "one" deleted from release namespace$/,
  ],
  [
    'helm upgrade one shop --set agent.enabled=false --force-conflicts --wait --timeout=60s | head -1',
    'Release "one" has been upgraded. Happy Helming!',
  ],
  [
    'kubectl get deployment,pdb,daemonset -o custom-columns=K:.kind,R:.spec.replicas --no-headers',
    /^Deployment +1\nPodDisruptionBudget +<none>$/,
  ],
  // What `lookup` finds needs the server.
  [`helm install two shop --dry-run=server 2>/dev/null | grep -c 'namespaceUid: "[0-9a-f-]\\{36\\}"'`, '1'],
  [`helm install two shop --dry-run=client | grep -c 'namespaceUid: ""'`, '1'],
  // Two releases do not share an object.
  ['helm install two shop --set agent.enabled=false --wait --timeout=60s | sed -n 4p', 'STATUS: deployed'],
  ['kubectl create configmap three --from-literal=a=b', 'configmap/three created'],
  [
    'helm install three shop',
    /Error: INSTALLATION FAILED: [^]*ConfigMap "three" in namespace "release" exists and cannot be imported into the current release: invalid ownership metadata/,
    1,
  ],
  ['helm list --short', /^one\ntwo$/],
  ['helm uninstall two --dry-run', 'release "two" uninstalled'],
  ['helm uninstall one --keep-history --wait --timeout=60s', 'release "one" uninstalled'],
  ['helm status one | sed -n 4p', 'STATUS: uninstalled'],
  ['kubectl get configmap one-was-here -o jsonpath={.data.release}', 'one'],
  ['helm uninstall two --wait --timeout=60s', 'release "two" uninstalled'],
  [
    'kubectl get deploy,sts,ds,cronjob,svc,ing,netpol,pdb,hpa,secret,sa -l app.kubernetes.io/name=shop',
    'No resources found in release namespace.',
  ],
  // Hooks are no part of a release.
  ['kubectl get job -o name', 'job.batch/one-migrate\njob.batch/two-migrate'],
  // What crds/ holds stays: helm never removes it.
  [
    'kubectl get crd baskets.shop.example.com -o name',
    'customresourcedefinition.apiextensions.k8s.io/baskets.shop.example.com',
  ],
  ['helm uninstall none', 'Error: uninstall: Release not loaded: none: release: not found', 1],
]);
