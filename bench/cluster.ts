import { subscribe } from 'node:diagnostics_channel';
import { readFileSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { join } from 'node:path';
import { createDisposeStack, silentLog, systemClock, systemRandom } from '#base';
import { applyManifests, createKubeClient, parseKubeconfig, parseManifests, RESOURCES, type KubeClient } from '#kube';
import { packageRoot } from '#lab/session';
import { createMemoryStore } from '#lab/store';
import { SECRET_CLASS_RESOURCES } from '#secretclass';
import { startApiServer } from '../src/lab/cluster/apiserver/index.ts';
import type { NodePublishVolumeRequest } from '../src/gen/csi/v1/csi.ts';
import { preparePublish, testVolume } from '../test/support/csi-volume.ts';
import { secretProviderClass } from '../test/support/manifests.ts';

/** An API server, and no node: the calls of a kubelet are made by the bench. */
export interface BenchCluster extends AsyncDisposable {
  readonly client: KubeClient;
  readonly kubeconfig: string;
  /** What the node process asked since the last {@link BenchCluster.forget}, as `GET /path`; watches once each. */
  readonly requests: readonly string[];
  forget(): void;
  /** Makes a class of this many secrets. */
  addClass(name: string, secrets: readonly string[]): Promise<void>;
  /** The request that publishes volume number `index` below kubelet's folder, for a pod of the service account. */
  publishRequest(
    kubelet: string,
    index: number,
    className: string,
    serviceAccount: string,
  ): Promise<NodePublishVolumeRequest>;
}

const AUDIENCE = 'api://AzureADTokenExchange';
const TENANT = '72f988bf-86f1-41af-91ab-2d7cd011db47';
const CLIENT = '11111111-2222-3333-4444-555555555555';

/** Starts a {@link BenchCluster} with the driver's kinds. */
export async function startBenchCluster(): Promise<BenchCluster> {
  const stack = createDisposeStack();
  const server = stack.use(
    await startApiServer({
      store: createMemoryStore(),
      clock: systemClock,
      random: systemRandom,
      log: silentLog,
      issuerUrl: 'https://issuer.test/',
    }),
  );
  const requests: string[] = [];
  subscribe('http.server.request.start', (message) => {
    const { request } = message as { readonly request: IncomingMessage };
    if (request.headers['user-agent']?.startsWith('csi-secrets-store') === true) {
      requests.push(`${request.method} ${request.url}`);
    }
  });
  const kubeconfig = await server.issueKubeconfig({ user: 'admin', groups: ['system:masters'], clusterName: 'bench' });
  const config = parseKubeconfig(kubeconfig, { clock: systemClock, folder: '/' });
  const client = stack.use(createKubeClient({ config, clock: systemClock }));
  await applyManifests(
    { client, clock: systemClock, fieldManager: 'bench' },
    parseManifests(readFileSync(join(packageRoot(), 'deploy/keyferry.yaml'), 'utf8')).filter(
      ({ kind }) => kind === 'CustomResourceDefinition',
    ),
  );
  const accounts = new Map<string, ReturnType<typeof issueToken>>();
  const issueToken = async (name: string) => {
    await client.create(RESOURCES.serviceaccounts, 'default', {
      apiVersion: 'v1',
      kind: 'ServiceAccount',
      metadata: { name },
    });
    return client.createToken({ namespace: 'default', name }, { audiences: [AUDIENCE] });
  };
  const tokenOf = (name: string) => {
    const known = accounts.get(name) ?? issueToken(name);
    accounts.set(name, known);
    return known;
  };
  return {
    client,
    kubeconfig,
    requests,
    forget: () => void requests.splice(0),
    async addClass(name, secrets) {
      const body = secretProviderClass({ name, clientId: CLIENT, tenantId: TENANT, vault: 'kv-bench', secrets });
      await client.create(SECRET_CLASS_RESOURCES.classes, 'default', body);
    },
    async publishRequest(kubelet, index, className, serviceAccount) {
      const token = await tokenOf(serviceAccount);
      return preparePublish(testVolume(kubelet, index), { className, serviceAccount, tokens: { [AUDIENCE]: token } });
    },
    [Symbol.asyncDispose]: () => stack[Symbol.asyncDispose](),
  };
}
