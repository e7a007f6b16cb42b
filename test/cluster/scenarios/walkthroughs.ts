/** Two tutorials of Azure Key Vault with AKS workload identity, from the point where Azure's side is made. */
import { describe, expect, it } from 'vitest';
import { inScene } from './scene.ts';
import { VAULT, type Stage } from './stage.ts';
import { typeLines, type Line } from './typed-lines.ts';

const MANIFESTS = new URL('./walkthroughs/', import.meta.url);
const CLASS = 'secretproviderclass.secrets-store.csi.x-k8s.io';

/** A file, then a Kubernetes Secret and a variable. */
const ONE: readonly Line[] = [
  ['kubectl apply -f one-account.yaml', 'serviceaccount/kvcsi-demo-sa created'],
  ['kubectl apply -f one-class.yaml', `${CLASS}/azure-kvcsi-wi created`],
  ['kubectl apply -f one-pod.yaml', 'pod/secrets-store-inline-wi created'],
  ['kubectl wait --for=condition=Ready pod/secrets-store-inline-wi --timeout=60s', /condition met$/],
  ['kubectl exec secrets-store-inline-wi -- cat /mnt/secrets-store/TestSecret', 'Hello from Key Vault'],
  ['kubectl apply -f one-class-sync.yaml', `${CLASS}/azure-kvcsi-wi-sync created`],
  ['kubectl apply -f one-pod-sync.yaml', 'pod/secrets-store-inline-wi-sync created'],
  ['kubectl wait --for=condition=Ready pod/secrets-store-inline-wi-sync --timeout=60s', /condition met$/],
  ['kubectl exec secrets-store-inline-wi-sync -- cat /mnt/secrets-store/TestSecret', 'Hello from Key Vault'],
  ["kubectl get secret foosecret -o jsonpath='{.data.secretvalue}' | base64 --decode", 'Hello from Key Vault'],
  ["kubectl exec secrets-store-inline-wi-sync -- /bin/bash -c 'echo $SECRET_DATA'", 'Hello from Key Vault'],
  ['kubectl delete pod secrets-store-inline-wi-sync', /^pod "secrets-store-inline-wi-sync" deleted/],
  ['kubectl wait --for=delete secret/foosecret --timeout=60s', /^(secret\/foosecret condition met)?$/],
];

/** A Deployment whose log shows the secret. */
const TWO: readonly Line[] = [
  ['kubectl apply -f two-account.yaml', 'serviceaccount/my-app-sa created'],
  ['kubectl apply -f two-class.yaml', `${CLASS}/azure-keyvault-secret-provider created`],
  ['kubectl apply -f two-deployment.yaml', 'deployment.apps/nginx-workload-identity created'],
  ['kubectl wait --for=condition=Available deployment/nginx-workload-identity --timeout=60s', /condition met$/],
  ['kubectl logs deployment/nginx-workload-identity', 'SuperSecureValue123!'],
  ['kubectl exec deployment/nginx-workload-identity -- ls /mnt/secrets-store', 'MyWebAppSecret'],
  ['kubectl exec deployment/nginx-workload-identity -- cat /mnt/secrets-store/MyWebAppSecret', 'SuperSecureValue123!'],
];

/** Tests of both. */
export function walkthroughs(stage: () => Stage): void {
  describe('walkthroughs', () => {
    it.each([
      [
        'one: the file, the Secret and the variable hold the value',
        'kvcsi-demo-sa',
        'TestSecret',
        'Hello from Key Vault',
        ONE,
      ],
      ['two: the log and the file hold the value', 'my-app-sa', 'MyWebAppSecret', 'SuperSecureValue123!', TWO],
    ] as const)('%s', (_name, account, secret, value, lines) =>
      inScene(stage(), { name: `walkthrough-${account}` }, async (scene) => {
        const { tenantId, clientId, cluster } = scene.stage;
        await scene.stage.trust(scene.namespace, account);
        const version = await scene.stage.setSecret(secret, value);
        const values = {
          CLIENT_ID: clientId,
          TENANT_ID: tenantId,
          VAULT,
          VERSION: version,
          IMAGE: cluster.images.bash,
        };
        expect(await typeLines(scene, MANIFESTS, values, lines)).toBeUndefined();
      }),
    );
  });
}
