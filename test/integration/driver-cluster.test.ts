// The node driver against the lab's API server, with nothing but the rights that deploy/keyferry.yaml gives it.
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Registry } from 'prom-client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createDisposeStack, Secret, silentLog, systemClock, systemRandom } from '#base';
import { createDriverMetrics, startDriver, type Driver } from '#driver';
import { callUnary, createGrpcClient } from '#grpc';
import {
  applyManifests,
  createEventRecorder,
  createKubeClient,
  parseKubeconfig,
  parseManifests,
  RESOURCES,
  startInformer,
  type Event,
  type KubeClient,
  type KubeObject,
} from '#kube';
import { createMemoryStore } from '#lab/store';
import { SECRET_CLASS_RESOURCES } from '#secretclass';
import { createFakeMounter } from '../../src/driver/testing/fake-mounter.ts';
import { NodeClient, VolumeCapability } from '../../src/gen/csi/v1/csi.ts';
import { startApiServer } from '../../src/lab/cluster/apiserver/index.ts';

const clock = systemClock;
const stack = createDisposeStack();
const MANIFEST = new URL('../../deploy/keyferry.yaml', import.meta.url);
const OBJECTS = `
apiVersion: v1
kind: Namespace
metadata: { name: shop }
---
apiVersion: v1
kind: ServiceAccount
metadata: { name: default, namespace: shop }
---
apiVersion: secrets-store.csi.x-k8s.io/v1
kind: SecretProviderClass
metadata: { name: db, namespace: shop }
spec:
  provider: fake
  parameters: { keyvaultName: one }
  secretObjects:
    - secretName: db-secret
      type: Opaque
      labels: { app: web }
      data: [{ objectName: password, key: PASSWORD }]
---
apiVersion: secrets-store.csi.x-k8s.io/v1alpha1
kind: SecretProviderClass
metadata: { name: old, namespace: shop }
spec: { provider: fake, parameters: { keyvaultName: one } }
`;

let folder: string;
let admin: KubeClient;
let driver: Driver;
let node: NodeClient;
let password = 'hunter2';
let flushEvents: () => Promise<void>;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'keyferry-driver-'));
  stack.defer(() => rm(folder, { recursive: true, force: true }));
  const server = stack.use(
    await startApiServer({
      store: createMemoryStore(),
      clock,
      random: systemRandom,
      log: silentLog,
      issuerUrl: 'https://issuer.test/',
    }),
  );
  const kubeconfig = await server.issueKubeconfig({ user: 'admin', groups: ['system:masters'], clusterName: 'c' });
  const config = parseKubeconfig(kubeconfig, { clock, folder });
  admin = stack.use(createKubeClient({ config, clock }));
  const installed = parseManifests(await readFile(MANIFEST, 'utf8'));
  const options = { client: admin, clock, fieldManager: 'tests' };
  await applyManifests(options, [...installed, ...parseManifests(OBJECTS)]);
  const { token } = await admin.createToken(
    { namespace: 'kube-system', name: 'secrets-store-csi-driver' },
    { audiences: [] },
  );
  const client = stack.use(
    createKubeClient({
      config: { server: server.url, namespace: 'default', ca: Buffer.from(server.caPem), token: async () => token },
      clock,
    }),
  );
  const events = stack.use(
    createEventRecorder({ client, clock, random: systemRandom, log: silentLog, component: 'driver', host: 'node-1' }),
  );
  flushEvents = () => events.flush();
  const mounter = createFakeMounter();
  stack.defer(() => mounter.reboot());
  const provider = {
    name: 'fake',
    version: '1',
    mount: async () => ({
      files: [{ path: 'password', mode: 0o644, contents: new Secret<Uint8Array>(Buffer.from(password)) }],
      versions: [{ id: 'secret/password', version: password }],
    }),
  };
  driver = stack.use(
    await startDriver({
      socketPath: join(folder, 'csi.sock'),
      recordFolder: join(folder, 'volumes'),
      driverName: 'secrets-store.csi.k8s.io',
      version: '1.0.0',
      nodeId: 'node-1',
      refreshes: true,
      refreshIntervalMs: 0,
      client,
      providers: { resolve: async () => provider },
      mounter,
      events,
      metrics: createDriverMetrics(new Registry(), clock),
      clock,
      random: systemRandom,
      log: silentLog,
    }),
  );
  node = createGrpcClient(NodeClient, join(folder, 'csi.sock'));
  stack.defer(() => node.close());
});
afterAll(() => stack[Symbol.asyncDispose]());

async function createPod(name: string, owner?: { readonly name: string; readonly uid: string }): Promise<KubeObject> {
  return admin.create(RESOURCES.pods, 'shop', {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name,
      ...(owner && { ownerReferences: [{ apiVersion: 'apps/v1', kind: 'ReplicaSet', controller: true, ...owner }] }),
    },
    spec: { containers: [{ name: 'main', image: 'busybox' }] },
  });
}

async function publish(pod: KubeObject, className = 'db'): Promise<void> {
  const request = {
    volumeId: `csi-${pod.metadata.uid}`,
    publishContext: {},
    stagingTargetPath: '',
    targetPath: join(folder, 'pods', pod.metadata.uid ?? '', 'mount'),
    volumeCapability: VolumeCapability.create(),
    readonly: true,
    secrets: {},
    volumeContext: {
      secretProviderClass: className,
      'csi.storage.k8s.io/pod.name': pod.metadata.name ?? '',
      'csi.storage.k8s.io/pod.namespace': 'shop',
      'csi.storage.k8s.io/pod.uid': pod.metadata.uid ?? '',
    },
  };
  await callUnary(node, 'nodePublishVolume', request, { timeoutMs: 10_000 }, clock);
}

const secretKey = { namespace: 'shop', name: 'db-secret' };
const readPassword = async () => {
  const { data } = await admin.get<{ data: Record<string, string> }>(RESOURCES.secrets, secretKey);
  return Buffer.from(data['PASSWORD'] ?? '', 'base64').toString();
};

describe('the driver on a real API server', () => {
  it('mounts, syncs the Secret with its owner, and writes the pod status', async () => {
    const pod = await createPod('bare');
    await publish(pod);
    const secret = await admin.get(RESOURCES.secrets, secretKey);
    expect(secret.metadata.labels).toEqual({ app: 'web', 'secrets-store.csi.k8s.io/managed': 'true' });
    expect(secret.metadata.ownerReferences).toEqual([
      { apiVersion: 'v1', kind: 'Pod', name: 'bare', uid: pod.metadata.uid },
    ]);
    expect(await readPassword()).toBe('hunter2');
    await driver.idle();
    const status = await admin.get(SECRET_CLASS_RESOURCES.podStatuses, { namespace: 'shop', name: 'bare-shop-db' });
    expect(status['status']).toMatchObject({
      podName: 'bare',
      mounted: true,
      objects: [{ id: 'secret/password', version: 'hunter2' }],
    });
  });

  it('adds each owner and keeps the others, and writes nothing when nothing changed', async () => {
    for (const name of ['one', 'two']) await publish(await createPod(`${name}-x`, { name, uid: `uid-${name}` }));
    const again = await createPod('two-y', { name: 'two', uid: 'uid-two' });
    const before = await admin.get(RESOURCES.secrets, secretKey);
    expect(before.metadata.ownerReferences?.map(({ kind, name }) => `${kind} ${name}`).sort()).toEqual([
      'Pod bare',
      'ReplicaSet one',
      'ReplicaSet two',
    ]);
    await publish(again);
    const after = await admin.get(RESOURCES.secrets, secretKey);
    expect(after.metadata.resourceVersion).toBe(before.metadata.resourceVersion);
  });

  it('rotates files, Secret and pod status, keeps the owners, and tells the pod', async () => {
    const pod = await admin.get(RESOURCES.pods, { namespace: 'shop', name: 'bare' });
    password = 'rotated';
    await publish(pod);
    expect(await readPassword()).toBe('rotated');
    const secret = await admin.get(RESOURCES.secrets, secretKey);
    expect(secret.metadata.ownerReferences).toHaveLength(3);
    await flushEvents();
    const events = await admin.list<Event>(RESOURCES.events, { namespace: 'shop' });
    expect(events.items.map(({ reason, involvedObject }) => `${reason} ${involvedObject.name}`)).toContain(
      'MountRotationComplete bare',
    );
  });

  it('serves classes that were written as v1alpha1', async () => {
    await expect(publish(await createPod('old'), 'old')).resolves.toBeUndefined();
  });

  it('says which class is missing, in the words that people look for', async () => {
    await expect(publish(await createPod('lost'), 'none')).rejects.toThrow(
      /failed to get secretproviderclass shop\/none, error: .*"none" not found/,
    );
  });

  it('takes over no Secret that was not made from a volume', async () => {
    const { metadata } = await admin.get(RESOURCES.secrets, secretKey);
    await admin.delete(RESOURCES.secrets, secretKey);
    await admin.create(RESOURCES.secrets, 'shop', {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: metadata.name },
      data: { PASSWORD: Buffer.from("somebody else's").toString('base64') },
    });
    await publish(await createPod('late'));
    expect(await readPassword()).toBe("somebody else's");
    await flushEvents();
    const events = await admin.list<Event>(RESOURCES.events, { namespace: 'shop' });
    const failure = events.items.find(({ reason }) => reason === 'FailedToCreateSecret');
    expect(failure?.message).toContain('a secret of this name exists and was not made from a volume');
  });
});

describe('an informer on a real API server', () => {
  it('follows what is created, changed and deleted', async () => {
    await using informer = startInformer({
      client: admin,
      resource: RESOURCES.configmaps,
      query: { namespace: 'shop' },
      clock,
      random: systemRandom,
      log: silentLog,
    });
    await informer.ready;
    const seen: string[] = [];
    let wake = () => {};
    informer.onChange(({ type, object }) => {
      seen.push(`${type} ${object.metadata.name}`);
      wake();
    });
    const until = async (count: number) => {
      while (seen.length < count) await new Promise<void>((resolve) => (wake = resolve));
    };
    const key = { namespace: 'shop', name: 'informed' };
    await admin.create(RESOURCES.configmaps, 'shop', {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: key.name },
    });
    await until(1);
    await admin.patch(RESOURCES.configmaps, key, { type: 'merge', body: { data: { a: 'b' } } });
    await until(2);
    expect(informer.get(key)?.['data']).toEqual({ a: 'b' });
    await admin.delete(RESOURCES.configmaps, key);
    await until(3);
    expect(seen).toEqual(['added informed', 'modified informed', 'deleted informed']);
  });
});
