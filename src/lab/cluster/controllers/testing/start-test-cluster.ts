import { createDisposeStack, systemClock, systemRandom } from '#base';
import { createMemoryStore, type Store, type StoreEntry } from '#lab/store';
import { createMemoryLog, type MemoryLog } from '../../../../base/testing/index.ts';
import type { ApiAccess } from '../../api-access.ts';
import { startApiServer } from '../../apiserver/index.ts';
import { servedKinds } from '../../served-kinds.ts';
import { startControllers } from '../index.ts';
import { startFakeKubelet, type FakeKubelet } from './fake-kubelet.ts';

/** The API server with the controllers, and a node that only says what a kubelet would say. */
export interface TestCluster extends AsyncDisposable {
  readonly api: ApiAccess;
  readonly kubelet: FakeKubelet;
  readonly log: MemoryLog;
}

// The keys of the first cluster serve all others: to make them takes longer than most tests.
let keys: readonly StoreEntry[] = [];

const isKey = ({ key }: StoreEntry) => !key.includes('/objects/') && !key.endsWith('/revision');

/** Starts a {@link TestCluster} that forgets everything, or one on a store that was used before. */
export async function startTestCluster(store: Store = createMemoryStore()): Promise<TestCluster> {
  const stack = createDisposeStack();
  const log = createMemoryLog();
  const common = { clock: systemClock, random: systemRandom, log };
  store.write(keys);
  const server = stack.use(await startApiServer({ ...common, store, issuerUrl: 'https://issuer.example/' }));
  keys = store.list('apiserver/').filter(isKey);
  const api = server.access;
  const { caPem } = server;
  stack.use(await startControllers({ ...common, api, caPem, builtinKinds: servedKinds() }));
  const kubelet = stack.use(await startFakeKubelet(api, systemClock));
  return { api, kubelet, log, [Symbol.asyncDispose]: () => stack[Symbol.asyncDispose]() };
}
