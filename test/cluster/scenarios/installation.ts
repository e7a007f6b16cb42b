/** What of the driver's installation depends on the cluster. */
import { describe, expect, it } from 'vitest';
import type { KubeObject } from '#kube';
import type { Stage } from './stage.ts';

/** Kubernetes hands tokens over among a request's secrets since this minor version, where the driver asks for it. */
const TOKENS_IN_SECRETS_SINCE = 35;

/** Tests of the installed objects. */
export function installationScenarios(stage: () => Stage): void {
  describe('the CSIDriver object', () => {
    it('asks for tokens of both audiences, among the secrets where the cluster can do that', async () => {
      const { serverVersion } = JSON.parse(await stage().kubectl('version', '-o', 'json')) as {
        serverVersion: { readonly minor: string };
      };
      const driver = await stage().getJson<KubeObject>('csidriver', 'secrets-store.csi.k8s.io');
      expect(driver['spec']).toMatchObject({
        podInfoOnMount: true,
        requiresRepublish: true,
        tokenRequests: [{ audience: 'api://AzureADTokenExchange' }, { audience: 'api://AKSIdentityBinding' }],
      });
      const { serviceAccountTokenInSecrets = false } = driver['spec'] as { serviceAccountTokenInSecrets?: boolean };
      expect(serviceAccountTokenInSecrets).toBe(Number.parseInt(serverVersion.minor, 10) >= TOKENS_IN_SECRETS_SINCE);
    });
  });
}
