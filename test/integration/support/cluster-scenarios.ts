import { spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { silentLog, systemClock, systemRandom } from '#base';
import { startCluster, type Cluster } from '#lab/cluster';
import { createMemoryStore } from '#lab/store';
import { serveScenarios } from '../../support/namespaces.ts';

// Runs in a child process in namespaces of its own: a cluster that is started and stopped, on one store.

const store = createMemoryStore();
let cluster: Cluster | undefined;

/** Starts the cluster with its files below `folder`; answers an administrator's kubeconfig. */
async function start(folder: string): Promise<{ kubeconfig: string; serviceAccountKubeconfig: string }> {
  const runFolder = join(folder, 'run');
  mkdirSync(runFolder, { recursive: true });
  const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'mode=0700', 'tmpfs', runFolder], { encoding: 'utf8' });
  if (mounted.status !== 0) throw new Error(`no tmpfs for the kubelet: ${mounted.stderr}`);
  cluster = await startCluster({
    name: 'test',
    store,
    clock: systemClock,
    random: systemRandom,
    log: silentLog,
    issuerUrl: 'https://eastus.oic.prod-aks.azure.com/tenant/cluster/',
    folder: join(folder, 'state'),
    nodeName: 'aks-nodepool1-12345678-vmss000000',
    kubeletDir: join(runFolder, 'kubelet'),
    hiddenPaths: [],
    containerEnv: { FROM_THE_LAB: 'yes' },
    containerFiles: [{ path: '/run/lab/file', content: 'a file of the lab' }],
    userName: 'tester',
  });
  const account = { namespace: 'default', name: 'default' };
  return {
    kubeconfig: await cluster.kubeconfig(),
    serviceAccountKubeconfig: await cluster.serviceAccountKubeconfig(account),
  };
}

/** Stops it; what the store holds stays. */
async function stop(): Promise<void> {
  await cluster?.[Symbol.asyncDispose]();
  cluster = undefined;
}

/** The summaries of all pods. */
const pods = () => cluster?.pods() ?? Promise.resolve([]);

serveScenarios({ start, stop, pods });
