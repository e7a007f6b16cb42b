// The checks of ../expectations.ts with the official JavaScript client. Arguments: the port that pod `server` listens on.
import { createServer, connect, type AddressInfo, type Server, type Socket } from 'node:net';
import { PassThrough } from 'node:stream';
import { text } from 'node:stream/consumers';
import { once } from 'node:events';
import {
  ApiextensionsV1Api,
  ApiException,
  AppsV1Api,
  CoreV1Api,
  CustomObjectsApi,
  Exec,
  KubeConfig,
  KubernetesObjectApi,
  makeInformer,
  PatchStrategy,
  PortForward,
  setHeaderOptions,
  Watch,
  type V1ConfigMap,
  type V1Status,
} from '@kubernetes/client-node';

const config = new KubeConfig();
config.loadFromDefault();
const core = config.makeApiClient(CoreV1Api);
const namespace = 'javascript';
const [serverPort = ''] = process.argv.slice(2);

const CHECKS: Readonly<Record<string, () => Promise<unknown>>> = {
  async 'a list in pages'() {
    for (let i = 0; i < 5; i += 1) await create(`page-${i}`, { list: 'pages' });
    const names: (string | undefined)[] = [];
    let pages = 0;
    let next: string | undefined;
    do {
      const page = await core.listNamespacedConfigMap({
        namespace,
        labelSelector: 'list=pages',
        limit: 2,
        ...(next === undefined ? {} : { _continue: next }),
      });
      names.push(...page.items.map(({ metadata }) => metadata?.name));
      next = page.metadata?._continue;
      pages += 1;
    } while (next !== undefined && next !== '');
    return { names, pages };
  },

  async 'what is refused'() {
    const { metadata } = await create('refused');
    await core.patchNamespacedConfigMap(
      { name: 'refused', namespace, body: { data: { a: 'b' } } },
      setHeaderOptions('Content-Type', PatchStrategy.MergePatch),
    );
    return {
      missing: await refusalOf(core.readNamespacedConfigMap({ name: 'nobody', namespace })),
      twice: await refusalOf(create('refused')),
      stale: await refusalOf(
        core.replaceNamespacedConfigMap({
          name: 'refused',
          namespace,
          body: { metadata: { name: 'refused', resourceVersion: metadata?.resourceVersion ?? '' } },
        }),
      ),
      invalid: await refusalOf(create('Not_A_Name')),
    };
  },

  async 'every kind of patch'() {
    await create('patched');
    const patch = (strategy: PatchStrategy, body: object) =>
      core.patchNamespacedConfigMap({ name: 'patched', namespace, body }, setHeaderOptions('Content-Type', strategy));
    await patch(PatchStrategy.MergePatch, { data: { merge: '1', gone: '1' } });
    await patch(PatchStrategy.StrategicMergePatch, { data: { strategic: '2', gone: null } });
    const { data } = await patch(PatchStrategy.JsonPatch, [{ op: 'add', path: '/data/json', value: '3' }]);
    return data;
  },

  async 'server-side apply'() {
    const apply = (fieldManager: string, data: Record<string, string>, force = false) =>
      core.patchNamespacedConfigMap(
        {
          name: 'applied',
          namespace,
          fieldManager,
          force,
          body: { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'applied' }, data },
        },
        setHeaderOptions('Content-Type', PatchStrategy.ServerSideApply),
      );
    await apply('one', { own: '1', shared: '1' });
    const refused = await refusalOf(apply('two', { shared: '2' }));
    const { data, metadata } = await apply('two', { shared: '2' }, true);
    return { refused, data, managers: metadata?.managedFields?.map(({ manager }) => manager) };
  },

  async 'a watch'() {
    const { metadata } = await core.listNamespacedConfigMap({ namespace });
    const events: string[] = [];
    const request = await new Watch(config).watch(
      `/api/v1/namespaces/${namespace}/configmaps`,
      { resourceVersion: metadata?.resourceVersion, fieldSelector: 'metadata.name=watched' },
      (phase: string, object: V1ConfigMap) => events.push(`${phase} ${object.metadata?.name}`),
      () => undefined,
    );
    await changeAndDelete('watched');
    await until(() => events.length >= 3);
    request.abort();
    return events;
  },

  async 'a watch from a revision that is gone'() {
    return new Promise((resolve, reject) => {
      new Watch(config)
        .watch(
          `/api/v1/namespaces/${namespace}/configmaps`,
          { resourceVersion: '1' },
          (phase: string, status: V1Status) => {
            if (phase === 'ERROR') resolve([status.code, status.reason]);
          },
          resolve,
        )
        .catch(reject);
    });
  },

  async 'an informer with a label selector'() {
    const events: string[] = [];
    const informer = makeInformer(
      config,
      `/api/v1/namespaces/${namespace}/configmaps`,
      () => core.listNamespacedConfigMap({ namespace, labelSelector: 'watch=me' }),
      'watch=me',
    );
    for (const verb of ['add', 'update', 'delete'] as const) {
      informer.on(verb, (object) => events.push(`${verb} ${object.metadata?.name}`));
    }
    await create('there-before', { watch: 'me' });
    await informer.start();
    await create('without-label');
    await create('with-label', { watch: 'me' });
    const relabel = (watch: string) =>
      core.patchNamespacedConfigMap(
        { name: 'with-label', namespace, body: { metadata: { labels: { watch } } } },
        setHeaderOptions('Content-Type', PatchStrategy.MergePatch),
      );
    await until(() => events.length >= 2);
    await relabel('not-me');
    await until(() => events.length >= 3);
    await relabel('me');
    await until(() => events.length >= 4);
    await core.deleteNamespacedConfigMap({ name: 'there-before', namespace });
    await until(() => events.length >= 5);
    await informer.stop();
    return events;
  },

  async 'an informer whose watch ends'() {
    await using relay = await startRelay();
    const path = `/api/v1/namespaces/${namespace}/configmaps`;
    const relayedCore = relay.config.makeApiClient(CoreV1Api);
    const events: string[] = [];
    const informer = makeInformer(relay.config, path, () => relayedCore.listNamespacedConfigMap({ namespace }));
    informer.on('add', ({ metadata }) => {
      if (metadata?.name?.startsWith('cut-') === true) events.push(`add ${metadata.name}`);
    });
    // As the client's own example does it: an error starts the informer again.
    informer.on('error', () => void informer.start());
    await informer.start();
    await create('cut-before');
    await until(() => events.length >= 1);
    relay.cut();
    await create('cut-after');
    await until(() => events.length >= 2);
    await informer.stop();
    return events;
  },

  async 'an informer whose revision is gone'() {
    let lists = 0;
    // The first list tells a revision that is long gone, as one from a late copy of the data would.
    const list = async () => {
      const answer = await core.listNamespacedConfigMap({ namespace, labelSelector: 'gone=yes' });
      lists += 1;
      if (lists === 1 && answer.metadata !== undefined) answer.metadata.resourceVersion = '1';
      return answer;
    };
    const events: string[] = [];
    const informer = makeInformer(config, `/api/v1/namespaces/${namespace}/configmaps`, list, 'gone=yes');
    informer.on('add', ({ metadata }) => events.push(`add ${metadata?.name}`));
    await create('gone-before', { gone: 'yes' });
    await informer.start();
    await until(() => lists >= 2);
    await create('gone-after', { gone: 'yes' });
    await until(() => events.length >= 2);
    await informer.stop();
    return events;
  },

  async 'a command in a container'() {
    const run = async (command: readonly string[], input?: string) => {
      const [stdout, stderr] = [new PassThrough(), new PassThrough()];
      const stdin = input === undefined ? null : new PassThrough();
      const texts = Promise.all([text(stdout), text(stderr)]);
      const status = new Promise<V1Status>((resolve, reject) => {
        new Exec(config)
          .exec('default', 'teller', 'app', [...command], stdout, stderr, stdin, false, resolve)
          .catch(reject);
      });
      if (input !== undefined) stdin?.end(input);
      const code = Number((await status).details?.causes?.[0]?.message ?? 0);
      stdout.end();
      stderr.end();
      const [out, err] = await texts;
      return { out, err, code };
    };
    return [
      await run(['sh', '-c', 'echo out; echo err >&2; exit 3']),
      await run(['head', '-c', '5'], 'hello, and more'),
    ];
  },

  async 'a log'() {
    return core.readNamespacedPodLog({ name: 'teller', namespace: 'default' });
  },

  async 'a forwarded port'() {
    const forward = new PortForward(config);
    const server = createServer((socket) => {
      void forward.portForward('default', 'server', [Number(serverPort)], socket, null, socket);
    });
    const port = await listen(server);
    const answer = await fetch(`http://127.0.0.1:${port}/index.html`);
    server.close();
    return answer.text();
  },

  async 'a custom resource'() {
    const group = `${namespace}.example.com`;
    await config.makeApiClient(ApiextensionsV1Api).createCustomResourceDefinition({
      body: {
        apiVersion: 'apiextensions.k8s.io/v1',
        kind: 'CustomResourceDefinition',
        metadata: { name: `widgets.${group}` },
        spec: {
          group,
          scope: 'Namespaced',
          names: { plural: 'widgets', singular: 'widget', kind: 'Widget' },
          versions: [
            {
              name: 'v1',
              served: true,
              storage: true,
              schema: {
                openAPIV3Schema: {
                  type: 'object',
                  properties: { spec: { type: 'object', properties: { size: { type: 'integer', minimum: 1 } } } },
                },
              },
            },
          ],
        },
      },
    });
    await untilEstablished(`widgets.${group}`);
    const objects = KubernetesObjectApi.makeApiClient(config);
    const widget = (size: number) => ({
      apiVersion: `${group}/v1`,
      kind: 'Widget',
      metadata: { name: `size-${size}`, namespace },
      spec: { size },
    });
    await objects.create(widget(2));
    const refused = await refusalOf(objects.create(widget(0)));
    const list = (await config
      .makeApiClient(CustomObjectsApi)
      .listNamespacedCustomObject({ group, version: 'v1', namespace, plural: 'widgets' })) as {
      readonly items: readonly { readonly spec: object }[];
    };
    return { specs: list.items.map(({ spec }) => spec), refused };
  },

  async 'scaling a deployment'() {
    const apps = config.makeApiClient(AppsV1Api);
    await apps.createNamespacedDeployment({
      namespace,
      body: {
        metadata: { name: 'scaled' },
        spec: {
          replicas: 0,
          selector: { matchLabels: { app: 'scaled' } },
          template: {
            metadata: { labels: { app: 'scaled' } },
            spec: { containers: [{ name: 'c', image: 'debian:12', command: ['sleep', 'infinity'] }] },
          },
        },
      },
    });
    const scale = await apps.readNamespacedDeploymentScale({ name: 'scaled', namespace });
    scale.spec = { replicas: 1 };
    await apps.replaceNamespacedDeploymentScale({
      name: 'scaled',
      namespace,
      body: scale,
    });
    return {
      selector: scale.status?.selector,
      replicas: (await apps.readNamespacedDeployment({ name: 'scaled', namespace })).spec?.replicas,
    };
  },

  async 'deleting a collection'() {
    await core.deleteCollectionNamespacedConfigMap({ namespace, labelSelector: 'list=pages' });
    return (await core.listNamespacedConfigMap({ namespace, labelSelector: 'list=pages' })).items;
  },
};

function create(name: string, labels: Record<string, string> = {}): Promise<V1ConfigMap> {
  return core.createNamespacedConfigMap({ namespace, body: { metadata: { name, labels } } });
}

async function changeAndDelete(name: string): Promise<void> {
  await create(name);
  await core.patchNamespacedConfigMap(
    { name, namespace, body: { data: { a: 'b' } } },
    setHeaderOptions('Content-Type', PatchStrategy.MergePatch),
  );
  await core.deleteNamespacedConfigMap({ name, namespace });
}

/** The code and reason of the Status that a call is refused with. */
async function refusalOf(call: Promise<unknown>): Promise<unknown> {
  try {
    return await call;
  } catch (error) {
    if (!(error instanceof ApiException)) throw error;
    const status = JSON.parse(String(error.body)) as V1Status;
    return [error.code, status.reason];
  }
}

async function untilEstablished(name: string): Promise<void> {
  const api = config.makeApiClient(ApiextensionsV1Api);
  for (;;) {
    const { status } = await api.readCustomResourceDefinition({ name });
    if (status?.conditions?.some((condition) => condition.type === 'Established' && condition.status === 'True'))
      return;
    await pause();
  }
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await pause();
}

async function deadline(timeoutMs: number): Promise<never> {
  await new Promise((resolve) => setTimeout(resolve, timeoutMs));
  throw new Error(`not after ${timeoutMs} ms`);
}

function pause(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 20));
}

async function listen(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

/** A way to the API server that can be cut, and a configuration that goes by it. */
async function startRelay() {
  const cluster = config.getCurrentCluster();
  if (cluster === null) throw new Error('the kubeconfig has no current cluster');
  const target = new URL(cluster.server);
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    const upstream = connect(Number(target.port), target.hostname);
    for (const each of [socket, upstream]) {
      sockets.add(each);
      each.on('close', () => sockets.delete(each));
      each.on('error', () => undefined);
    }
    socket.pipe(upstream).pipe(socket);
  });
  const port = await listen(server);
  const relayed = new KubeConfig();
  relayed.loadFromClusterAndUser(
    { ...cluster, server: `https://127.0.0.1:${port}` },
    config.getCurrentUser() ?? { name: 'nobody' },
  );
  const cut = () => {
    for (const socket of sockets) socket.destroy();
  };
  return {
    config: relayed,
    cut,
    [Symbol.asyncDispose]: async () => {
      cut();
      server.close();
      await once(server, 'close');
    },
  };
}

await core.createNamespace({ body: { metadata: { name: namespace } } });
for (const [check, run] of Object.entries(CHECKS)) {
  let outcome;
  try {
    outcome = { told: await Promise.race([run(), deadline(20_000)]) };
  } catch (error) {
    outcome = { failed: error instanceof Error ? (error.stack ?? error.message) : String(error) };
  }
  process.stdout.write(`${JSON.stringify({ check, ...outcome })}\n`);
}
process.exit(0);
