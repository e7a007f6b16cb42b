import { Secret, createDisposeStack } from '#base';
import { startHttpServer } from '#http';
import { TOKENS_ATTRIBUTE, type ProviderMountResult } from '#providerapi';
import { startCloudLab, type CloudLab } from './cloud-lab.ts';
import { startProviderProcess, type ProviderProcess } from './provider-process.ts';

const AUDIENCE = 'api://AzureADTokenExchange';
const SUBJECT = 'system:serviceaccount:team:reader';

/** What an identity may do with objects of a vault, by their collection. */
export type VaultPermissions = Readonly<Record<'keys' | 'secrets' | 'certificates', readonly string[]>>;

/** `keyferry provider` beside the emulated Azure, and one identity, `reader`, that a pod of `team/reader` may use. */
export interface ProviderScene extends AsyncDisposable {
  readonly lab: CloudLab;
  readonly provider: ProviderProcess;
  /** Makes a vault: the signed-in user may do all in it, the identity what is given. */
  makeVault(name: string, permissions: VaultPermissions): Promise<void>;
  /** Posts to a vault (`keys/signing/create`) and answers what it says. Throws when it refuses. */
  post(vault: string, path: string, body: object): Promise<unknown>;
  /** Mounts what a class with these parameters asks for, for the pod `team/web`; tenant and client id are given. */
  mount(parameters: Readonly<Record<string, string>>): Promise<ProviderMountResult>;
}

/** Starts the scene; the provider verifies tokens by the keys of the cluster that signs them. */
export async function startProviderScene(flags: readonly string[] = []): Promise<ProviderScene> {
  const stack = createDisposeStack();
  try {
    const lab = stack.use(await startCloudLab());
    const { tenantId } = lab.cloud.directory.tenant;
    const spec = await lab.makeCluster();
    const reader = '/providers/Microsoft.ManagedIdentity/userAssignedIdentities/reader';
    const { properties } = await lab.put<{ properties: { clientId: string; principalId: string } }>(reader, {
      location: 'eastus',
    });
    await lab.put(`${reader}/federatedIdentityCredentials/fic`, {
      properties: { issuer: spec.issuerUrl, subject: SUBJECT, audiences: [AUDIENCE] },
    });
    const apiServer = stack.use(
      await startHttpServer({
        listener: (_request, response) => {
          response.setHeader('content-type', 'application/json');
          response.end(JSON.stringify(lab.clusters.issuer(spec.armId)?.jwks()));
        },
      }),
    );
    const provider = stack.use(
      await startProviderProcess({ lab, apiServer: `http://127.0.0.1:${apiServer.port}`, flags }),
    );
    return {
      lab,
      provider,
      async makeVault(name, permissions) {
        const all: VaultPermissions = { keys: ['all'], secrets: ['all'], certificates: ['all'] };
        await lab.put(`/providers/Microsoft.KeyVault/vaults/${name}`, {
          location: 'eastus',
          properties: {
            tenantId,
            sku: { family: 'A', name: 'premium' },
            accessPolicies: [
              { tenantId, objectId: properties.principalId, permissions },
              { tenantId, objectId: lab.cloud.directory.user.objectId, permissions: all },
            ],
          },
        });
      },
      async post(vault, path, body) {
        const answer = await lab.call('POST', `https://${vault}.vault.azure.net/${path}?api-version=7.4`, body);
        if (answer.status >= 300) throw new Error(`${vault}/${path}: ${answer.status} ${JSON.stringify(answer.body)}`);
        return answer.body;
      },
      async mount(parameters) {
        const token = await lab.clusters.sign(spec, { sub: SUBJECT, aud: [AUDIENCE] });
        return provider.provider.mount({
          attributes: {
            'csi.storage.k8s.io/pod.name': 'web',
            'csi.storage.k8s.io/pod.namespace': 'team',
            'csi.storage.k8s.io/serviceAccount.name': 'reader',
            [TOKENS_ATTRIBUTE]: JSON.stringify({ [AUDIENCE]: { token, expirationTimestamp: '2030-01-01T00:00:00Z' } }),
            ...parameters,
            tenantID: tenantId,
            clientID: properties.clientId,
          },
          secrets: new Secret({}),
          targetPath: '/unused',
          permission: 0o644,
          currentVersions: new Map(),
          signal: new AbortController().signal,
        });
      },
      [Symbol.asyncDispose]: () => stack[Symbol.asyncDispose](),
    };
  } catch (error) {
    await stack[Symbol.asyncDispose]();
    throw error;
  }
}

/** Permissions that are the same for every kind of objects. */
export function everyKind(...permissions: readonly string[]): VaultPermissions {
  return { keys: permissions, secrets: permissions, certificates: permissions };
}
