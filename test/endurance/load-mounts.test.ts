import { afterAll, beforeAll, expect, it } from 'vitest';
import { systemClock } from '#base';
import { SECRET_CLASS_RESOURCES } from '#secretclass';
import { startCsiNode, type CsiNode } from '../support/csi-node.ts';
import type { PublishRequest } from '../support/csi-volume.ts';
import { slope, type Holdings } from '../support/inspected-process.ts';
import { secretProviderClass } from '../support/manifests.ts';
import { makeReader } from '../support/reader.ts';
import { makeCluster, startTestLab, type TestCluster, type TestLab } from '../support/test-lab.ts';

// The production node process, volumes mounted and unmounted over its CSI socket, real tmpfs mounts. Ten thousand take
// some minutes, nearly all of it the start of mount(8) and umount(8): KEYFERRY_MOUNTS=1000 asks for fewer.

const MOUNTS = Number(process.env['KEYFERRY_MOUNTS'] ?? 10_000);
const AT_ONCE = 8;
const SAMPLES = 5;
const AUDIENCE = 'api://AzureADTokenExchange';
const IDENTITIES = ['one', 'two', 'three'];
const SECRETS = ['Alpha', 'Beta'];
/**
 * What may stay of a mount, bytes, as the slope over the samples after the first, in which code gets warm. What the collector
 * leaves for later makes some noise, which counts less the more mounts there are; the record of a volume, forgotten in
 * memory, is over 700 bytes.
 */
const MOST_BYTES_A_MOUNT = 1_500_000 / MOUNTS;

let lab: TestLab;
let cluster: TestCluster;
let node: CsiNode;
beforeAll(async () => {
  lab = await startTestLab();
  cluster = await makeCluster(lab);
  await lab.az('az keyvault create -n kv-mounts -g g --enable-rbac-authorization false');
  for (const name of SECRETS) {
    await lab.az(`az keyvault secret set --vault-name kv-mounts -n ${name} --value value-of-${name}`);
  }
  for (const name of IDENTITIES) await makeIdentity(name);
  node = await startCsiNode({ ...lab.env });
});
afterAll(async () => {
  await node?.[Symbol.asyncDispose]();
  cluster?.[Symbol.dispose]();
  await lab?.[Symbol.asyncDispose]();
});

async function makeIdentity(name: string): Promise<void> {
  const { client, tenantId } = cluster;
  const { clientId } = await makeReader(lab, cluster, { name, vault: 'kv-mounts' });
  await client.create(
    SECRET_CLASS_RESOURCES.classes,
    'default',
    secretProviderClass({ name, clientId, tenantId, vault: 'kv-mounts', secrets: SECRETS }),
  );
}

/** As kubelet's: each pod has a token of its own. */
async function requestFor(name: string): Promise<PublishRequest> {
  const token = await cluster.client.createToken({ namespace: 'default', name }, { audiences: [AUDIENCE] });
  return { className: name, serviceAccount: name, tokens: { [AUDIENCE]: token } };
}

async function mountAndUnmount(request: PublishRequest): Promise<void> {
  const volume = node.volume();
  await node.publish(volume, request);
  const missing = SECRETS.filter((name) => node.file(volume, name) !== `value-of-${name}`);
  if (missing.length > 0) throw new Error(`${volume.podName} is published without ${missing.join(', ')}`);
  await node.unpublish(volume);
}

/** Mounts and unmounts `count` volumes, {@link AT_ONCE} at a time. */
async function mountMany(count: number): Promise<void> {
  const requests = await Promise.all(
    Array.from({ length: 4 * IDENTITIES.length }, (_, index) =>
      requestFor(IDENTITIES[index % IDENTITIES.length] ?? ''),
    ),
  );
  let left = count;
  await Promise.all(
    Array.from({ length: AT_ONCE }, async () => {
      while (left > 0) {
        left -= 1;
        await mountAndUnmount(requests[left % requests.length] as PublishRequest);
      }
    }),
  );
}

it(`holds no more after ${MOUNTS} mounts and unmounts than after the first fifth of them`, async () => {
  const samples: (Holdings & { readonly x: number })[] = [];
  const series: number[] = [];
  const startMs = systemClock.monotonic();
  for (let round = 1; round <= SAMPLES; round += 1) {
    await mountMany(MOUNTS / SAMPLES);
    const sample = { x: (MOUNTS / SAMPLES) * round, ...(await node.inspector.measure()) };
    samples.push(sample);
    series.push((await node.metrics()).split('\n').filter((line) => line !== '' && !line.startsWith('#')).length);
    console.log(renderSample(sample), `${series.at(-1)} series, ${seconds(startMs)} s`);
  }
  const bytesAMount = slope(
    samples.slice(1).map(({ x, heapBytes, externalBytes }) => ({ x, value: heapBytes + externalBytes })),
  );
  console.log(`${bytesAMount.toFixed(1)} bytes a mount`);

  expect(node.mounts()).toEqual([]);
  expect(node.records()).toEqual([]);
  expect(bytesAMount).toBeLessThan(MOST_BYTES_A_MOUNT);
  const [first, last] = [samples[0], samples.at(-1)];
  for (const what of ['files', 'timers', 'sockets', 'listeners'] as const) {
    expect(last?.[what], what).toBeLessThanOrEqual((first?.[what] ?? 0) + AT_ONCE);
  }
  expect(series.at(-1), 'metrics').toBeLessThanOrEqual((series[0] ?? 0) + 10);
  expect(node.output()).not.toContain('MaxListenersExceededWarning');
}, 1_200_000);

function renderSample({ x, heapBytes, externalBytes, residentBytes, ...counts }: Holdings & { readonly x: number }) {
  const mib = (bytes: number) => `${(bytes / 2 ** 20).toFixed(2)} MiB`;
  const rest = Object.entries(counts).map(([name, count]) => `${count} ${name}`);
  return `${x} mounts: heap ${mib(heapBytes)}, external ${mib(externalBytes)}, resident ${mib(residentBytes)}, ${rest.join(', ')};`;
}

function seconds(sinceMs: number): string {
  return ((systemClock.monotonic() - sinceMs) / 1000).toFixed(1);
}
