// `npm run bench:cluster [-- --version 1.34]`: what the driver costs on a real kubelet, for docs/performance.md. Pods are made
// in turn without and with the volume, so that whatever else the machine does meets both.
import { systemClock } from '#base';
import { startInstalledCluster } from './installed-cluster.ts';
import { DRIVER_NAMESPACE, driverLog, driverPods } from './scenarios/driver.ts';
import { classManifest, podManifest } from './scenarios/manifests.ts';
import { openStage } from './scenarios/stage.ts';
import { parseVersion } from './setup/programs.ts';
import { containerMemory, containerStartMs } from './support/container-figures.ts';

const NAMESPACE = 'figures';
const ROUNDS = 3;
const MIB = 1024 * 1024;

const version = parseVersion(process.env['KEYFERRY_KUBERNETES'] ?? '1.34');
await using cluster = await startInstalledCluster({ version, image: process.env['KEYFERRY_IMAGE'] ?? '' });
const stage = await openStage(cluster);
await stage.kubectl('create', 'namespace', NAMESPACE);
await stage.kubectl('create', 'serviceaccount', 'reader', '-n', NAMESPACE);
await stage.trust(NAMESPACE, 'reader');
await stage.setSecret('figures', 'a value of the figures');
await apply([classManifest(stage, 'figures', { secrets: ['figures'] })]);

const starts: number[] = [];
for (let round = 0; round < ROUNDS; round++) {
  await stage.kubectl('rollout', 'restart', 'daemonset/secrets-store-csi-driver', '-n', DRIVER_NAMESPACE);
  await stage.kubectl('rollout', 'status', 'daemonset/secrets-store-csi-driver', '-n', DRIVER_NAMESPACE);
  starts.push(await driverStartMs());
}
console.log(`from the start of the driver's process until kubelet has registered it: ${median(starts, 0)} ms`);

console.log(`${cluster.name}; medians of ${ROUNDS} rounds`);
console.log(
  '| pods at once | ready without the volume | ready with it | the driver then: working set, of that its processes |',
);
console.log('| --- | --- | --- | --- |');
console.log(`| none | | | ${await driverMemory()} |`);
for (const count of [20, 80]) {
  const without: number[] = [];
  const mounted: number[] = [];
  let memory = '';
  for (let round = 0; round < ROUNDS; round++) {
    without.push(await secondsUntilReady(count, []));
    await removePods();
    mounted.push(await secondsUntilReady(count, ['figures']));
    memory = await driverMemory();
    await removePods();
  }
  console.log(`| ${count} | ${median(without)} s | ${median(mounted)} s | ${memory} |`);
}

/** From the request that makes the pods until the last one is ready. */
async function secondsUntilReady(count: number, classes: readonly string[]): Promise<number> {
  const pods = Array.from({ length: count }, (_, index) => podManifest(stage, `p-${index}`, { classes }));
  const startMs = systemClock.monotonic();
  await apply(pods);
  await stage.kubectl('-n', NAMESPACE, 'wait', 'pod', '--all', '--for=condition=Ready', '--timeout=150s');
  return (systemClock.monotonic() - startMs) / 1000;
}

async function removePods(): Promise<void> {
  await stage.kubectl('-n', NAMESPACE, 'delete', 'pod', '--all', '--wait', '--timeout=150s');
}

async function apply(items: readonly object[]): Promise<void> {
  const list = JSON.stringify({ apiVersion: 'v1', kind: 'List', items });
  await stage.must(['kubectl', '-n', NAMESPACE, 'create', '-f', '-'], list);
}

async function driverContainer(): Promise<string> {
  const running = (await driverPods(stage)).find(({ metadata }) => metadata?.deletionTimestamp === undefined);
  return running?.status?.containerStatuses?.[0]?.containerID?.replace('containerd://', '') ?? '';
}

async function driverStartMs(): Promise<number> {
  const line = (await driverLog(stage)).split('\n').find((text) => text.includes('"Registered with kubelet"')) ?? '{}';
  return Date.parse((JSON.parse(line) as { readonly time: string }).time) - containerStartMs(await driverContainer());
}

async function driverMemory(): Promise<string> {
  const { workingSetBytes, anonymousBytes } = containerMemory(await driverContainer());
  return `${Math.round(workingSetBytes / MIB)} MiB, ${Math.round(anonymousBytes / MIB)} MiB`;
}

function median(values: readonly number[], digits = 1): string {
  const sorted = values.toSorted((a, b) => a - b);
  return (sorted[Math.floor(sorted.length / 2)] ?? NaN).toFixed(digits);
}
