import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Deployment, ReplicaSet } from 'kubernetes-types/apps/v1.js';
import type { KubeObject, Pod, ResourceRef } from '#kube';
import { createMemoryStore } from '#lab/store';
import { ApiError } from '../api-access.ts';
import { RESOURCES } from '../resources.ts';
import { startTestCluster, type TestCluster } from './testing/start-test-cluster.ts';

// The controllers against the lab's own API server, in one process; only the node is a fake.

const NS = 'default';
let cluster: TestCluster;
beforeEach(async () => {
  cluster = await startTestCluster();
});
afterEach(async () => {
  await cluster[Symbol.asyncDispose]();
  const complaints = cluster.log.lines.filter(({ level }) => level === 'warn' || level === 'error');
  if (complaints.length > 0) throw new Error(`the controllers complained: ${JSON.stringify(complaints)}`);
});

const until = (check: () => Promise<void>) => vi.waitFor(check, { timeout: 20_000, interval: 5 });
const list = async <T = KubeObject>(resource: ResourceRef, namespace = NS) =>
  (await cluster.api.list<T & KubeObject>(resource, { namespace })).items;
const names = async (resource: ResourceRef, namespace = NS) =>
  (await list(resource, namespace)).map(({ metadata }) => metadata.name);
/** `namespace` is '' for a cluster-scoped object. */
const exists = async (resource: ResourceRef, name: string, namespace = NS) => {
  try {
    await cluster.api.get(resource, namespace === '' ? { name } : { namespace, name });
    return true;
  } catch (error) {
    if (error instanceof ApiError && error.body.code === 404) return false;
    throw error;
  }
};
const gone = (resource: ResourceRef, name: string, namespace = NS) =>
  until(async () => expect(await exists(resource, name, namespace)).toBe(false));

const deploymentBody = (name: string, spec: object = {}, image = 'nginx:1') => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name },
  spec: {
    replicas: 1,
    selector: { matchLabels: { app: name } },
    template: { metadata: { labels: { app: name } }, spec: { containers: [{ name: 'c', image }] } },
    ...spec,
  },
});
const deploy = (name: string, spec: object = {}) =>
  cluster.api.create(RESOURCES.deployments, NS, deploymentBody(name, spec));
const read = (name: string) => cluster.api.get<Deployment & KubeObject>(RESOURCES.deployments, { namespace: NS, name });
const patch = (name: string, body: object) =>
  cluster.api.patch(RESOURCES.deployments, { namespace: NS, name }, 'merge', body);
const rolledOut = (name: string, replicas: number) =>
  until(async () => {
    const { metadata, status } = await read(name);
    expect(status).toMatchObject({ replicas, updatedReplicas: replicas, availableReplicas: replicas });
    expect(status?.observedGeneration).toBe(metadata.generation);
  });
const imageOf = (pod: Pod) => pod.spec?.containers[0]?.image;
const newImage = (image: string) => ({ spec: { template: { spec: { containers: [{ name: 'c', image }] } } } });
const configMap = (name: string, metadata: object = {}) => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, ...metadata },
});
const ownedBy = ({ apiVersion, kind, metadata }: KubeObject, blockOwnerDeletion?: boolean) => ({
  apiVersion,
  kind,
  name: metadata.name,
  uid: metadata.uid,
  ...(blockOwnerDeletion === undefined ? {} : { blockOwnerDeletion }),
});

describe('deployment', () => {
  test('becomes available, with the names, labels and owners that kubectl users know', async () => {
    await deploy('web', { replicas: 2 });
    await rolledOut('web', 2);
    const [replicaSet] = await list<ReplicaSet>(RESOURCES.replicaSets);
    const hash = replicaSet?.metadata.labels?.['pod-template-hash'] ?? '';
    expect(replicaSet?.metadata.name).toBe(`web-${hash}`);
    const pods = await list<Pod>(RESOURCES.pods);
    for (const pod of pods) {
      expect(pod.metadata.name).toMatch(new RegExp(`^web-${hash}-[a-z0-9]{5}$`));
      expect(pod.metadata.labels).toEqual({ app: 'web', 'pod-template-hash': hash });
      expect(pod.metadata.ownerReferences).toMatchObject([
        { kind: 'ReplicaSet', uid: replicaSet?.metadata.uid, controller: true },
      ]);
    }
    const { status, metadata } = await read('web');
    expect(metadata.annotations).toEqual({ 'deployment.kubernetes.io/revision': '1' });
    expect(status?.conditions).toMatchObject([
      { type: 'Available', status: 'True', reason: 'MinimumReplicasAvailable' },
      { type: 'Progressing', status: 'True', reason: 'NewReplicaSetAvailable' },
    ]);
  });

  test('its pods are replaced by those of a new template, and come back with the old one', async () => {
    await deploy('web', { replicas: 3 });
    await rolledOut('web', 3);
    const [first] = await names(RESOURCES.replicaSets);
    await patch('web', newImage('nginx:2'));
    await rolledOut('web', 3);
    await until(async () => {
      expect((await list<Pod>(RESOURCES.pods)).map(imageOf)).toEqual(['nginx:2', 'nginx:2', 'nginx:2']);
    });
    expect(await names(RESOURCES.replicaSets)).toHaveLength(2);
    await patch('web', newImage('nginx:1'));
    await rolledOut('web', 3);
    const active = (await list<ReplicaSet>(RESOURCES.replicaSets)).filter(({ spec }) => spec?.replicas === 3);
    expect(active.map(({ metadata }) => metadata.name)).toEqual([first]);
    expect((await read('web')).metadata.annotations?.['deployment.kubernetes.io/revision']).toBe('3');
  });

  test('keeps its old pods when the new ones do not become ready', async () => {
    await deploy('web', { replicas: 2 });
    await rolledOut('web', 2);
    cluster.kubelet.keepUnready('web-');
    await patch('web', newImage('nginx:broken'));
    await until(async () => {
      const images = (await list<Pod>(RESOURCES.pods)).map(imageOf);
      expect(images.filter((image) => image === 'nginx:1')).toHaveLength(2);
      expect(images.filter((image) => image === 'nginx:broken')).toHaveLength(1);
      expect((await read('web')).status).toMatchObject({ updatedReplicas: 1, availableReplicas: 2 });
    });
  });

  test('is scaled up and down', async () => {
    await deploy('web');
    await rolledOut('web', 1);
    await patch('web', { spec: { replicas: 3 } });
    await rolledOut('web', 3);
    await patch('web', { spec: { replicas: 0 } });
    await until(async () => expect(await names(RESOURCES.pods)).toEqual([]));
    expect((await list<ReplicaSet>(RESOURCES.replicaSets)).map(({ spec }) => spec?.replicas)).toEqual([0]);
  });

  test('with Recreate never runs two templates at once', async () => {
    await deploy('web', { replicas: 2, strategy: { type: 'Recreate' } });
    await rolledOut('web', 2);
    const seen = new Set<string>();
    const stop = new AbortController();
    const watched = (async () => {
      const running = new Map<string, string | undefined>();
      for await (const { type, object } of cluster.api.watch<Pod & KubeObject>(RESOURCES.pods, {
        namespace: NS,
        signal: stop.signal,
      })) {
        const name = object.metadata.name ?? '';
        if (type === 'DELETED') running.delete(name);
        else running.set(name, imageOf(object));
        seen.add([...new Set(running.values())].join('+'));
      }
    })();
    await patch('web', newImage('nginx:2'));
    await rolledOut('web', 2);
    stop.abort();
    await watched;
    expect([...seen].filter((images) => images.includes('+'))).toEqual([]);
  });

  test('a pod that is deleted is replaced', async () => {
    await deploy('web');
    await rolledOut('web', 1);
    const [before = ''] = await names(RESOURCES.pods);
    await cluster.api.delete(RESOURCES.pods, { namespace: NS, name: before });
    await gone(RESOURCES.pods, before);
    await rolledOut('web', 1);
    expect(await names(RESOURCES.pods)).not.toContain(before);
  });

  test('a pod that loses its label is let go and replaced; it is adopted again with the label', async () => {
    await deploy('web');
    await rolledOut('web', 1);
    const [strayed = ''] = await names(RESOURCES.pods);
    const label = (app: string) =>
      cluster.api.patch(RESOURCES.pods, { namespace: NS, name: strayed }, 'merge', { metadata: { labels: { app } } });
    await label('else');
    await until(async () => expect(await names(RESOURCES.pods)).toHaveLength(2));
    const { metadata } = await cluster.api.get(RESOURCES.pods, { namespace: NS, name: strayed });
    expect(metadata.ownerReferences ?? []).toEqual([]);
    await label('web');
    await until(async () => expect(await names(RESOURCES.pods)).toHaveLength(1));
  });

  test('keeps no more history than it is asked to', async () => {
    await deploy('web', { revisionHistoryLimit: 1 });
    await rolledOut('web', 1);
    for (const image of ['nginx:2', 'nginx:3', 'nginx:4']) {
      await patch('web', newImage(image));
      await rolledOut('web', 1);
    }
    await until(async () => expect(await names(RESOURCES.replicaSets)).toHaveLength(2));
  });
});

describe('cascading deletion', () => {
  test.each(['Background', 'Foreground'] as const)('%s takes ReplicaSets and pods along', async (propagationPolicy) => {
    await deploy('web', { replicas: 2 });
    await rolledOut('web', 2);
    await cluster.api.delete(RESOURCES.deployments, { namespace: NS, name: 'web' }, { propagationPolicy });
    await gone(RESOURCES.deployments, 'web');
    await until(async () => {
      expect(await names(RESOURCES.replicaSets)).toEqual([]);
      expect(await names(RESOURCES.pods)).toEqual([]);
    });
  });

  test('in the foreground the owner goes last', async () => {
    const owner = await cluster.api.create(RESOURCES.configMaps, NS, configMap('owner'));
    const holds = { ownerReferences: [ownedBy(owner, true)], finalizers: ['example.com/hold'] };
    await cluster.api.create(RESOURCES.configMaps, NS, configMap('dependent', holds));
    const key = (name: string) => ({ namespace: NS, name });
    await cluster.api.delete(RESOURCES.configMaps, key('owner'), { propagationPolicy: 'Foreground' });
    await until(async () => {
      const { metadata } = await cluster.api.get(RESOURCES.configMaps, key('dependent'));
      expect(metadata.deletionTimestamp).toBeDefined();
    });
    expect(await exists(RESOURCES.configMaps, 'owner')).toBe(true);
    await cluster.api.patch(RESOURCES.configMaps, key('dependent'), 'merge', { metadata: { finalizers: null } });
    await gone(RESOURCES.configMaps, 'owner');
  });

  test('Orphan leaves the ReplicaSet, which a new Deployment of that template adopts', async () => {
    await deploy('web');
    await rolledOut('web', 1);
    const [replicaSet] = await names(RESOURCES.replicaSets);
    const pods = await names(RESOURCES.pods);
    await cluster.api.delete(RESOURCES.deployments, { namespace: NS, name: 'web' }, { propagationPolicy: 'Orphan' });
    await gone(RESOURCES.deployments, 'web');
    const [orphan] = await list(RESOURCES.replicaSets);
    expect(orphan?.metadata.ownerReferences ?? []).toEqual([]);
    await deploy('web');
    await rolledOut('web', 1);
    expect(await names(RESOURCES.replicaSets)).toEqual([replicaSet]);
    expect(await names(RESOURCES.pods)).toEqual(pods);
  });

  test('an owner of the same name with another uid is no owner', async () => {
    await cluster.api.create(RESOURCES.configMaps, NS, configMap('owner'));
    const reference = {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      name: 'owner',
      uid: '00000000-0000-4000-8000-000000000000',
    };
    await cluster.api.create(RESOURCES.configMaps, NS, configMap('dependent', { ownerReferences: [reference] }));
    await gone(RESOURCES.configMaps, 'dependent');
    expect(await exists(RESOURCES.configMaps, 'owner')).toBe(true);
  });

  test('an object with two owners goes with the second', async () => {
    const owners = [
      await cluster.api.create(RESOURCES.configMaps, NS, configMap('one')),
      await cluster.api.create(RESOURCES.configMaps, NS, configMap('two')),
    ];
    const ownerReferences = owners.map((owner) => ownedBy(owner));
    await cluster.api.create(RESOURCES.configMaps, NS, configMap('dependent', { ownerReferences }));
    await cluster.api.delete(RESOURCES.configMaps, { namespace: NS, name: 'one' });
    await until(async () => {
      const { metadata } = await cluster.api.get(RESOURCES.configMaps, { namespace: NS, name: 'dependent' });
      expect(metadata.ownerReferences).toMatchObject([{ name: 'two' }]);
    });
    await cluster.api.delete(RESOURCES.configMaps, { namespace: NS, name: 'two' });
    await gone(RESOURCES.configMaps, 'dependent');
  });

  test('custom resources own and are owned, also by a cluster-scoped owner', async () => {
    const node = await cluster.api.get(RESOURCES.nodes, { name: 'node-1' });
    await cluster.api.create(RESOURCES.customResourceDefinitions, undefined, {
      apiVersion: 'apiextensions.k8s.io/v1',
      kind: 'CustomResourceDefinition',
      metadata: { name: 'widgets.example.com' },
      spec: {
        group: 'example.com',
        scope: 'Namespaced',
        names: { kind: 'Widget', listKind: 'WidgetList', plural: 'widgets', singular: 'widget' },
        versions: [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: { type: 'object' } } }],
      },
    });
    const widgets = { group: 'example.com', version: 'v1', resource: 'widgets' };
    const body = {
      apiVersion: 'example.com/v1',
      kind: 'Widget',
      metadata: { name: 'w', ownerReferences: [ownedBy(node)] },
    };
    const widget = await cluster.api.create(widgets, NS, body);
    await cluster.api.create(RESOURCES.configMaps, NS, configMap('dependent', { ownerReferences: [ownedBy(widget)] }));
    expect(await exists(RESOURCES.configMaps, 'dependent')).toBe(true);
    await cluster.api.delete(RESOURCES.nodes, { name: 'node-1' });
    await gone(widgets, 'w');
    await gone(RESOURCES.configMaps, 'dependent');
  });
});

describe('namespaces', () => {
  const create = (name: string) =>
    cluster.api.create(RESOURCES.namespaces, undefined, { apiVersion: 'v1', kind: 'Namespace', metadata: { name } });

  test('the system namespaces are there from the start, with what pods need', async () => {
    const present = (await cluster.api.list(RESOURCES.namespaces)).items.map(({ metadata }) => metadata.name);
    expect(present).toEqual(expect.arrayContaining(['default', 'kube-system', 'kube-public', 'kube-node-lease']));
    expect(await exists(RESOURCES.serviceAccounts, 'default')).toBe(true);
    expect(await exists(RESOURCES.configMaps, 'kube-root-ca.crt')).toBe(true);
  });

  test('a new one gets its service account and the CA, and again when somebody deletes them', async () => {
    await create('shop');
    const there = () =>
      until(async () => {
        expect(await exists(RESOURCES.serviceAccounts, 'default', 'shop')).toBe(true);
        expect(await exists(RESOURCES.configMaps, 'kube-root-ca.crt', 'shop')).toBe(true);
      });
    await there();
    await cluster.api.delete(RESOURCES.serviceAccounts, { namespace: 'shop', name: 'default' });
    await cluster.api.delete(RESOURCES.configMaps, { namespace: 'shop', name: 'kube-root-ca.crt' });
    await there();
  });

  test('a deleted one goes with all that is in it', async () => {
    await create('shop');
    await until(async () => expect(await exists(RESOURCES.serviceAccounts, 'default', 'shop')).toBe(true));
    await cluster.api.create(RESOURCES.deployments, 'shop', deploymentBody('web', { replicas: 2 }));
    await until(async () => expect(await names(RESOURCES.pods, 'shop')).toHaveLength(2));
    await cluster.api.delete(RESOURCES.namespaces, { name: 'shop' });
    await gone(RESOURCES.namespaces, 'shop', '');
    for (const resource of [
      RESOURCES.deployments,
      RESOURCES.replicaSets,
      RESOURCES.pods,
      RESOURCES.configMaps,
      RESOURCES.events,
    ]) {
      expect(await names(resource, 'shop')).toEqual([]);
    }
  });

  test('one that holds a finalized object says so, and goes when that goes', async () => {
    await create('shop');
    const held = configMap('held', { finalizers: ['example.com/hold'] });
    await cluster.api.create(RESOURCES.configMaps, 'shop', held);
    await cluster.api.delete(RESOURCES.namespaces, { name: 'shop' });
    await until(async () => {
      const namespace = await cluster.api.get(RESOURCES.namespaces, { name: 'shop' });
      expect(JSON.stringify(namespace['status'])).toContain('example.com/hold in 1 resource instances');
    });
    await cluster.api.patch(RESOURCES.configMaps, { namespace: 'shop', name: 'held' }, 'merge', {
      metadata: { finalizers: null },
    });
    await gone(RESOURCES.namespaces, 'shop', '');
  });
});

describe('scheduling', () => {
  const podBody = (name: string, spec: object = {}) => ({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name },
    spec: { containers: [{ name: 'c', image: 'nginx' }], ...spec },
  });
  const scheduled = async (name: string) => {
    const pod = await cluster.api.get<Pod & KubeObject>(RESOURCES.pods, { namespace: NS, name });
    const condition = pod.status?.conditions?.find(({ type }) => type === 'PodScheduled');
    return { nodeName: pod.spec?.nodeName, status: condition?.status, reason: condition?.reason };
  };
  const reasons = async (name: string) =>
    (await list(RESOURCES.events))
      .filter((event) => (event['involvedObject'] as { name?: string }).name === name)
      .map((event) => event['reason']);

  test('a pod gets the node, the condition and an event', async () => {
    await cluster.api.create(RESOURCES.pods, NS, podBody('plain'));
    await until(async () => {
      expect(await scheduled('plain')).toMatchObject({ nodeName: 'node-1', status: 'True' });
      expect(await reasons('plain')).toEqual(['Scheduled']);
    });
  });

  test('a pod that no node suits says so, and is assigned when one does', async () => {
    await cluster.api.create(RESOURCES.pods, NS, podBody('picky', { nodeSelector: { disk: 'ssd' } }));
    await until(async () => {
      expect(await scheduled('picky')).toEqual({ nodeName: undefined, status: 'False', reason: 'Unschedulable' });
      expect(await reasons('picky')).toEqual(['FailedScheduling']);
    });
    await cluster.api.patch(RESOURCES.nodes, { name: 'node-1' }, 'merge', { metadata: { labels: { disk: 'ssd' } } });
    await until(async () => expect(await scheduled('picky')).toMatchObject({ nodeName: 'node-1', status: 'True' }));
  });
});

test('a restart on the same store brings back what is missing', async () => {
  const store = createMemoryStore();
  const first = await startTestCluster(store);
  await first.api.create(RESOURCES.deployments, NS, deploymentBody('web', { replicas: 2 }));
  await until(async () => expect((await first.api.list(RESOURCES.pods)).items).toHaveLength(2));
  await first[Symbol.asyncDispose]();
  const second = await startTestCluster(store);
  const [lost] = (await second.api.list(RESOURCES.pods)).items;
  await second.api.delete(
    RESOURCES.pods,
    { namespace: NS, name: lost?.metadata.name ?? '' },
    { gracePeriodSeconds: 0 },
  );
  await until(async () => {
    const pods = (await second.api.list(RESOURCES.pods)).items;
    expect(pods).toHaveLength(2);
    expect(pods.map(({ metadata }) => metadata.uid)).not.toContain(lost?.metadata.uid);
  });
  await second[Symbol.asyncDispose]();
});
