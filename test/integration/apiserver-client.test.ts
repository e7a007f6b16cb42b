import {
  AppsV1Api,
  AuthorizationV1Api,
  CoreV1Api,
  Exec,
  KubeConfig,
  PatchStrategy,
  setHeaderOptions,
  VersionApi,
  Watch,
  type V1Pod,
  type V1Status,
} from '@kubernetes/client-node';
import { once, type EventEmitter } from 'node:events';
import { PassThrough } from 'node:stream';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { ApiServer } from '../../src/lab/cluster/apiserver/index.ts';
import { startTestApiServer } from './support/api-server.ts';

// The API server alone, used by the official JavaScript client.

let server: ApiServer;
let config: KubeConfig;
let core: CoreV1Api;

beforeAll(async () => {
  server = await startTestApiServer();
  config = new KubeConfig();
  config.loadFromString(
    await server.issueKubeconfig({ user: 'admin', groups: ['system:masters'], clusterName: 'lab' }),
  );
  core = config.makeApiClient(CoreV1Api);
});
afterAll(() => server?.[Symbol.asyncDispose]());

const namespace = 'default';

test('creates, reads, lists, patches and deletes', async () => {
  const created = await core.createNamespacedConfigMap({
    namespace,
    body: { metadata: { name: 'm' }, data: { a: '1' } },
  });
  expect(created.metadata?.creationTimestamp).toBeInstanceOf(Date);
  const patched = await core.patchNamespacedConfigMap(
    { name: 'm', namespace, body: { data: { b: '2' } } },
    setHeaderOptions('Content-Type', PatchStrategy.StrategicMergePatch),
  );
  expect(patched.data).toEqual({ a: '1', b: '2' });
  expect((await core.listNamespacedConfigMap({ namespace, fieldSelector: 'metadata.name=m' })).items).toHaveLength(1);
  const stale = { metadata: { name: 'm', resourceVersion: created.metadata?.resourceVersion ?? '' } };
  await expect(core.replaceNamespacedConfigMap({ name: 'm', namespace, body: stale })).rejects.toMatchObject({
    code: 409,
  });
  await core.deleteNamespacedConfigMap({ name: 'm', namespace });
  await expect(core.readNamespacedConfigMap({ name: 'm', namespace })).rejects.toMatchObject({ code: 404 });
});

test('applies on the server', async () => {
  const apps = config.makeApiClient(AppsV1Api);
  const body = {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'd' },
    spec: {
      selector: { matchLabels: { app: 'd' } },
      template: { metadata: { labels: { app: 'd' } }, spec: { containers: [{ name: 'c', image: 'nginx' }] } },
    },
  };
  const asApply = setHeaderOptions('Content-Type', PatchStrategy.ServerSideApply);
  const applied = await apps.patchNamespacedDeployment({ name: 'd', namespace, body, fieldManager: 'test' }, asApply);
  expect(applied.spec?.replicas).toBe(1);
  const scale = await apps.readNamespacedDeploymentScale({ name: 'd', namespace });
  expect(scale.spec?.replicas).toBe(1);
});

test('watches', async () => {
  const events: string[] = [];
  const request = await new Watch(config).watch(
    `/api/v1/namespaces/${namespace}/secrets`,
    {},
    (phase: string, object: { metadata: { name: string } }) => events.push(`${phase} ${object.metadata.name}`),
    () => undefined,
  );
  await core.createNamespacedSecret({ namespace, body: { metadata: { name: 's' }, stringData: { a: 'b' } } });
  await core.deleteNamespacedSecret({ name: 's', namespace });
  await expect.poll(() => events).toEqual(['ADDED s', 'DELETED s']);
  request.abort();
});

test('issues tokens, reviews access, and says its version', async () => {
  const token = await core.createNamespacedServiceAccountToken({
    name: 'default',
    namespace,
    body: {
      apiVersion: 'authentication.k8s.io/v1',
      kind: 'TokenRequest',
      spec: { audiences: ['x'], expirationSeconds: 600 },
    },
  });
  expect(token.status?.token.split('.')).toHaveLength(3);
  const review = await config.makeApiClient(AuthorizationV1Api).createSelfSubjectAccessReview({
    body: { spec: { resourceAttributes: { verb: 'get', resource: 'pods', namespace } } },
  });
  expect(review.status?.allowed).toBe(true);
  expect((await config.makeApiClient(VersionApi).getCode()).gitVersion).toMatch(/^v1\.\d+\.\d+$/);
});

test('runs a command in a container', async () => {
  const body: V1Pod = { metadata: { name: 'p' }, spec: { nodeName: 'n', containers: [{ name: 'c', image: 'nginx' }] } };
  await core.createNamespacedPod({ namespace, body });
  const output = new PassThrough();
  const text = output.toArray().then((chunks) => Buffer.concat(chunks as Buffer[]).toString('utf8'));
  const status = await new Promise<V1Status>((resolve, reject) => {
    new Exec(config)
      .exec(namespace, 'p', 'c', ['sh', '-c', 'echo hello; exit 7'], output, null, null, false, resolve)
      .catch(reject);
  });
  output.end();
  expect(await text).toBe('hello\n');
  expect(status).toMatchObject({
    status: 'Failure',
    reason: 'NonZeroExitCode',
    details: { causes: [{ message: '7' }] },
  });
});

test('stops while a watch and a command are under way', async () => {
  const stopped = await startTestApiServer();
  const own = new KubeConfig();
  own.loadFromString(await stopped.issueKubeconfig({ user: 'admin', groups: ['system:masters'], clusterName: 'lab' }));
  const body: V1Pod = { metadata: { name: 'p' }, spec: { nodeName: 'n', containers: [{ name: 'c', image: 'nginx' }] } };
  await own.makeApiClient(CoreV1Api).createNamespacedPod({ namespace, body });
  const watchEnded = new Promise((resolve) => {
    new Watch(own).watch('/api/v1/pods', {}, () => undefined, resolve).catch(() => undefined);
  });
  const output = new PassThrough();
  const socket = await new Exec(own).exec(
    namespace,
    'p',
    'c',
    ['sh', '-c', 'echo on; exec sleep 60'],
    output,
    null,
    null,
    false,
  );
  await once(output, 'data');
  const socketClosed = once(socket as unknown as EventEmitter, 'close');
  await stopped[Symbol.asyncDispose]();
  await expect(Promise.all([watchEnded, socketClosed])).resolves.toBeDefined();
});

test('is refused without credentials and with a token that nobody issued', async () => {
  const stranger = new KubeConfig();
  const cluster = config.getCurrentCluster();
  if (cluster === null) throw new Error('the kubeconfig has no cluster');
  stranger.loadFromClusterAndUser(cluster, { name: 'nobody' });
  await expect(stranger.makeApiClient(CoreV1Api).listNamespace()).rejects.toMatchObject({
    code: 403,
    body: expect.stringContaining('User \\"system:anonymous\\" cannot list resource \\"namespaces\\"') as unknown,
  });
  stranger.loadFromClusterAndUser(cluster, { name: 'nobody', token: 'a.b.c' });
  await expect(stranger.makeApiClient(CoreV1Api).listNamespace()).rejects.toMatchObject({ code: 401 });
});
