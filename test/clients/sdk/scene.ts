import { RESOURCES } from '#kube';
import { createApplication } from './application.ts';
import { makeCluster, startTestLab, type TestCluster, type TestLab } from '../../support/test-lab.ts';

/** The lab that the programs of the SDKs meet. */
export interface Scene extends AsyncDisposable {
  readonly lab: TestLab;
  readonly cluster: TestCluster;
  readonly tenantId: string;
  /** A user-assigned identity that may do everything with the secrets of {@link vaultUrl}; service account `default/sdk` stands for it. */
  readonly identity: { readonly clientId: string };
  /** The identity of the cluster's nodes (AKS's kubelet identity), with the same rights. */
  readonly nodeIdentity: { readonly clientId: string };
  /** An application with the same rights. */
  readonly application: { readonly clientId: string; readonly clientSecret: string };
  readonly vaultUrl: string;
  /** A vault with {@link LISTED_SECRETS}, which nobody changes. */
  readonly listUrl: string;
  /** A vault whose access policies name nobody but the person who made it. */
  readonly closedUrl: string;
}

/** The audience of tokens that Entra ID exchanges. */
export const EXCHANGE_AUDIENCE = 'api://AzureADTokenExchange';

/** An audience whose tokens Entra ID does not take. */
export const OTHER_AUDIENCE = 'api://another-audience';

/** The service account whose tokens stand for the scene's identity. */
export const SERVICE_ACCOUNT = { namespace: 'default', name: 'sdk' };

/** The secrets of a list of more than one page: a page holds 25 (learn.microsoft.com, GetSecrets: maxresults). */
export const LISTED_SECRETS = Array.from({ length: 30 }, (_, index) => `listed-${String(index).padStart(2, '0')}`);

const VAULTS = { life: 'kv-sdk-life', list: 'kv-sdk-list', closed: 'kv-sdk-closed' };
const PERMISSIONS = 'get list set delete backup restore recover purge';

/** Starts a lab with a cluster, an identity, an application and two vaults. */
export async function startScene(): Promise<Scene> {
  const lab = await startTestLab();
  const cluster = await makeCluster(lab);
  const { tenantId } = cluster;
  for (const vault of Object.values(VAULTS)) {
    await lab.az(`az keyvault create -g g -n ${vault} -l eastus --enable-rbac-authorization false`);
  }
  const identity = JSON.parse(await lab.az('az identity create -g g -n sdk')) as {
    readonly clientId: string;
    readonly principalId: string;
  };
  const { namespace, name } = SERVICE_ACCOUNT;
  await lab.az(
    `az identity federated-credential create -g g --identity-name sdk --name sdk --issuer ${cluster.issuer} --subject system:serviceaccount:${namespace}:${name} --audiences ${EXCHANGE_AUDIENCE}`,
  );
  const application = await createApplication(lab);
  const kubelet = JSON.parse(await lab.az('az aks show -g g -n c --query identityProfile.kubeletidentity')) as {
    readonly clientId: string;
    readonly objectId: string;
  };
  for (const objectId of [identity.principalId, application.objectId, kubelet.objectId]) {
    for (const vault of [VAULTS.life, VAULTS.list]) {
      await lab.az(`az keyvault set-policy -n ${vault} --object-id ${objectId} --secret-permissions ${PERMISSIONS}`);
    }
  }
  await cluster.client.create(RESOURCES.serviceaccounts, namespace, {
    apiVersion: 'v1',
    kind: 'ServiceAccount',
    metadata: { namespace, name, annotations: { 'azure.workload.identity/client-id': identity.clientId } },
  });
  for (const secret of LISTED_SECRETS) {
    await lab.az(`az keyvault secret set --vault-name ${VAULTS.list} -n ${secret} --value ${secret}`);
  }
  return {
    lab,
    cluster,
    tenantId,
    identity,
    nodeIdentity: kubelet,
    application,
    vaultUrl: urlOf(VAULTS.life),
    listUrl: urlOf(VAULTS.list),
    closedUrl: urlOf(VAULTS.closed),
    async [Symbol.asyncDispose]() {
      cluster[Symbol.dispose]();
      await lab[Symbol.asyncDispose]();
    },
  };
}

function urlOf(vault: string): string {
  return `https://${vault}.vault.azure.net`;
}
