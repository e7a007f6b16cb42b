import { request as httpsRequest } from 'node:https';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { silentLog, systemClock, systemRandom } from '#base';
import {
  createKubeClient,
  loadKubeconfig,
  parseManifests,
  RESOURCES,
  startInformer,
  type Informer,
  type KubeClient,
  type KubeObject,
  type KubeObjectList,
  type ResourceRef,
} from '#kube';
import { packageRoot } from '#lab/session';
import { openJournalStore, type Store } from '#lab/store';
import { SECRET_CLASS_RESOURCES } from '#secretclass';
import type { ApiServer } from '../../src/lab/cluster/apiserver/index.ts';
import { startTestApiServer } from '../integration/support/api-server.ts';
import { eventually } from '../support/test-lab.ts';

// The API server alone, over a journal that is made short again and again: five thousand objects of three kinds, clients
// over its socket.

const NAMESPACE = 'default';
const AT_ONCE = 16;

/** What there is of each kind; the sizes are those of pods with a class. */
const KINDS: readonly {
  readonly resource: ResourceRef;
  readonly count: number;
  readonly body: (name: string) => object;
}[] = [
  {
    resource: RESOURCES.configmaps,
    count: 2000,
    body: (name) => ({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name }, data: { text: 'x'.repeat(200) } }),
  },
  {
    resource: RESOURCES.secrets,
    count: 1500,
    body: (name) => ({ apiVersion: 'v1', kind: 'Secret', metadata: { name }, stringData: { text: 'not one' } }),
  },
  {
    resource: SECRET_CLASS_RESOURCES.podStatuses,
    count: 1500,
    body: (name) => ({
      apiVersion: 'secrets-store.csi.x-k8s.io/v1',
      kind: 'SecretProviderClassPodStatus',
      metadata: { name },
      status: {
        podName: name,
        secretProviderClassName: 'class',
        mounted: true,
        targetPath: `/var/lib/kubelet/pods/${name}/mount`,
        objects: [{ id: 'secret/a', version: '1' }],
      },
    }),
  },
];
const ALL = KINDS.reduce((sum, { count }) => sum + count, 0);

let folder: string;
let store: Store;
let server: ApiServer;
let client: KubeClient & Disposable;

async function start(): Promise<void> {
  store = openJournalStore({ folder, slackLines: 500, clock: systemClock });
  server = await startTestApiServer({ store });
  const kubeconfig = join(folder, 'kubeconfig');
  const groups = ['system:masters'];
  writeFileSync(kubeconfig, await server.issueKubeconfig({ user: 'admin', groups, clusterName: 'lab' }), {
    mode: 0o600,
  });
  client = createKubeClient({ config: loadKubeconfig(kubeconfig, systemClock), clock: systemClock });
}

async function stop(): Promise<void> {
  client?.[Symbol.dispose]();
  await server?.[Symbol.asyncDispose]();
  await store?.[Symbol.asyncDispose]();
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'keyferry-watch-'));
  await start();
  const installed = parseManifests(readFileSync(join(packageRoot(), 'deploy/keyferry.yaml'), 'utf8'));
  for (const definition of installed.filter(({ kind }) => kind === 'CustomResourceDefinition')) {
    const definitions = { group: 'apiextensions.k8s.io', version: 'v1', resource: 'customresourcedefinitions' };
    await client.create(definitions, undefined, definition);
  }
});
afterAll(async () => {
  await stop();
  rmSync(folder, { recursive: true, force: true });
});

/** Does `work` for each item, {@link AT_ONCE} at a time. */
async function forEach<T>(items: readonly T[], work: (item: T) => Promise<unknown>): Promise<void> {
  const left = items.values();
  await Promise.all(
    Array.from({ length: AT_ONCE }, async () => {
      for (const item of left) await work(item);
    }),
  );
}

const namesOf = (count: number) => Array.from({ length: count }, (_, index) => `n${String(index).padStart(4, '0')}`);
const OBJECTS = KINDS.flatMap(({ resource, count, body }) => namesOf(count).map((name) => ({ resource, name, body })));

const create = () => forEach(OBJECTS, ({ resource, name, body }) => client.create(resource, NAMESPACE, body(name)));
const label = (value: string) =>
  forEach(OBJECTS, ({ resource, name }) =>
    client.patch(
      resource,
      { namespace: NAMESPACE, name },
      {
        type: 'merge',
        body: { metadata: { labels: { round: value } } },
      },
    ),
  );
const remove = () => forEach(OBJECTS, ({ resource, name }) => client.delete(resource, { namespace: NAMESPACE, name }));

async function page(resource: ResourceRef, query: Readonly<Record<string, string>>): Promise<KubeObjectList> {
  const base = resource.group === '' ? '/api/v1' : `/apis/${resource.group}/${resource.version}`;
  const text = new URLSearchParams(query).toString();
  return client.getPath<KubeObjectList>(`${base}/namespaces/${NAMESPACE}/${resource.resource}?${text}`);
}

/** All pages; `between` is done after each. */
async function pages(resource: ResourceRef, limit: number, between: (count: number) => Promise<unknown>) {
  const lists: KubeObjectList[] = [];
  for (let next: string | undefined = ''; next !== undefined;) {
    const list: KubeObjectList = await page(resource, {
      limit: String(limit),
      ...(next === '' ? {} : { continue: next }),
    });
    lists.push(list);
    next = list.metadata.continue;
    if (next !== undefined) await between(lists.length);
  }
  return lists;
}

/** What a watcher saw, by the object's name, and whether the versions only rose. */
interface Seen {
  readonly steps: Map<string, string[]>;
  inOrder: boolean;
  count: number;
}

function noted(): Seen & { note(type: string, object: KubeObject): void } {
  let last = 0;
  const seen = {
    steps: new Map<string, string[]>(),
    inOrder: true,
    count: 0,
    note(type: string, object: KubeObject) {
      const { name = '', resourceVersion } = object.metadata;
      if (!/^n\d{4}$/.test(name)) return;
      seen.inOrder &&= Number(resourceVersion) > last;
      last = Number(resourceVersion);
      seen.count += 1;
      seen.steps.set(name, [...(seen.steps.get(name) ?? []), type.toLowerCase()]);
    },
  };
  return seen;
}

const seconds = (sinceMs: number) => ((systemClock.monotonic() - sinceMs) / 1000).toFixed(1);
const mib = () => Math.round(process.memoryUsage().rss / 2 ** 20);

describe(`${ALL} objects`, () => {
  it('are told to twelve watchers, each change once and in order, from creation to deletion', async () => {
    const ending = new AbortController();
    const watchers: { readonly count: number; readonly seen: Seen }[] = [];
    const informers: Informer[] = [];
    const following: Promise<void>[] = [];
    for (const { resource, count } of KINDS) {
      const { resourceVersion } = (await page(resource, { limit: '1' })).metadata;
      for (let index = 0; index < 3; index += 1) {
        const seen = noted();
        watchers.push({ count, seen });
        following.push(
          (async () => {
            const query = { namespace: NAMESPACE, resourceVersion, signal: ending.signal };
            for await (const { type, object } of client.watch(resource, query)) {
              if (type !== 'BOOKMARK') seen.note(type, object);
            }
          })(),
        );
      }
      const informer = startInformer({
        client,
        resource,
        query: { namespace: NAMESPACE },
        clock: systemClock,
        random: systemRandom,
        log: silentLog,
      });
      informers.push(informer);
      await informer.ready;
      const seen = noted();
      watchers.push({ count, seen });
      informer.onChange(({ type, object }) => seen.note(type, object));
    }

    const startMs = systemClock.monotonic();
    for (const step of [create, () => label('one'), remove]) await step();
    console.log(`${3 * ALL} changes in ${seconds(startMs)} s, ${mib()} MiB in one process`);
    await eventually('every watcher has seen every change', async () => {
      const behind = watchers.filter(({ count, seen }) => seen.count < 3 * count);
      return behind.length === 0 ? { found: true } : { seen: behind.map(({ seen }) => seen.count).join(', ') };
    });
    ending.abort();
    await Promise.all(following);
    for (const informer of informers) await informer[Symbol.asyncDispose]();

    for (const { count, seen } of watchers) {
      expect(seen.count).toBe(3 * count);
      expect(seen.inOrder).toBe(true);
      expect([...seen.steps.keys()].toSorted()).toEqual(namesOf(count));
      const lives = new Set([...seen.steps.values()].map((steps) => steps.join()));
      expect([...lives]).toEqual(['added,modified,deleted']);
    }
    const lines = readFileSync(join(folder, 'journal.jsonl'), 'utf8').split('\n').length;
    expect(lines, 'the journal was made short on the way').toBeLessThan(3 * ALL);
  });

  it('are listed by pages of one moment while they change, and are there after a restart', async () => {
    await create();
    const { resource, count } = KINDS[0] as (typeof KINDS)[number];
    let newcomers = 0;
    const lists = await pages(resource, 500, async () => {
      newcomers += 1;
      await client.create(resource, NAMESPACE, KINDS[0]?.body(`a-newcomer-${newcomers}`));
      await client.delete(resource, { namespace: NAMESPACE, name: `n000${newcomers}` });
      await client.delete(resource, { namespace: NAMESPACE, name: `n199${newcomers}` });
    });
    const listed = lists.flatMap(({ items }) => items.map(({ metadata }) => metadata.name ?? ''));
    expect(listed.filter((name) => name.startsWith('n'))).toEqual(namesOf(count));
    expect(listed.filter((name) => name.startsWith('a-newcomer'))).toEqual([]);
    expect(new Set(lists.map(({ metadata }) => metadata.resourceVersion)).size).toBe(1);

    await stop();
    const startMs = systemClock.monotonic();
    await start();
    console.log(`the API server starts with ${ALL} objects in ${seconds(startMs)} s`);
    for (const kind of KINDS) {
      const { items } = await client.list(kind.resource, { namespace: NAMESPACE });
      const gone = kind.resource === resource ? 2 * newcomers : 0;
      expect(items.filter(({ metadata }) => metadata.name?.startsWith('n'))).toHaveLength(kind.count - gone);
    }
  });

  it('answer 410 to a watch and to a page of a time that is forgotten, and the page tells how to go on', async () => {
    const { resource } = KINDS[1] as (typeof KINDS)[number];
    const first = await page(resource, { limit: '10' });
    for (let value = 0; value < 3500; value += 1) {
      const body = { metadata: { labels: { value: String(value) } } };
      await server.access.patch(resource, { namespace: NAMESPACE, name: 'n0000' }, 'merge', body);
    }
    const signal = new AbortController().signal;
    const watch = client.watch(resource, { resourceVersion: first.metadata.resourceVersion, signal });
    await expect(watch[Symbol.asyncIterator]().next()).rejects.toMatchObject({ upstreamCode: 'Expired' });
    await expect(page(resource, { limit: '10', continue: first.metadata.continue ?? '' })).rejects.toMatchObject({
      upstreamCode: 'Expired',
    });
  });

  it('do not pile up for a watcher that does not read: it is cut, and what it has read is whole', async () => {
    const { resource } = KINDS[0] as (typeof KINDS)[number];
    const { resourceVersion } = (await page(resource, { limit: '1' })).metadata;
    const config = loadKubeconfig(join(folder, 'kubeconfig'), systemClock);
    const stalled = await new Promise<NodeJS.ReadableStream & AsyncIterable<Buffer>>((resolve, reject) => {
      const asked = httpsRequest(
        `${server.url}/api/v1/namespaces/${NAMESPACE}/configmaps?watch=true&resourceVersion=${resourceVersion}`,
        { ca: config.ca, cert: config.clientCertificate, key: config.clientKey?.expose(), agent: false },
        resolve,
      );
      asked.on('error', reject);
      asked.end();
    });
    stalled.pause();
    const changes = 14_000;
    const object = (await client.get(resource, { namespace: NAMESPACE, name: 'n0100' })) as KubeObject & {
      data: object;
    };
    const { resourceVersion: _old, ...metadata } = object.metadata;
    const large = { ...object, metadata, data: { text: 'x'.repeat(4096) } };
    const startMs = systemClock.monotonic();
    for (let round = 0; round < changes; round += 1) {
      await server.access.update(
        resource,
        { namespace: NAMESPACE, name: 'n0100' },
        {
          ...large,
          data: { ...large.data, round: String(round) },
        },
      );
      // In-process writes leave no room for sockets by themselves.
      if (round % 50 === 0) await client.getPath('/version');
    }
    console.log(`${changes} changes beside a watcher that does not read: ${seconds(startMs)} s, ${mib()} MiB`);
    const rounds: number[] = [];
    let text = '';
    for await (const chunk of stalled) {
      const lines = (text + chunk.toString('utf8')).split('\n');
      text = lines.pop() ?? '';
      for (const line of lines)
        rounds.push(Number((JSON.parse(line) as { object: { data: { round: string } } }).object.data.round));
    }
    expect(text).toBe('');
    expect(rounds).toEqual([...rounds.keys()]);
    expect(rounds.length).toBeGreaterThan(0);
    expect(rounds.length).toBeLessThan(changes - 10_000);
  });
});
