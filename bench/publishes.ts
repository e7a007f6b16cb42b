// NodePublishVolume and NodeUnpublishVolume by direct gRPC: the production node process, the lab's API server, and an Azure
// that answers at once. run.ts starts this in namespaces of its own. The targets are those of the project.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { systemClock } from '#base';
import type { NodePublishVolumeRequest } from '../src/gen/csi/v1/csi.ts';
import { startBenchCluster } from './cluster.ts';
import { row, summarize } from './figures.ts';
import { startNode, type NodeUnderTest } from './node-under-test.ts';
import { startStandInAzure } from './stand-in-azure.ts';

const root = process.argv[2] ?? '';
const AT_ONCE = 16;
const UNPUBLISHES = 2000;

await using azure = await startStandInAzure();
await using cluster = await startBenchCluster();
const TEN = Array.from({ length: 10 }, (_, index) => `S${index}`);
await cluster.addClass('one', TEN.slice(0, 1));
await cluster.addClass('ten', TEN);

let nodes = 0;
let volumes = 0;

function freshNode(flags: readonly string[] = []): Promise<NodeUnderTest> {
  nodes += 1;
  const folder = join(root, `node-${nodes}`);
  mkdirSync(folder);
  return startNode(folder, { azure, cluster, flags });
}

function request(node: NodeUnderTest, className: string, serviceAccount = 'bench'): Promise<NodePublishVolumeRequest> {
  volumes += 1;
  return cluster.publishRequest(node.kubelet, volumes, className, serviceAccount);
}

async function requests(node: NodeUnderTest, className: string, count: number): Promise<NodePublishVolumeRequest[]> {
  const made: NodePublishVolumeRequest[] = [];
  for (let index = 0; index < count; index += 1) made.push(await request(node, className));
  return made;
}

/** Runs `work` for each item, so many at once, and answers their times and the time of all together. */
async function timesOf<T>(
  items: readonly T[],
  atOnce: number,
  work: (item: T) => Promise<number>,
): Promise<{ readonly times: number[]; readonly totalMs: number }> {
  const times: number[] = [];
  const left = items.values();
  const startedMs = systemClock.monotonic();
  await Promise.all(
    Array.from({ length: atOnce }, async () => {
      for (const item of left) times.push(await work(item));
    }),
  );
  return { times, totalMs: systemClock.monotonic() - startedMs };
}

/** A process that has just started, and one that is warm. */
async function firstAndWarm(): Promise<void> {
  const first: number[] = [];
  const starts: number[] = [];
  for (let run = 0; run < 5; run += 1) {
    await using node = await freshNode();
    starts.push(node.startMs);
    first.push(await node.publish(await request(node, 'one')));
  }
  row('start of the node process until it answers', summarize(starts));
  row('first publish after the start', summarize(first), 'p50 at most 60 ms');

  await using node = await freshNode();
  const idleMib = node.memoryMib();
  await timesOf(await requests(node, 'one', 50), 1, node.publish);
  cluster.forget();
  const warm = await requests(node, 'one', 200);
  const cpuBeforeMs = node.cpuMs();
  const { times } = await timesOf(warm, 1, node.publish);
  row('publish, warm broker, 200 in sequence', summarize(times), 'p50 at most 6 ms');
  row('  processor time of the node process for each', `${((node.cpuMs() - cpuBeforeMs) / 200).toFixed(1)} ms`);
  await systemClock.sleep(1000);
  row('  requests to the API server for them', countByVerb(cluster.requests), 'none before the answer');
  row('unpublish, 200 in sequence', summarize((await timesOf(warm, 1, node.unpublish)).times));
  const ten = await requests(node, 'ten', 50);
  row('publish of ten secrets, warm broker', summarize((await timesOf(ten, 1, node.publish)).times));
  const together = await timesOf(await requests(node, 'one', 200), AT_ONCE, node.publish);
  row(`publish, 200 at ${AT_ONCE} at once`, summarize(together.times), 'p50 at most 100 ms');
  const many = await timesOf(await requests(node, 'one', 1500), AT_ONCE, node.publish);
  row('publishes a second, 1,500 of them', (1500 / (many.totalMs / 1000)).toFixed(0), 'at least 150');
  row('resident memory: idle, after 2,000 publishes', `${idleMib.toFixed(0)}, ${node.memoryMib().toFixed(0)} MiB`);
}

async function coldBroker(): Promise<void> {
  await using node = await freshNode(['--freshness-window=0']);
  await timesOf(await requests(node, 'one', 50), 1, node.publish);
  const { times } = await timesOf(await requests(node, 'one', 100), 1, node.publish);
  row('publish, cold broker (each proves itself)', summarize(times));
}

async function sharing(): Promise<void> {
  await using node = await freshNode();
  azure.forget();
  await timesOf(await requests(node, 'one', 100), AT_ONCE, node.publish);
  const { entra, keyvault } = azure.requests;
  row('100 pods, one identity, one secret: requests to Azure', String(entra + keyvault), 'at most 4');
  await systemClock.sleep(2000);
  row('resident memory with 100 mounts', `${node.memoryMib().toFixed(0)} MiB`, 'at most 95 MiB');
}

async function slowAzure(): Promise<void> {
  await using node = await freshNode(['--freshness-window=0']);
  await node.publish(await request(node, 'one'));
  azure.delayMs = 20;
  const { times } = await timesOf(await requests(node, 'ten', 20), 1, node.publish);
  azure.delayMs = 0;
  row('ten secrets, 20 ms added to each answer of Azure, cold', summarize(times), 'p50 at most 90 ms');
}

/** Pods that share an identity, refreshed with no call of a kubelet's. */
async function refreshes(): Promise<void> {
  const seconds = 6;
  const intervals = 4;
  await using node = await freshNode(['--enable-secret-rotation', `--rotation-poll-interval=${seconds}s`]);
  await timesOf(await requests(node, 'ten', 20), AT_ONCE, node.publish);
  await systemClock.sleep(seconds * 1000);
  azure.forget();
  cluster.forget();
  await systemClock.sleep(seconds * intervals * 1000);
  const { entra, keyvault } = azure.requests;
  const each = (count: number) => (count / intervals).toFixed(1);
  const name = '20 pods of one identity, ten secrets: requests in an interval';
  row(name, `${each(entra)} to Entra ID, ${each(keyvault)} to Key Vault`, '1 and 10');
  row('  and to the API server', countByVerb(cluster.requests));
}

async function unpublishes(): Promise<void> {
  await using node = await freshNode();
  const made = await requests(node, 'one', UNPUBLISHES);
  await timesOf(made, AT_ONCE, node.publish);
  let failed = 0;
  const { times } = await timesOf(made, AT_ONCE, (one) =>
    node.unpublish(one).catch(() => {
      failed += 1;
      return 0;
    }),
  );
  row(`unpublish, ${UNPUBLISHES} at ${AT_ONCE} at once`, summarize(times));
  row('  failed, for example with "target is busy"', String(failed), 'none');
}

function countByVerb(all: readonly string[]): string {
  const counts = new Map<string, number>();
  for (const line of all) {
    const [method = '', path = ''] = line.split(' ');
    const kind = /\/(secretproviderclass\w*|events|jwks|secrets)(?:[/?]|$)/.exec(path)?.[1] ?? path;
    counts.set(`${method} ${kind}`, (counts.get(`${method} ${kind}`) ?? 0) + 1);
  }
  return [...counts].map(([what, count]) => `${count} ${what}`).join(', ') || 'none';
}

await firstAndWarm();
await coldBroker();
await sharing();
await slowAzure();
await refreshes();
await unpublishes();
