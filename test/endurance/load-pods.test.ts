import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { systemClock } from '#base';
import { RESOURCES, type Event, type Node, type Pod } from '#kube';
import { SECRET_CLASS_RESOURCES } from '#secretclass';
import { usageOf } from '../support/inspected-process.ts';
import { labProcesses, stillRunning } from '../support/lab-processes.ts';
import { podWithClass, secretProviderClass } from '../support/manifests.ts';
import { nodeProcessOf } from '../support/node-process.ts';
import { findKubelets, list, strayRecords, volumesOf } from '../support/node-volumes.ts';
import { makeReader } from '../support/reader.ts';
import { eventually, makeCluster, startTestLab, type TestCluster, type TestLab } from '../support/test-lab.ts';

// A lab into which two hundred pods come at once, each with a class of secrets, and go at once.

const PODS = 200;
const SECRETS = ['Alpha', 'Beta', 'Gamma'];
/** Each reads as itself; two of the classes are of one identity. */
const CLASSES = [
  { name: 'one', account: 'one' },
  { name: 'two', account: 'two' },
  { name: 'three', account: 'three' },
  { name: 'three-again', account: 'three' },
];
const LONGEST_MS = 240_000;
/** Requests of one client under way: kubectl sends fewer. */
const AT_ONCE = 20;

let lab: TestLab;
let cluster: TestCluster;
beforeAll(async () => {
  lab = await startTestLab();
  cluster = await makeCluster(lab);
  const { client, tenantId } = cluster;
  await lab.az('az keyvault create -n kv-pods -g g --enable-rbac-authorization false');
  for (const name of SECRETS) {
    await lab.az(`az keyvault secret set --vault-name kv-pods -n ${name} --value value-of-${name}`);
  }
  const clientIds = new Map<string, string>();
  for (const name of new Set(CLASSES.map(({ account }) => account))) {
    clientIds.set(name, (await makeReader(lab, cluster, { name, vault: 'kv-pods' })).clientId);
  }
  for (const { name, account } of CLASSES) {
    const clientId = clientIds.get(account) ?? '';
    await client.create(
      SECRET_CLASS_RESOURCES.classes,
      'default',
      secretProviderClass({ name, clientId, tenantId, vault: 'kv-pods', secrets: SECRETS }),
    );
  }
});
afterAll(async () => {
  cluster?.[Symbol.dispose]();
  await lab?.[Symbol.asyncDispose]();
});

const isReady = (pod: Pod) =>
  pod.status?.conditions?.some((one) => one.type === 'Ready' && one.status === 'True') === true;
const podList = async () => (await cluster.client.list<Pod>(RESOURCES.pods, { namespace: 'default' })).items;
/** What is slow here is the machine; how slow is in the output. */
const SLOW_MACHINE = { timeoutMs: LONGEST_MS };
const seconds = (sinceMs: number) => ((systemClock.monotonic() - sinceMs) / 1000).toFixed(1);

/** Does `work` for each item, {@link AT_ONCE} at a time. */
async function forEach<T>(items: readonly T[], work: (item: T) => Promise<unknown>): Promise<void> {
  const left = items.values();
  await Promise.all(
    Array.from({ length: AT_ONCE }, async () => {
      for (const item of left) await work(item);
    }),
  );
}

/** Asks for one small object again and again; answers how long the answers took. */
function startAsking(): { end(): Promise<string> } {
  const times: number[] = [];
  const ending = new AbortController();
  const loop = (async () => {
    while (!ending.signal.aborted) {
      const startMs = systemClock.monotonic();
      await cluster.client.get(RESOURCES.serviceaccounts, { namespace: 'default', name: 'one' }, SLOW_MACHINE);
      times.push(systemClock.monotonic() - startMs);
      await systemClock.sleep(50);
    }
  })();
  return {
    async end() {
      ending.abort();
      await loop;
      const sorted = times.toSorted((a, b) => a - b);
      const at = (share: number) => Math.round(sorted[Math.floor((sorted.length - 1) * share)] ?? 0);
      return `a get: p50 ${at(0.5)} ms, p90 ${at(0.9)} ms, p99 ${at(0.99)} ms, longest ${at(1)} ms`;
    },
  };
}

function usage(): string {
  const daemon = labProcesses(lab.folder.root)?.daemon ?? 0;
  const node = nodeProcessOf(lab.folder.root) ?? 0;
  const text = (pid: number) => `${usageOf(pid).residentMiB} MiB, ${usageOf(pid).cpuSeconds} s of CPU`;
  return `lab ${text(daemon)}; node process ${text(node)}`;
}

/** The folders of pods in the kubelet's. */
function podFolders(daemon: number): string[] {
  const root = `/proc/${daemon}/root`;
  return findKubelets(root).flatMap((kubelet) => list(join(root, kubelet, 'pods')));
}

describe(`${PODS} pods at once`, () => {
  it(
    'become ready with their files, on few requests to Azure, and leave nothing when they go',
    async () => {
      const { client } = cluster;
      const before = labProcesses(lab.folder.root);
      const daemon = before?.daemon ?? 0;
      const othersFolders = new Set(podFolders(daemon));
      const asked = (await lab.audit()).length;
      console.log(`before: ${usage()}`);
      const asking = startAsking();
      const startMs = systemClock.monotonic();
      const names = Array.from({ length: PODS }, (_, index) => `p${index}`);
      await Promise.all(
        names.map((name, index) => {
          const { name: className = '', account = '' } = CLASSES[index % CLASSES.length] ?? {};
          return client.create(RESOURCES.pods, 'default', podWithClass(name, account, className));
        }),
      );
      console.log(`${PODS} created in ${seconds(startMs)} s`);
      await eventually(
        'all pods are ready',
        async () => {
          const waiting = (await podList()).filter((pod) => !isReady(pod));
          return waiting.length === 0
            ? { found: true }
            : { seen: `${waiting.length} wait, as ${JSON.stringify(waiting[0]?.status)}` };
        },
        LONGEST_MS,
      );
      console.log(`${PODS} ready in ${seconds(startMs)} s; ${await asking.end()}`);
      console.log(`with ${PODS} pods: ${usage()}`);
      const volumes = volumesOf(daemon);
      expect(volumes).toHaveLength(PODS);
      for (const { file, mounts } of volumes) {
        expect([mounts, ...SECRETS.map(file)]).toEqual([1, ...SECRETS.map((name) => `value-of-${name}`)]);
      }
      const requests = (await lab.audit()).slice(asked);
      const count = (service: string) => requests.filter((record) => record.service === service).length;
      console.log(`requests: ${count('entra')} to Entra ID, ${count('keyvault')} to Key Vault`);
      // An exchange for each identity and a read of each secret by each, again when the window of 30 s is over; without
      // sharing there would be hundreds.
      expect(count('entra')).toBeLessThan(PODS / 2);
      expect(count('keyvault')).toBeLessThan(PODS / 2);

      const deletionMs = systemClock.monotonic();
      const askingAgain = startAsking();
      await forEach(names, (name) => client.delete(RESOURCES.pods, { namespace: 'default', name }, {}, SLOW_MACHINE));
      await eventually(
        'all pods are gone',
        async () => {
          const left = (await podList()).length;
          return left === 0 ? { found: true } : { seen: `${left} left` };
        },
        LONGEST_MS,
      );
      console.log(`${PODS} gone in ${seconds(deletionMs)} s; ${await askingAgain.end()}`);
      await eventually('nothing is left of them', async () => {
        const known = new Set(before?.all.map(({ pid }) => pid));
        const left = [
          ...volumesOf(daemon).map(({ path }) => path),
          ...podFolders(daemon).filter((folder) => !othersFolders.has(folder)),
          ...strayRecords(daemon, new Set()),
          ...stillRunning(labProcesses(lab.folder.root)?.all.filter(({ pid }) => !known.has(pid)) ?? []),
        ];
        return left.length === 0 ? { found: true } : { seen: left.join(', ') };
      });
      console.log(`after: ${usage()}`);
    },
    2 * LONGEST_MS,
  );

  it('are too many together with others: those beyond what the node takes wait, and say why', async () => {
    const { client } = cluster;
    const [node] = (await client.list<Node>(RESOURCES.nodes)).items;
    const most = Number(node?.status?.allocatable?.['pods']);
    expect(most).toBeGreaterThanOrEqual(PODS);
    const tooMany = 5;
    const present = (await client.list<Pod>(RESOURCES.pods, {})).items.length;
    const pods = Array.from({ length: most - present + tooMany }, (_, index) => ({
      apiVersion: 'v1',
      kind: 'Pod',
      // A name that nobody runs: the pod takes its place on the node and costs nothing.
      metadata: { name: `many-${index}`, namespace: 'default' },
      spec: {
        terminationGracePeriodSeconds: 0,
        containers: [{ name: 'app', image: 'ubuntu:20.04', command: ['/no/such/program'] }],
      },
    }));
    await forEach(pods, (pod) => client.create(RESOURCES.pods, 'default', pod, SLOW_MACHINE));
    const unscheduled = await eventually('all others have a node', async () => {
      const found = (await podList()).filter(({ spec }) => !spec?.nodeName);
      return found.length === tooMany ? { found } : { seen: `${found.length} have none` };
    });
    const name = unscheduled[0]?.metadata?.name ?? '';
    const event = await eventually('an event says why', async () => {
      const { items } = await client.list<Event>(RESOURCES.events, {
        namespace: 'default',
        fieldSelector: `involvedObject.name=${name}`,
      });
      const found = items.find(({ reason }) => reason === 'FailedScheduling');
      return found === undefined ? { seen: JSON.stringify(items) } : { found };
    });
    expect(event.message).toBe(
      '0/1 nodes are available: 1 Too many pods. no new claims to deallocate, preemption: 0/1 nodes are available: 1 No preemption victims found for incoming pod.',
    );
    // A place that becomes free is taken.
    const running = (await podList()).find(({ spec }) => spec?.nodeName);
    await client.delete(RESOURCES.pods, { namespace: 'default', name: running?.metadata?.name ?? '' });
    await eventually('one of those that wait has a node', async () => {
      const left = (await podList()).filter(({ spec }) => !spec?.nodeName).length;
      return left === tooMany - 1 ? { found: true } : { seen: `${left} wait` };
    });
  }, 120_000);
});
