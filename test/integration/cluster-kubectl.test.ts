import { execFile, spawnSync } from 'node:child_process';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { namespaceCommand, startNamespaceChild, type NamespaceChild } from '../support/namespaces.ts';

// A whole cluster with real containers, used by the real kubectl.

const user = process.getuid?.() === 0 ? 'root' : 'ordinary-user';
const hasKubectl = spawnSync('kubectl', ['version', '--client']).status === 0;
const missing = [
  ...('missing' in namespaceCommand(user) ? ['namespaces'] : []),
  ...(hasKubectl ? [] : ['kubectl on the PATH']),
].join(' and ');

const manifest = (name: string, image = 'ubuntu:20.04') => `
apiVersion: apps/v1
kind: Deployment
metadata: { name: ${name} }
spec:
  replicas: 1
  selector: { matchLabels: { app: ${name} } }
  template:
    metadata: { labels: { app: ${name} } }
    spec:
      terminationGracePeriodSeconds: 1
      containers:
      - { name: c, image: '${image}', command: [/bin/sh, -c, 'echo started; exec sleep 3600'] }
`;

describe.skipIf(missing !== '')('a cluster under kubectl (needs namespaces and kubectl)', () => {
  let folder: string;
  let child: NamespaceChild;
  let serviceAccountKubeconfig: string;

  const kubectl = (args: string, input = '') =>
    new Promise<string>((resolve, reject) => {
      const env = { PATH: process.env['PATH'], HOME: folder, KUBECONFIG: join(folder, 'kubeconfig') };
      const run = execFile('kubectl', args.split(' '), { env, timeout: 30_000 }, (error, stdout, stderr) => {
        if (error === null) resolve(stdout.trim());
        else reject(new Error(`kubectl ${args}: ${stderr || error.message}`));
      });
      run.stdin?.end(input);
    });
  const podNames = async (label: string) => {
    const names = await kubectl(`get pods -l ${label} --field-selector status.phase=Running -o name`);
    return names.split('\n').filter((name) => name !== '');
  };
  const running = (label: string, count: number) => expect.poll(() => podNames(label)).toHaveLength(count);
  const start = async () => {
    const started = await child.call<{ kubeconfig: string; serviceAccountKubeconfig: string }>('start', folder);
    writeFileSync(join(folder, 'kubeconfig'), started.kubeconfig, { mode: 0o600 });
    serviceAccountKubeconfig = started.serviceAccountKubeconfig;
  };

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'kf-'));
    child = await startNamespaceChild(new URL('./support/cluster-scenarios.ts', import.meta.url), user);
    await start();
    await kubectl('wait --for=condition=Ready node --all --timeout=20s');
  });
  afterAll(async () => {
    await child?.[Symbol.asyncDispose]();
    await rm(folder, { recursive: true, force: true });
  });

  test('a Deployment is rolled out, restarted, undone and scaled', async () => {
    await kubectl('apply -f -', manifest('web'));
    expect(await kubectl('rollout status deployment/web --timeout=20s')).toContain('successfully rolled out');
    const [first] = await podNames('app=web');
    await kubectl('rollout restart deployment/web');
    expect(await kubectl('rollout status deployment/web --timeout=20s')).toContain('successfully rolled out');
    await kubectl(`wait --for=delete ${first} --timeout=20s`);
    await running('app=web', 1);
    expect((await kubectl('rollout history deployment/web')).split('\n').slice(2)).toHaveLength(2);
    await kubectl('rollout undo deployment/web');
    await kubectl('rollout status deployment/web --timeout=20s');
    await kubectl('scale deployment/web --replicas=3');
    await kubectl('rollout status deployment/web --timeout=20s');
    await running('app=web', 3);
    const counts = '{.status.readyReplicas}/{.status.updatedReplicas}/{.status.availableReplicas}';
    expect(await kubectl(`get deployment web -o jsonpath=${counts}`)).toBe('3/3/3');
    await kubectl('delete deployment web --wait=false');
    await kubectl('wait --for=delete pods -l app=web --timeout=20s');
    expect(await kubectl('get replicasets -l app=web -o name')).toBe('');
  });

  test('cascade=orphan leaves the pods, cascade=foreground returns when all is gone', async () => {
    await kubectl('apply -f -', manifest('orphaned'));
    await kubectl('rollout status deployment/orphaned --timeout=20s');
    const replicaSet = await kubectl('get replicasets -l app=orphaned -o name');
    await kubectl('delete deployment orphaned --cascade=orphan');
    await running('app=orphaned', 1);
    await kubectl(`delete ${replicaSet} --cascade=foreground`);
    expect(await kubectl('get all -l app=orphaned -o name')).toBe('');
  });

  test('a namespace goes with all that is in it', async () => {
    await kubectl('apply -f -', 'apiVersion: v1\nkind: Namespace\nmetadata: { name: shop }');
    await kubectl('apply -n shop -f -', manifest('stall'));
    await kubectl('rollout status -n shop deployment/stall --timeout=20s');
    await kubectl('delete namespace shop --timeout=20s');
    expect(await kubectl('get pods -A -l app=stall -o name')).toBe('');
  });

  test('an object goes with its owner', async () => {
    await kubectl('apply -f -', 'apiVersion: v1\nkind: ConfigMap\nmetadata: { name: owner }');
    const uid = await kubectl('get configmap owner -o jsonpath={.metadata.uid}');
    const owner = `{ apiVersion: v1, kind: ConfigMap, name: owner, uid: ${uid} }`;
    await kubectl('apply -f -', `apiVersion: v1\nkind: Secret\nmetadata: { name: owned, ownerReferences: [${owner}] }`);
    await kubectl('delete configmap owner');
    await kubectl('wait --for=delete secret/owned --timeout=10s');
    expect(await kubectl('get secrets -o name')).toBe('');
  });

  test('containers have what the lab adds to every container', async () => {
    await kubectl('apply -f -', manifest('extras'));
    await kubectl('rollout status deployment/extras --timeout=20s');
    const [pod = ''] = await podNames('app=extras');
    expect(await kubectl(`exec ${pod} -- /bin/cat /run/lab/file`)).toBe('a file of the lab');
    expect(await kubectl(`exec ${pod} -- /usr/bin/env`)).toContain('FROM_THE_LAB=yes');
    await kubectl('delete deployment extras');
  });

  test('what a service account may not do is refused by name', async () => {
    writeFileSync(join(folder, 'account'), serviceAccountKubeconfig, { mode: 0o600 });
    await expect(kubectl(`--kubeconfig=${join(folder, 'account')} get secrets`)).rejects.toThrow(
      'User "system:serviceaccount:default:default" cannot list resource "secrets"',
    );
  });

  test('a cluster that is started again has its objects, and its pods run again', async () => {
    await kubectl('apply -f -', manifest('stays'));
    await kubectl('rollout status deployment/stays --timeout=20s');
    const started = () =>
      kubectl('get pods -l app=stays -o jsonpath={.items[*].status.containerStatuses[0].containerID}');
    const before = await started();
    await child.call('stop');
    await start();
    await kubectl('wait --for=condition=Available deployment/stays --timeout=20s');
    await expect.poll(started).not.toBe(before);
    await kubectl('rollout status deployment/stays --timeout=20s');
    await running('app=stays', 1);
  });
});
