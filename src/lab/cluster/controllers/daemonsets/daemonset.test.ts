import { describe, expect, test } from 'vitest';
import type { DaemonSet } from 'kubernetes-types/apps/v1.js';
import type { KubeObject, Pod } from '#kube';
import { RESOURCES } from '../../resources.ts';
import { startTestCluster } from '../testing/start-test-cluster.ts';
import { useTestCluster } from '../testing/use-test-cluster.ts';

const cluster = useTestCluster();

const template = (image: string, spec: object = {}) => ({
  metadata: { labels: { app: 'agent' } },
  spec: { containers: [{ name: 'c', image }], ...spec },
});
const start = (spec: object = {}) =>
  cluster.create(RESOURCES.daemonSets, {
    apiVersion: 'apps/v1',
    kind: 'DaemonSet',
    metadata: { name: 'agent' },
    spec: { selector: { matchLabels: { app: 'agent' } }, template: template('i:1'), ...spec },
  });
const read = () => cluster.get<DaemonSet>(RESOURCES.daemonSets, 'agent');
const merge = (spec: object) => cluster.merge(RESOURCES.daemonSets, 'agent', { spec });
const images = async () => (await cluster.list<Pod>(RESOURCES.pods)).map(({ spec }) => spec?.containers[0]?.image);
const settled = () =>
  cluster.until(async () => {
    const { status, metadata } = await read();
    const one = { desiredNumberScheduled: 1, updatedNumberScheduled: 1, numberAvailable: 1, numberReady: 1 };
    expect(status).toMatchObject({ ...one, observedGeneration: metadata.generation });
  });
const changeNode = (body: object) => cluster.now().api.patch(RESOURCES.nodes, { name: 'node-1' }, 'merge', body);

describe('a DaemonSet', () => {
  test('has one pod on the node, which bears what happens to nodes', async () => {
    await start();
    await settled();
    const [pod] = await cluster.list<Pod>(RESOURCES.pods);
    expect(pod?.metadata.name).toMatch(/^agent-[a-z0-9]{5}$/);
    expect(pod?.spec?.nodeName).toBe('node-1');
    expect(pod?.spec?.tolerations).toContainEqual({
      key: 'node.kubernetes.io/unschedulable',
      operator: 'Exists',
      effect: 'NoSchedule',
    });
    expect((await read()).status).toEqual({
      currentNumberScheduled: 1,
      desiredNumberScheduled: 1,
      numberMisscheduled: 0,
      numberReady: 1,
      updatedNumberScheduled: 1,
      numberAvailable: 1,
      observedGeneration: 1,
    });
  });

  test('runs on a cordoned node', async () => {
    await changeNode({ spec: { unschedulable: true } });
    await start();
    await settled();
    expect(await images()).toEqual(['i:1']);
  });

  test('runs where its selector holds, and nowhere else', async () => {
    await start({ template: template('i:1', { nodeSelector: { role: 'edge' } }) });
    await cluster.until(async () => expect((await read()).status).toMatchObject({ desiredNumberScheduled: 0 }));
    expect(await images()).toEqual([]);
    await changeNode({ metadata: { labels: { role: 'edge' } } });
    await settled();
    await changeNode({ metadata: { labels: { role: null } } });
    await cluster.until(async () => expect(await images()).toEqual([]));
  });

  test('whose pod is refused has none in its status', async () => {
    // One of its own: its controller complains, as it should.
    await using refusing = await startTestCluster();
    const containers = [{ name: 'c', image: 'i:1' }];
    await refusing.api.create(RESOURCES.daemonSets, 'default', {
      apiVersion: 'apps/v1',
      kind: 'DaemonSet',
      metadata: { name: 'agent' },
      spec: {
        selector: { matchLabels: { app: 'agent' } },
        template: { metadata: { labels: { app: 'agent' } }, spec: { containers, serviceAccountName: 'gone' } },
      },
    });
    await cluster.until(async () => {
      const { status } = await refusing.api.get<DaemonSet & KubeObject>(RESOURCES.daemonSets, {
        namespace: 'default',
        name: 'agent',
      });
      expect(status).toMatchObject({ desiredNumberScheduled: 1, currentNumberScheduled: 0, numberUnavailable: 1 });
    });
  });

  test('is not started on a node with a taint that it does not tolerate, but goes on running there', async () => {
    const taint = { key: 'gpu', value: 'yes', effect: 'NoSchedule' };
    await start();
    await settled();
    await changeNode({ spec: { taints: [taint] } });
    await cluster.until(async () =>
      expect((await read()).status).toMatchObject({ desiredNumberScheduled: 0, numberMisscheduled: 1 }),
    );
    expect(await images()).toHaveLength(1);
    await changeNode({ spec: { taints: [{ ...taint, effect: 'NoExecute' }] } });
    await cluster.until(async () => expect(await images()).toEqual([]));
  });

  test('replaces its pod for a new template, and keeps the revisions that it had', async () => {
    await start();
    await settled();
    await merge({ template: template('i:2') });
    await settled();
    expect(await images()).toEqual(['i:2']);
    await merge({ template: template('i:1') });
    await settled();
    const revisions = await cluster.list<{ revision: number }>(RESOURCES.controllerRevisions);
    expect(new Set(revisions.map(({ revision }) => revision))).toEqual(new Set([2, 3]));
  });

  test('with surge starts the new pod first and keeps the old one until it is ready', async () => {
    await start({ updateStrategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } } });
    await settled();
    cluster.now().kubelet.keepUnready('agent-');
    await merge({ template: template('i:2') });
    await cluster.until(async () => expect(new Set(await images())).toEqual(new Set(['i:1', 'i:2'])));
  });

  test('with OnDelete waits until somebody deletes the old pod', async () => {
    await start({ updateStrategy: { type: 'OnDelete' } });
    await settled();
    await merge({ template: template('i:2') });
    await cluster.until(async () => expect((await read()).status?.updatedNumberScheduled ?? 0).toBe(0));
    expect(await images()).toEqual(['i:1']);
    const [name = ''] = await cluster.names(RESOURCES.pods);
    await cluster.now().api.delete(RESOURCES.pods, { namespace: 'default', name });
    await settled();
    expect(await images()).toEqual(['i:2']);
  });

  test('replaces a pod that failed', async () => {
    await start();
    await settled();
    const [name = ''] = await cluster.names(RESOURCES.pods);
    await cluster.now().kubelet.end({ namespace: 'default', name }, 1);
    await cluster.until(async () => expect(await cluster.names(RESOURCES.pods)).not.toContain(name));
    await settled();
    expect(await cluster.eventsOf('FailedDaemonPod')).toEqual([
      `Found failed daemon pod default/${name} on node node-1, will try to kill it`,
    ]);
  });

  test.each(['Background', 'Foreground'] as const)('is deleted with its pods (%s)', async (propagationPolicy) => {
    await start();
    await settled();
    const key = { namespace: 'default', name: 'agent' };
    await cluster.now().api.delete(RESOURCES.daemonSets, key, { propagationPolicy });
    await cluster.gone(RESOURCES.daemonSets, 'agent');
    await cluster.until(async () => expect(await images()).toEqual([]));
  });
});
