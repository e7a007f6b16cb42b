/** An API server with the driver's manifests, for drivers that need no more of a cluster than that. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createDisposeStack, systemClock } from '#base';
import { applyManifests, createKubeClient, parseKubeconfig, parseManifests, type KubeClient } from '#kube';
import { SECRET_CLASS_RESOURCES } from '#secretclass';
import { startTestApiServer } from '../../integration/support/api-server.ts';

const MANIFEST = new URL('../../../deploy/keyferry.yaml', import.meta.url);

/** A cluster with nothing in it. */
export interface EmptyCluster extends AsyncDisposable {
  readonly client: KubeClient;
  /** The environment of a program that shall talk to it. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Makes a class of the default namespace. */
  addClass(name: string, provider: string, parameters: Readonly<Record<string, string>>): Promise<void>;
}

/** Starts an {@link EmptyCluster} in this process. */
export async function startEmptyCluster(): Promise<EmptyCluster> {
  const stack = createDisposeStack();
  const folder = await mkdtemp(join(tmpdir(), 'keyferry-csi-'));
  stack.defer(() => rm(folder, { recursive: true, force: true }));
  const server = stack.use(await startTestApiServer());
  const kubeconfig = await server.issueKubeconfig({ user: 'admin', groups: ['system:masters'], clusterName: 'c' });
  const path = join(folder, 'kubeconfig');
  await writeFile(path, kubeconfig, { mode: 0o600 });
  const client = stack.use(
    createKubeClient({ config: parseKubeconfig(kubeconfig, { clock: systemClock, folder }), clock: systemClock }),
  );
  const objects = parseManifests(await readFile(MANIFEST, 'utf8'));
  await applyManifests({ client, clock: systemClock, fieldManager: 'tests' }, objects);
  return {
    client,
    env: { PATH: process.env['PATH'], KUBECONFIG: path },
    async addClass(name, provider, parameters) {
      await client.create(SECRET_CLASS_RESOURCES.classes, 'default', {
        apiVersion: 'secrets-store.csi.x-k8s.io/v1',
        kind: 'SecretProviderClass',
        metadata: { name },
        spec: { provider, parameters },
      });
    },
    [Symbol.asyncDispose]: () => stack[Symbol.asyncDispose](),
  };
}
