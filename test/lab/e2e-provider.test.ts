// The list of test/bats/e2e-provider.bats of secrets-store-csi-driver: a provider that needs no cloud, on a socket in one
// of the node's provider folders, and everything that a cluster makes of it. In the order of that list.
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createDisposeStack } from '#base';
import { RESOURCES, type Event, type KubeObject, type Pod, type SecretObject } from '#kube';
import { startE2eProvider, type E2eProvider } from '../support/e2e-provider.ts';
import { nodeLogOf } from '../support/node-process.ts';
import { daemonOf, findKubelets } from '../support/node-volumes.ts';
import { eventually, makeCluster, startTestLab, type TestCluster, type TestLab } from '../support/test-lab.ts';

const GROUP = 'secrets-store.csi.x-k8s.io';
const CLASSES = { group: GROUP, version: 'v1', resource: 'secretproviderclasses' } as const;
const DEPLOYMENTS = { group: 'apps', version: 'v1', resource: 'deployments' } as const;
const REPLICA_SETS = { group: 'apps', version: 'v1', resource: 'replicasets' } as const;
const CRDS = { group: 'apiextensions.k8s.io', version: 'v1', resource: 'customresourcedefinitions' } as const;
const rbac = (resource: string) => ({ group: 'rbac.authorization.k8s.io', version: 'v1', resource });

const SECRET = { name: 'foo', value: 'secret' };
const KEY = { name: 'fookey', value: '-----BEGIN PUBLIC KEY-----\nThis is mock key\n-----END PUBLIC KEY-----' };
const OBJECTS = [SECRET, KEY].map(({ name }) => `  - |\n    objectName: ${name}\n    objectVersion: v1\n`).join('');

const stack = createDisposeStack();
let lab: TestLab;
let cluster: TestCluster;
let provider: E2eProvider;

beforeAll(async () => {
  lab = stack.use(await startTestLab());
  cluster = stack.use(await makeCluster(lab, '--enable-secret-rotation --rotation-poll-interval 1s'));
  // The node's folder of the providers, in the lab's own mount namespace.
  const root = `/proc/${await daemonOf(lab.folder.root)}/root`;
  const [kubelet = ''] = findKubelets(root);
  provider = stack.use(
    await startE2eProvider({
      socketPath: join(root, kubelet, 'providers', 'e2e-provider.sock'),
      values: new Map([SECRET, KEY].map(({ name, value }) => [name, value])),
      audience: 'api://AzureADTokenExchange',
    }),
  );
}, 90_000);
afterAll(() => stack[Symbol.asyncDispose]());

function spc(name: string, change: { readonly version?: string; readonly secretName?: string } = {}): KubeObject {
  const { version = 'v1', secretName } = change;
  const secretObjects = [
    {
      secretName,
      type: 'Opaque',
      labels: { environment: 'test' },
      data: [{ objectName: SECRET.name, key: 'username' }],
    },
  ];
  return {
    apiVersion: `${GROUP}/${version}`,
    kind: 'SecretProviderClass',
    metadata: { name },
    spec: {
      provider: 'e2e-provider',
      parameters: { objects: `array:\n${OBJECTS}` },
      ...(secretName !== undefined && { secretObjects }),
    },
  };
}

/** The spec of a pod with a volume for each class, and an environment variable for each Secret. */
function podSpec(classes: readonly string[], secrets: readonly string[] = []) {
  return {
    terminationGracePeriodSeconds: 0,
    containers: [
      {
        name: 'busybox',
        image: 'registry.k8s.io/e2e-test-images/busybox:1.29-4',
        command: ['/bin/sleep', '10000'],
        env: secrets.map((name, index) => ({
          name: `SECRET_USERNAME_${index}`,
          valueFrom: { secretKeyRef: { name, key: 'username' } },
        })),
        volumeMounts: classes.map((_class, index) => ({
          name: `secrets-store-${index}`,
          mountPath: `/mnt/secrets-store-${index}`,
          readOnly: true,
        })),
      },
    ],
    volumes: classes.map((secretProviderClass, index) => ({
      name: `secrets-store-${index}`,
      csi: { driver: 'secrets-store.csi.k8s.io', readOnly: true, volumeAttributes: { secretProviderClass } },
    })),
  };
}

const createPod = (namespace: string, name: string, spec: object) =>
  cluster.client.create<Pod>(RESOURCES.pods, namespace, { apiVersion: 'v1', kind: 'Pod', metadata: { name }, spec });
const createDeployment = (namespace: string, name: string, replicas = 2) =>
  cluster.client.create(DEPLOYMENTS, namespace, {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name },
    spec: {
      replicas,
      selector: { matchLabels: { app: name } },
      template: { metadata: { labels: { app: name } }, spec: podSpec(['e2e-provider-sync'], ['foosecret']) },
    },
  });
/** Creates a namespace, and waits until pods may be created in it: until a controller has made their service account. */
const createNamespace = async (namespace: string) => {
  const metadata = { name: namespace };
  await cluster.client.create(RESOURCES.namespaces, undefined, { apiVersion: 'v1', kind: 'Namespace', metadata });
  await eventually('the default service account', async () => {
    const { items } = await cluster.client.list(RESOURCES.serviceaccounts, { namespace });
    return items.length > 0 ? { found: true } : { seen: 'none' };
  });
};
const createClass = (namespace: string, object: KubeObject) =>
  cluster.client.create({ ...CLASSES, version: object.apiVersion.split('/')[1] ?? '' }, namespace, object);

const podsOf = async (namespace: string, labelSelector?: string) =>
  (await cluster.client.list<Pod>(RESOURCES.pods, { namespace, labelSelector })).items;
const isReady = ({ status }: Pod) =>
  status?.conditions?.some((each) => each.type === 'Ready' && each.status === 'True') === true;

/** Waits for so many ready pods and answers their names. */
const ready = (namespace: string, count: number, labelSelector?: string) =>
  eventually(`${count} ready pods in ${namespace}`, async () => {
    const pods = await podsOf(namespace, labelSelector);
    return pods.length === count && pods.every(isReady)
      ? { found: pods.map(({ metadata }) => metadata?.name ?? '') }
      : { seen: JSON.stringify(pods.map(({ status }) => status)) };
  });
const gone = (what: string, find: () => Promise<unknown>) =>
  eventually(`${what} is gone`, async () => {
    const found = await find().catch(() => undefined);
    return found === undefined ? { found: true } : { seen: JSON.stringify(found) };
  });

const run = async (namespace: string, pod: string, ...command: readonly string[]): Promise<string> => {
  let text = '';
  const onStdout = (chunk: Buffer) => (text += chunk.toString('utf8'));
  await cluster.client.exec({ namespace, name: pod }, { command, onStdout });
  return text;
};
const file = (namespace: string, pod: string, name: string, volume = 0) =>
  run(namespace, pod, 'cat', `/mnt/secrets-store-${volume}/${name}`);
const getSecret = (namespace: string, name: string) =>
  cluster.client.get<SecretObject>(RESOURCES.secrets, { namespace, name });
const username = async (namespace: string, name: string) =>
  Buffer.from((await getSecret(namespace, name)).data?.['username'] ?? '', 'base64').toString();
const ownersOf = async (namespace: string, name: string) =>
  ((await getSecret(namespace, name)).metadata?.ownerReferences ?? []).map(({ uid }) => uid);
const owners = (namespace: string, name: string, count: number) =>
  eventually(`${count} owners of ${namespace}/${name}`, async () => {
    const found = await ownersOf(namespace, name);
    return found.length === count ? { found } : { seen: found.join() };
  });
const replicaSetOf = async (namespace: string, deployment: string) => {
  const { items } = await cluster.client.list(REPLICA_SETS, { namespace, labelSelector: `app=${deployment}` });
  return items[0]?.metadata;
};

describe('the installation', () => {
  it.each(['secretproviderclasses', 'secretproviderclasspodstatuses'])('establishes the CRD of %s', async (plural) => {
    const crd = await cluster.client.get(CRDS, { name: `${plural}.${GROUP}` });
    const { conditions } = crd['status'] as { conditions: { type: string; status: string }[] };
    expect(conditions.find(({ type }) => type === 'Established')?.status).toBe('True');
  });

  it('has the roles and bindings of upstream, by name', async () => {
    for (const name of [
      'secretproviderclasses-role',
      'secretproviderclasses-admin-role',
      'secretproviderclasses-viewer-role',
      'secretproviderclasspodstatuses-viewer-role',
      'secretprovidersyncing-role',
    ])
      await expect(cluster.client.get(rbac('clusterroles'), { name })).resolves.toBeDefined();
    for (const name of ['secretproviderclasses-rolebinding', 'secretprovidersyncing-rolebinding'])
      await expect(cluster.client.get(rbac('clusterrolebindings'), { name })).resolves.toBeDefined();
  });
});

describe.each([
  ['v1alpha1', 'test-v1alpha1'],
  ['v1', 'test-v1'],
])('a class of %s', (version, namespace) => {
  it('is mounted, and unmounted without a complaint', async () => {
    await createNamespace(namespace);
    await createClass(namespace, spc('e2e-provider', { version }));
    await createPod(namespace, 'inline', podSpec(['e2e-provider']));
    await ready(namespace, 1);
    expect(await file(namespace, 'inline', SECRET.name)).toBe(SECRET.value);
    expect(await file(namespace, 'inline', KEY.name)).toBe(KEY.value);
    expect(provider.audiences.has('api://AzureADTokenExchange')).toBe(true);
    await cluster.client.delete(RESOURCES.pods, { namespace, name: 'inline' });
    await gone('the pod', async () => (await podsOf(namespace))[0]);
    expect(nodeLog()).not.toContain('failed to clean and unmount target path');
  }, 60_000);
});

describe('a synced Secret', () => {
  const namespace = 'default';
  const [one, two] = ['busybox-deployment', 'busybox-deployment-two'] as const;

  it('is owned by the ReplicaSets of both Deployments whose pods mount its class', async () => {
    await createClass(namespace, spc('e2e-provider-sync', { secretName: 'foosecret' }));
    await Promise.all([createDeployment(namespace, one), createDeployment(namespace, two)]);
    const [pod = ''] = await ready(namespace, 4);
    expect(await file(namespace, pod, SECRET.name)).toBe(SECRET.value);
    expect(await file(namespace, pod, KEY.name)).toBe(KEY.value);
    expect(await username(namespace, 'foosecret')).toBe(SECRET.value);
    expect(await run(namespace, pod, 'printenv', 'SECRET_USERNAME_0')).toBe(`${SECRET.value}\n`);
    expect((await getSecret(namespace, 'foosecret')).metadata?.labels).toMatchObject({
      environment: 'test',
      'secrets-store.csi.k8s.io/managed': 'true',
    });
    const sets = await Promise.all([one, two].map((name) => replicaSetOf(namespace, name)));
    const found = await owners(namespace, 'foosecret', 2);
    expect(new Set(found)).toEqual(new Set(sets.map((set) => set?.uid)));
  }, 90_000);

  it('outlives the pods of a Deployment that is scaled to nothing', async () => {
    const before = await getSecret(namespace, 'foosecret');
    const scale = (replicas: number) =>
      cluster.client.patch(DEPLOYMENTS, { namespace, name: one }, { type: 'merge', body: { spec: { replicas } } });
    await scale(0);
    await ready(namespace, 2);
    await scale(2);
    await ready(namespace, 4);
    const after = await getSecret(namespace, 'foosecret');
    expect(after.metadata?.uid).toBe(before.metadata?.uid);
    expect(after.metadata?.resourceVersion).toBe(before.metadata?.resourceVersion);
  }, 90_000);

  it('follows a ReplicaSet that is made anew under its old name', async () => {
    const old = await replicaSetOf(namespace, one);
    await cluster.client.delete(REPLICA_SETS, { namespace, name: old?.name ?? '' });
    const fresh = await eventually('a new ReplicaSet', async () => {
      const found = await replicaSetOf(namespace, one);
      return found !== undefined && found.uid !== old?.uid ? { found } : { seen: JSON.stringify(found) };
    });
    expect(fresh.name).toBe(old?.name);
    await eventually('its UID among the owners, and the old one gone', async () => {
      const found = await ownersOf(namespace, 'foosecret');
      return found.includes(fresh.uid ?? '') && found.length === 2 ? { found } : { seen: found.join() };
    });
    expect(await username(namespace, 'foosecret')).toBe(SECRET.value);
  }, 90_000);

  it('comes back when somebody removes it, with both owners', async () => {
    const before = await ownersOf(namespace, 'foosecret');
    await cluster.client.delete(RESOURCES.secrets, { namespace, name: 'foosecret' });
    await lab.lab.control.clock.advance(360_000);
    await eventually('the Secret', async () => {
      const found = await getSecret(namespace, 'foosecret').catch(() => undefined);
      return found === undefined ? { seen: 'nothing' } : { found };
    });
    const after = await ownersOf(namespace, 'foosecret');
    expect(after).toHaveLength(2);
    expect(new Set(after)).toEqual(new Set(before));
  }, 60_000);

  it('loses an owner with each Deployment, and goes with the last', async () => {
    await cluster.client.delete(DEPLOYMENTS, { namespace, name: one }, { propagationPolicy: 'Background' });
    await owners(namespace, 'foosecret', 1);
    await cluster.client.delete(DEPLOYMENTS, { namespace, name: two }, { propagationPolicy: 'Background' });
    await gone('the Secret', () => getSecret(namespace, 'foosecret'));
    await expect(getSecret(namespace, 'foosecret')).rejects.toMatchObject({ upstreamCode: 'NotFound' });
    await gone('the last pod', async () => (await podsOf(namespace))[0]);
  }, 90_000);

  it('is of the namespace of its class and its pods', async () => {
    await createNamespace('test-ns');
    await createClass('test-ns', spc('e2e-provider-sync', { secretName: 'foosecret' }));
    await createDeployment('test-ns', one);
    const [pod = ''] = await ready('test-ns', 2);
    expect(await file('test-ns', pod, SECRET.name)).toBe(SECRET.value);
    expect(await username('test-ns', 'foosecret')).toBe(SECRET.value);
    expect(await run('test-ns', pod, 'printenv', 'SECRET_USERNAME_0')).toBe(`${SECRET.value}\n`);
    await owners('test-ns', 'foosecret', 1);
    await cluster.client.delete(DEPLOYMENTS, { namespace: 'test-ns', name: one }, { propagationPolicy: 'Background' });
    await gone('the Secret', () => getSecret('test-ns', 'foosecret'));
  }, 90_000);

  it('is not made from the class of another namespace, and the pod is told which class is missing', async () => {
    await createNamespace('negative-test-ns');
    await createDeployment('negative-test-ns', one, 1);
    const told = await eventually('the event', async () => {
      const { items } = await cluster.client.list<Event>(RESOURCES.events, { namespace: 'negative-test-ns' });
      const texts = items.map(({ reason, message }) => `${reason} ${message}`);
      const words = /FailedMount.*failed to get secretproviderclass negative-test-ns\/e2e-provider-sync.*not found/;
      return texts.some((text) => words.test(text)) ? { found: texts } : { seen: texts.join('\n') };
    });
    expect(told.filter((text) => text.startsWith('FailedToCreateSecret'))).toEqual([]);
    await cluster.client.delete(DEPLOYMENTS, { namespace: 'negative-test-ns', name: one });
  }, 60_000);
});

describe('a pod with two classes', () => {
  it('has a volume and a Secret of each', async () => {
    const namespace = 'default';
    for (const index of [0, 1])
      await createClass(namespace, spc(`e2e-provider-spc-${index}`, { secretName: `foosecret-${index}` }));
    const spec = podSpec(['e2e-provider-spc-0', 'e2e-provider-spc-1'], ['foosecret-0', 'foosecret-1']);
    await createPod(namespace, 'multiple', spec);
    await ready(namespace, 1);
    for (const index of [0, 1]) {
      expect(await file(namespace, 'multiple', SECRET.name, index)).toBe(SECRET.value);
      expect(await file(namespace, 'multiple', KEY.name, index)).toBe(KEY.value);
      expect(await username(namespace, `foosecret-${index}`)).toBe(SECRET.value);
      expect(await run(namespace, 'multiple', 'printenv', `SECRET_USERNAME_${index}`)).toBe(`${SECRET.value}\n`);
      await owners(namespace, `foosecret-${index}`, 1);
    }
    await cluster.client.delete(RESOURCES.pods, { namespace, name: 'multiple' });
    for (const index of [0, 1]) await gone('the Secret', () => getSecret(namespace, `foosecret-${index}`));
  }, 60_000);
});

describe('a rotation', () => {
  it('reaches the file and the Secret', async () => {
    const namespace = 'rotation';
    await createNamespace(namespace);
    await createClass(namespace, spc('e2e-provider-rotation', { secretName: 'rotationsecret' }));
    await createPod(namespace, 'rotating', podSpec(['e2e-provider-rotation'], ['rotationsecret']));
    await ready(namespace, 1);
    expect(await file(namespace, 'rotating', SECRET.name)).toBe('secret');
    expect(await username(namespace, 'rotationsecret')).toBe('secret');
    provider.rotated = true;
    await lab.lab.control.clock.advance(120_000);
    await eventually('the rotated Secret', async () => {
      const seen = await username(namespace, 'rotationsecret');
      return seen === 'rotated' ? { found: true } : { seen };
    });
    expect(await file(namespace, 'rotating', SECRET.name)).toBe('rotated');
  }, 60_000);
});

function nodeLog(): string {
  return nodeLogOf(lab.folder.clusters);
}

describe('the metrics', () => {
  it('have the names that people scrape', async () => {
    const line = nodeLog()
      .split('\n')
      .find((text) => text.includes('Metrics and probes are served'));
    const { host, port } = JSON.parse(line ?? '{}') as { host: string; port: number };
    const text = await (await fetch(`http://${host}:${port}/metrics`)).text();
    for (const name of ['node_publish_total', 'node_unpublish_total', 'rotation_reconcile_total']) {
      expect(text).toMatch(new RegExp(`^${name}\\{[^}]*\\} [1-9]`, 'm'));
    }
  });
});
