// The node process in its image: the file tree of the image in a container of runc's, with a read-only root, beside the same
// process on the machine, by turns. run.ts starts this in namespaces of its own. The targets are those of the project.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { systemClock } from '#base';
import { startBenchCluster } from './cluster.ts';
import { prepareContainer } from './container.ts';
import { median, row, summarize } from './figures.ts';
import { startNode, type Launch, type NodeUnderTest } from './node-under-test.ts';
import { startStandInAzure } from './stand-in-azure.ts';

const root = process.argv[2] ?? '';
const RUNS = 9;
const MOUNTS = 100;

await using azure = await startStandInAzure();
await using cluster = await startBenchCluster();
await cluster.addClass('one', ['S0']);
const container = prepareContainer(root);

let nodes = 0;
function start(launch?: Launch): Promise<NodeUnderTest> {
  nodes += 1;
  const folder = join(root, `node-${nodes}`);
  mkdirSync(folder);
  return startNode(folder, { azure, cluster, ...(launch === undefined ? {} : { launch }) });
}

const inside: number[] = [];
const insideCpu: number[] = [];
const outside: number[] = [];
const outsideCpu: number[] = [];
for (let run = 0; run < RUNS; run += 1) {
  {
    await using node = await start(container.launch);
    inside.push(node.startMs);
    insideCpu.push(node.cpuMs());
  }
  await using node = await start();
  outside.push(node.startMs);
  outsideCpu.push(node.cpuMs());
}
row('start in the container until it answers, runc included', summarize(inside), 'p50 below 500 ms');
row('  on the machine', summarize(outside));
row(
  '  processor time of the process: in the container, outside',
  `${median(insideCpu).toFixed(0)}, ${median(outsideCpu).toFixed(0)} ms`,
);
row('  times as long', (median(inside) / median(outside)).toFixed(2));

await using node = await start(container.launch);
const idle = container.memoryMib();
for (let index = 0; index < MOUNTS; index += 1) {
  await node.publish(await cluster.publishRequest(node.kubelet, index, 'one', 'bench'));
}
await systemClock.sleep(2000);
const mounted = container.memoryMib();
row('memory of its cgroup, idle: working set, all', `${idle.workingSet.toFixed(0)}, ${idle.usage.toFixed(0)} MiB`);
row(`  with ${MOUNTS} mounts`, `${mounted.workingSet.toFixed(0)}, ${mounted.usage.toFixed(0)} MiB`);
row('  resident', `${node.memoryMib().toFixed(0)} MiB`, 'at most 95 MiB');
