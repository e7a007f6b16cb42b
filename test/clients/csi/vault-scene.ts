/** A lab as the cluster and as Azure for drivers beside it, with a vault that the service account `reader` may read. */
import { createDisposeStack } from '#base';
import { SECRET_CLASS_RESOURCES } from '#secretclass';
import type { TestVolume } from '../../support/csi-volume.ts';
import { secretProviderClass } from '../../support/manifests.ts';
import { makeReader } from '../../support/reader.ts';
import { makeCluster, startTestLab, type TestCluster, type TestLab } from '../../support/test-lab.ts';
import type { DriverProcess } from './driver-process.ts';

/** See {@link startVaultScene}. */
export interface VaultScene extends AsyncDisposable {
  readonly lab: TestLab;
  readonly cluster: TestCluster;
  /** Of the identity that `reader` stands for. */
  readonly clientId: string;
  setSecret(name: string, value: string): Promise<string>;
  /** A class for the secret of its own name, in the file `file`. */
  addClass(name: string): Promise<void>;
  /** Publishes a volume of a pod of `reader`, with a token as kubelet sends it. */
  publish(driver: DriverProcess, volume: TestVolume, className: string): Promise<void>;
}

/** The audience of Entra ID in tokens of service accounts. */
export const AUDIENCE = 'api://AzureADTokenExchange';

/** Starts a lab with a cluster, `vault` and its reader. */
export async function startVaultScene(vault: string): Promise<VaultScene> {
  const stack = createDisposeStack();
  try {
    const lab = stack.use(await startTestLab());
    const cluster = stack.use(await makeCluster(lab));
    await lab.az(`az keyvault create -n ${vault} -g g --enable-rbac-authorization false`);
    const { clientId } = await makeReader(lab, cluster, { vault });
    const { client, tenantId } = cluster;
    return {
      lab,
      cluster,
      clientId,
      setSecret: (name, value) => lab.az(`az keyvault secret set --vault-name ${vault} -n ${name} --value ${value}`),
      async addClass(name) {
        const manifest = secretProviderClass({ name, clientId, tenantId, vault, secrets: [[name, 'file']] });
        await client.create(SECRET_CLASS_RESOURCES.classes, 'default', manifest);
      },
      async publish(driver, volume, className) {
        const account = { namespace: 'default', name: 'reader' };
        const token = await client.createToken(account, { audiences: [AUDIENCE] });
        await driver.publish(volume, { className, serviceAccount: account.name, tokens: { [AUDIENCE]: token } });
      },
      [Symbol.asyncDispose]: () => stack[Symbol.asyncDispose](),
    };
  } catch (error) {
    await stack[Symbol.asyncDispose]();
    throw error;
  }
}
