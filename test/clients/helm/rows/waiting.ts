import { table } from '../../support/lines.ts';

/** What helm waits for, and what it does when that does not come; packages; a namespace of the release's own. */
export const waiting = table('waiting', [
  [
    'helm install slow shop --set neverReady=true --wait --timeout=5s',
    /Error: INSTALLATION FAILED: [^]*(context deadline exceeded|not ready|timed out)/,
    1,
  ],
  ['helm list --no-headers', /^slow\s+waiting\s+1\s+.*\s+failed\s/],
  ['helm uninstall slow', 'release "slow" uninstalled'],
  [
    'helm install gone shop --set neverReady=true --rollback-on-failure --timeout=5s',
    /Error: INSTALLATION FAILED: release gone failed, and has been uninstalled due to (rollback-on-failure|atomic) being set/,
    1,
  ],
  ['helm list --short', ''],
  ['helm install jobs shop --wait --wait-for-jobs --timeout=60s | sed -n 4p', 'STATUS: deployed'],
  ['kubectl get job jobs-load -o jsonpath={.status.succeeded}', '1'],
  ['kubectl get sts,ds,deploy -o jsonpath="{.items[*].status.readyReplicas} {.items[*].status.numberReady}"', '1 1 1'],
  ['helm package shop --version 0.2.0 --destination . | sed "s/.*shop/shop/"', 'shop-0.2.0.tgz'],
  ['helm show chart shop-0.2.0.tgz | grep ^version:', 'version: 0.2.0'],
  [
    'helm upgrade jobs shop-0.2.0.tgz --wait=watcher --timeout=60s | head -1',
    'Release "jobs" has been upgraded. Happy Helming!',
  ],
  ['helm list --no-headers --filter ^jobs$', /\sshop-0\.2\.0\s/],
  ['helm upgrade jobs shop --wait=legacy --timeout=60s | head -1', 'Release "jobs" has been upgraded. Happy Helming!'],
  [
    'helm install own shop --namespace made-by-helm --create-namespace --server-side=false --wait --timeout=60s | sed -n 3,4p',
    'NAMESPACE: made-by-helm\nSTATUS: deployed',
  ],
  ['helm list --all-namespaces --deployed --short | sort', 'jobs\nown'],
  [
    'helm uninstall own --namespace made-by-helm --wait --cascade=foreground --timeout=60s',
    'release "own" uninstalled',
  ],
  [
    'helm install secret shop --set secretProviderClass.enabled=true,agent.enabled=false --set secretProviderClass.keyvaultName=none',
    /STATUS: deployed/,
  ],
  ['kubectl get secretproviderclass secret -o jsonpath={.spec.provider}', 'azure'],
  ['helm uninstall secret --wait --timeout=60s', 'release "secret" uninstalled'],
]);
