import { daemonOf, findKubelets } from '../../support/node-volumes.ts';
import { eventually, makeCluster, startTestLab } from '../../support/test-lab.ts';
import { runProgram, type ClusterUnderTest } from '../../cluster/scenarios/cluster.ts';
import { withClients } from '../support/clients.ts';

/** A lab's cluster with the add-on as one that the scenarios run against, checking its volumes every few seconds. */
export async function startLabCluster(): Promise<ClusterUnderTest> {
  const lab = await startTestLab();
  try {
    using cluster = await makeCluster(lab, '--enable-secret-rotation --rotation-poll-interval 5s');
    const env = withClients(lab.env, 'kubectl-and-helm');
    return {
      name: 'the lab',
      issuer: cluster.issuer,
      images: { shell: 'busybox:1.36', bash: 'ubuntu:20.04' },
      run: (command, options = {}) => runProgram(command, { env, ...options }),
      node: {
        name: await eventually('a node', async () => {
          const { out } = await runProgram(['kubectl', 'get', 'nodes', '-o', 'jsonpath={.items[*].metadata.name}'], {
            env,
          });
          return out === '' ? { seen: out } : { found: out };
        }),
        pid: () => daemonOf(lab.folder.root),
        async kubelet() {
          const [kubelet] = findKubelets(`/proc/${await daemonOf(lab.folder.root)}/root`);
          if (kubelet === undefined) throw new Error('the lab has no kubelet folder');
          return kubelet;
        },
      },
      // The lab's kubelet, containers and API server are one process; test/lab/lab-kills.test.ts kills that.
      operations: {},
      [Symbol.asyncDispose]: () => lab[Symbol.asyncDispose](),
    };
  } catch (error) {
    await lab[Symbol.asyncDispose]();
    throw error;
  }
}
