/** What the driver's service account may do, as a node's root could try it with the token of its pod. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import type { Stage } from './stage.ts';

const DRIVER = '--as=system:serviceaccount:kube-system:secrets-store-csi-driver';
const NAMESPACE = 'rights';
const MANAGED = 'secrets-store.csi.k8s.io/managed=true';
const ADOPT = 'secrets-store.csi.k8s.io/adopt=true';

/** Tests of the roles, and of the admission policy where the API server has that kind. */
export function rightsScenarios(stage: () => Stage): void {
  describe('the driver’s service account', () => {
    beforeAll(() => stage().kubectl('create', 'namespace', NAMESPACE));

    it.each([
      ['get', 'secrets', 'yes'],
      ['create', 'secrets', 'yes'],
      ['patch', 'secrets', 'yes'],
      ['list', 'secrets', 'no'],
      ['watch', 'secrets', 'no'],
      ['update', 'secrets', 'no'],
      ['delete', 'secrets', 'no'],
      ['list', 'pods', 'yes'],
      ['delete', 'pods', 'no'],
      ['create', 'pods/exec', 'no'],
      ['create', 'serviceaccounts/token', 'no'],
      ['impersonate', 'serviceaccounts', 'no'],
      ['get', 'nodes', 'no'],
      ['patch', 'secretproviderclasses.secrets-store.csi.x-k8s.io', 'no'],
      ['delete', 'secretproviderclasspodstatuses.secrets-store.csi.x-k8s.io', 'no'],
    ])('may %s %s: %s', async (verb, resource, answer) => {
      const { out } = await stage().cluster.run(['kubectl', 'auth', 'can-i', verb, resource, DRIVER, '-n', NAMESPACE]);
      expect(out.trim()).toBe(answer);
    });

    const policy = async () => {
      const { exitCode } = await stage().cluster.run([
        'kubectl',
        'get',
        'validatingadmissionpolicy',
        'secrets-store-csi-driver-writes',
      ]);
      return exitCode === 0;
    };
    const secret = (name: string, more: readonly string[] = []) =>
      ['kubectl', 'create', 'secret', 'generic', name, '-n', NAMESPACE, ...more] as const;
    const change = (name: string) =>
      ['kubectl', 'label', 'secret', name, MANAGED, '--overwrite', '-n', NAMESPACE, DRIVER] as const;
    const manifest = (name: string, metadata: Readonly<Record<string, unknown>>, type: string) =>
      JSON.stringify({ apiVersion: 'v1', kind: 'Secret', metadata: { name, namespace: NAMESPACE, ...metadata }, type });
    const labels = { 'secrets-store.csi.k8s.io/managed': 'true' };

    it.for([
      ['an unmarked Secret', manifest('unmarked', {}, 'Opaque'), 'without the label'],
      ['a marked Secret', manifest('marked', { labels }, 'Opaque'), undefined],
      [
        'a token of a service account',
        manifest(
          'token',
          { labels, annotations: { 'kubernetes.io/service-account.name': 'default' } },
          'kubernetes.io/service-account-token',
        ),
        'gives rights in the cluster',
      ],
    ] as const)('makes %s as the admission policy says', async ([, body, refusal], { skip }) => {
      if (!(await policy())) skip('this API server has no ValidatingAdmissionPolicy');
      const { exitCode, err } = await stage().cluster.run(['kubectl', 'create', '-f', '-', DRIVER], { input: body });
      expect(err).toContain(refusal ?? '');
      expect(exitCode).toBe(refusal === undefined ? 0 : 1);
    });

    it('changes a Secret of somebody else only when it was handed over', async ({ skip }) => {
      if (!(await policy())) skip('this API server has no ValidatingAdmissionPolicy');
      await stage().must(secret('foreign'));
      const refused = await stage().cluster.run(change('foreign'));
      expect(refused.err).toContain('the node driver changes no Secret that is not its own and was not handed over');
      await stage().kubectl('annotate', 'secret', 'foreign', ADOPT, '-n', NAMESPACE);
      await stage().must(change('foreign'));
    });

    it('writes statuses in the name of its own node only', async ({ skip }) => {
      if (!(await policy())) skip('this API server has no ValidatingAdmissionPolicy');
      const kubeconfig = await driverKubeconfig(stage());
      const tell = (node: string) =>
        stage().cluster.run(['kubectl', `--kubeconfig=${kubeconfig}`, 'create', '-f', '-'], {
          input: JSON.stringify({
            apiVersion: 'secrets-store.csi.x-k8s.io/v1',
            kind: 'SecretProviderClassPodStatus',
            metadata: {
              name: `of-${node}`,
              namespace: NAMESPACE,
              labels: { 'internal.secrets-store.csi.k8s.io/node-name': node },
            },
          }),
        });
      expect((await tell('another-node')).err).toContain(
        'the node driver writes statuses in the name of its own node only',
      );
      const { err, exitCode } = await tell(stage().cluster.node.name);
      expect(err).toBe('');
      expect(exitCode).toBe(0);
    });
  });
}

/** A kubeconfig with a token of the driver's pod, which names the node: impersonation by kubectl names none. It goes with the test. */
async function driverKubeconfig({ getJson, kubectl }: Stage): Promise<string> {
  const { items } = await getJson<{ items: { metadata: { name: string } }[] }>(
    'pods',
    '--namespace=kube-system',
    '--selector=app=secrets-store-csi-driver',
  );
  const bound = ['--bound-object-kind=Pod', `--bound-object-name=${items[0]?.metadata.name}`];
  const token = await kubectl('create', 'token', 'secrets-store-csi-driver', '--namespace=kube-system', ...bound);
  const config = JSON.parse(await kubectl('config', 'view', '--raw', '--minify', '--output=json')) as {
    users: { name: string; user: unknown }[];
  };
  const users = config.users.map(({ name }) => ({ name, user: { token } }));
  const folder = await mkdtemp(join(tmpdir(), 'keyferry-rights-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const path = join(folder, 'kubeconfig');
  await writeFile(path, JSON.stringify({ ...config, users }), { mode: 0o600 });
  return path;
}
