// `keyferry migrate check` as a person runs it, against the lab's API server with upstream's objects in it.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createDisposeStack, systemClock } from '#base';
import { applyManifests, createKubeClient, parseKubeconfig, parseManifests, RESOURCES, type KubeClient } from '#kube';
import { podWith, secretClass, upstreamObjects, type Placed } from '../../src/cli/migrate/testing/upstream-objects.ts';
import { runKeyferry } from '../../src/cli/testing/run-keyferry.ts';
import type { ApiServer } from '../../src/lab/cluster/apiserver/index.ts';
import { startTestApiServer } from './support/api-server.ts';

const stack = createDisposeStack();
const clock = systemClock;
const folder = mkdtempSync(join(tmpdir(), 'keyferry-migrate-'));
stack.defer(() => rmSync(folder, { recursive: true, force: true }));
const ENTRIES = 'array:\n  - |\n    objectName: db\n    objectType: secret\n    objectVersionHistory: 2\n';

let server: ApiServer;
let client: KubeClient;

async function kubeconfigOf(user: string, groups: readonly string[]): Promise<string> {
  const path = join(folder, user);
  writeFileSync(path, await server.issueKubeconfig({ user, groups, clusterName: 'c' }));
  return path;
}

const put = async ({ resource, object }: Placed) => {
  await client.create(resource, object.metadata.namespace, object);
};

beforeAll(async () => {
  server = stack.use(await startTestApiServer());
  const kubeconfig = await server.issueKubeconfig({ user: 'admin', groups: ['system:masters'], clusterName: 'c' });
  client = stack.use(createKubeClient({ config: parseKubeconfig(kubeconfig, { clock, folder: '/' }), clock }));
});
afterAll(() => stack[Symbol.asyncDispose]());

async function migrateCheck(user: string, groups: readonly string[], ...more: readonly string[]) {
  return runKeyferry(['migrate', 'check', ...more], { KUBECONFIG: await kubeconfigOf(user, groups) });
}

describe('migrate check on a cluster', () => {
  it('with nothing of upstream says so', async () => {
    expect(await migrateCheck('admin', ['system:masters'])).toEqual({
      exitCode: 3,
      out: '',
      err: expect.stringContaining("neither upstream's driver nor its Azure provider runs in this cluster"),
    });
  });

  it('with upstream’s charts tells what is there, what will be different, and the commands', async () => {
    const manifests = readFileSync(new URL('../../deploy/keyferry.yaml', import.meta.url), 'utf8');
    const kinds = parseManifests(manifests).filter(({ kind }) => kind === 'CustomResourceDefinition');
    await applyManifests({ client, clock, fieldManager: 'test' }, kinds);
    await client.create(RESOURCES.namespaces, undefined, { metadata: { name: 'shop' } });
    await client.create(RESOURCES.serviceaccounts, 'shop', { metadata: { name: 'default' } });
    for (const placed of upstreamObjects({ origin: 'helm' })) await put(placed);
    await put(secretClass('db', ENTRIES));
    await put(podWith('db'));

    const { exitCode, out, err } = await migrateCheck('admin', ['system:masters']);
    expect([exitCode, err]).toEqual([0, '']);
    expect(out).toContain(
      'driver 1.5.4: DaemonSet kube-system/csi-secrets-store-provider-azure-secrets-store-csi-driver',
    );
    expect(out).toContain('(csi-secrets-store-provider-azure-1.8.2)');
    expect(out).toContain('secret db, objectVersionHistory: 2');
    expect(out).toContain('Pod shop/uses-db');
    expect(out).toContain('helm uninstall akv --namespace kube-system --wait');

    const json = await migrateCheck('admin', ['system:masters'], '--output', 'json', '--namespace', 'default');
    const report = JSON.parse(json.out) as { classes: number; findings: { id: string }[] };
    expect(report.classes).toBe(0);
    expect(report.findings.map(({ id }) => id)).not.toContain('running-pods');
  });

  it('is refused to somebody who may not list DaemonSets', async () => {
    expect(await migrateCheck('nobody', [])).toEqual({
      exitCode: 1,
      out: '',
      err: expect.stringMatching(/User "nobody" cannot list resource "daemonsets".*\n.*ask for the right to list them/),
    });
  });

  it('says what to do where nobody answers, and which contexts there are', async () => {
    const away = join(folder, 'away');
    const named = (name: string, value: string) => `[{ name: ${name}, ${value} }]`;
    writeFileSync(
      away,
      [
        `clusters: ${named('c', 'cluster: { server: "https://127.0.0.1:1" }')}`,
        `users: ${named('u', 'user: { token: t }')}`,
        `contexts: ${named('far', 'context: { cluster: c, user: u }')}`,
        'current-context: far',
      ].join('\n'),
    );
    expect(await migrateCheck('admin', ['system:masters'], '--kubeconfig', away)).toMatchObject({
      exitCode: 1,
      err: expect.stringMatching(/does not answer: .*ECONNREFUSED.*\n.*is it the right one/),
    });
    expect(await migrateCheck('admin', ['system:masters'], '--kubeconfig', away, '--context', 'near')).toMatchObject({
      exitCode: 2,
      err: expect.stringMatching(/no context "near"\n.*It has far\./),
    });
  });

  it('changes nothing', async () => {
    const before = await client.list(RESOURCES.pods);
    await migrateCheck('admin', ['system:masters']);
    expect((await client.list(RESOURCES.pods)).metadata.resourceVersion).toBe(before.metadata.resourceVersion);
  });
});
