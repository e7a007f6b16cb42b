// The pod's fsGroup owns the files of its volume, all the way: pod, kubelet, driver, a container that is not root.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { RESOURCES, type Pod } from '#kube';
import { SECRET_CLASS_RESOURCES } from '#secretclass';
import { podWithClass, secretProviderClass } from '../support/manifests.ts';
import { makeReader } from '../support/reader.ts';
import { eventually, makeCluster, startTestLab, type TestCluster, type TestLab } from '../support/test-lab.ts';

const GROUP = 4711;

let lab: TestLab;
let cluster: TestCluster;

// Without root one user id is mapped, and the lab leaves fsGroup alone (docs/lab.md).
describe.runIf(process.getuid?.() === 0)('the files of a volume', () => {
  beforeAll(async () => {
    lab = await startTestLab();
    cluster = await makeCluster(lab);
    await lab.az('az keyvault create -n kv-group -g g');
    await lab.az('az keyvault secret set --vault-name kv-group -n One --value v');
    const { clientId } = await makeReader(lab, cluster, { vault: 'kv-group' });
    const made = secretProviderClass({
      name: 'private',
      clientId,
      tenantId: cluster.tenantId,
      vault: 'kv-group',
      secrets: ['One'],
    });
    const { objects } = made.spec.parameters;
    await cluster.client.create(SECRET_CLASS_RESOURCES.classes, 'default', {
      ...made,
      spec: {
        ...made.spec,
        parameters: { ...made.spec.parameters, objects: `${objects}    filePermission: "0400"\n` },
      },
    });
  }, 60_000);
  afterAll(async () => {
    cluster?.[Symbol.dispose]();
    await lab?.[Symbol.asyncDispose]();
  });

  /** Runs a command in a container that is not root, and answers how its pod ended. */
  async function run(name: string, command: string, securityContext: object): Promise<string> {
    const pod = podWithClass(name, 'reader', 'private');
    const [container] = pod.spec.containers;
    await cluster.client.create(RESOURCES.pods, 'default', {
      ...pod,
      spec: {
        ...pod.spec,
        restartPolicy: 'Never',
        securityContext: { runAsUser: 1000, runAsNonRoot: true, ...securityContext },
        containers: [{ ...container, command: ['/bin/sh', '-c', command] }],
      },
    });
    return eventually(`pod ${name} has ended`, async () => {
      const { status } = await cluster.client.get<Pod>(RESOURCES.pods, { namespace: 'default', name });
      const { phase = 'none' } = status ?? {};
      return phase === 'Succeeded' || phase === 'Failed' ? { found: phase } : { seen: phase };
    });
  }

  it('are its group’s, who may read what the owner may read', async () => {
    const command = `set -e; cd /mnt/secrets-store; test "$(cat One)" = v; test "$(stat -L -c '%a %g' One)" = '440 ${GROUP}'`;
    expect(await run('with-group', command, { fsGroup: GROUP })).toBe('Succeeded');
  });

  it('are root’s alone without a group', async () => {
    expect(await run('without-group', 'cat /mnt/secrets-store/One', {})).toBe('Failed');
    const command = `test "$(stat -L -c '%a %g' /mnt/secrets-store/One)" = '400 0'`;
    expect(await run('seen', command, {})).toBe('Succeeded');
  });
});
