import { createDisposeStack, silentLog, systemClock, systemRandom } from '#base';
import { createMemoryStore } from '#lab/store';
import { startApiServer } from '../../../src/lab/cluster/apiserver/index.ts';
import { startControllers } from '../../../src/lab/cluster/controllers/index.ts';
import { servedKinds } from '../../../src/lab/cluster/served-kinds.ts';

/** The lab's API server with its controllers, without a node. */
export async function startLabApi(): Promise<AsyncDisposable & { readonly kubeconfig: string }> {
  const stack = createDisposeStack();
  const common = { clock: systemClock, random: systemRandom, log: silentLog };
  const server = stack.use(
    await startApiServer({ ...common, store: createMemoryStore(), issuerUrl: 'https://issuer.example/lab/' }),
  );
  const { access, caPem } = server;
  stack.use(await startControllers({ ...common, api: access, caPem, builtinKinds: servedKinds() }));
  return {
    kubeconfig: await server.issueKubeconfig({ user: 'admin', groups: ['system:masters'], clusterName: 'lab' }),
    [Symbol.asyncDispose]: () => stack[Symbol.asyncDispose](),
  };
}
