import { RESOURCES } from '#kube';
import type { TestCluster, TestLab } from './test-lab.ts';

/** Whom {@link makeReader} makes. */
export interface ReaderOptions {
  /** The name of the identity and of the service account. Default `reader`. */
  readonly name?: string;
  /** A vault with access policies, which is there already. */
  readonly vault: string;
}

/**
 * A user-assigned identity of the group `g` that may get the secrets of a vault, and the service account of the default
 * namespace, made too, for whose tokens it is trusted by the federated credential `federated`.
 */
export async function makeReader(
  lab: TestLab,
  { client, issuer }: TestCluster,
  { name = 'reader', vault }: ReaderOptions,
): Promise<{ readonly clientId: string }> {
  const { clientId = '', principalId } = JSON.parse(await lab.az(`az identity create -g g -n ${name}`)) as Record<
    string,
    string
  >;
  await lab.az(`az keyvault set-policy -n ${vault} --object-id ${principalId} --secret-permissions get`);
  await lab.az(
    `az identity federated-credential create -g g --identity-name ${name} -n federated --issuer ${issuer} --subject system:serviceaccount:default:${name} --audiences api://AzureADTokenExchange`,
  );
  await client.create(RESOURCES.serviceaccounts, 'default', {
    apiVersion: 'v1',
    kind: 'ServiceAccount',
    metadata: { name },
  });
  return { clientId };
}
