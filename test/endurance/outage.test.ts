import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { RESOURCES, type Event, type Pod } from '#kube';
import type { FaultRequest } from '#lab/session';
import { SECRET_CLASS_RESOURCES } from '#secretclass';
import { podWithClass, secretProviderClass } from '../support/manifests.ts';
import { makeReader } from '../support/reader.ts';
import {
  eventually,
  makeCluster,
  podReady,
  startTestLab,
  type TestCluster,
  type TestLab,
} from '../support/test-lab.ts';

const VAULT = 'kv-outage';
const OUTAGE_MS = 600_000;
/** The lab's time goes on in steps as long as the driver's longest pause, so that it misses no try. */
const STEP_MS = 15_000;
/** Kubelet's longest pause between two mounts of a pod, and the driver's longest between two requests in an outage. */
const HEALS_WITHIN_MS = 122_000 + 15_000 + STEP_MS;
const STEADY = ['steady-1', 'steady-2', 'steady-3'] as const;

interface Outage {
  readonly what: string;
  readonly fault: FaultRequest;
  /** What the event of a pod that waits says. */
  readonly says: RegExp;
  /** How many requests the whole node may make to a service that is down, and why. */
  readonly requests: number;
}

// Azure's services are asked by one request a pause for all pods; a pause is 7.5 to 15 s once it has grown, and before that
// eight requests at once are the most. The API server is asked by two watches, some seventeen times each, and twice where a
// kept connection is reset; and for each mount of the new pod, whose class no pod of the node had before, and its event.
const ONE_A_PAUSE = OUTAGE_MS / 7_500 + 8 + 6;
const TWO_WATCHES_AND_MOUNTS = 2 * 2 * 17 + 2 * 16;

const OUTAGES: readonly Outage[] = [
  {
    what: 'Key Vault answers 503',
    fault: { host: `${VAULT}.vault.azure.net`, effect: { kind: 'status', status: 503 } },
    // Right after the request that was refused, or while the vault is left alone because of it.
    says: /kv-outage\.vault\.azure\.net(?:: | is left alone .*: )ServiceUnavailable: The service is currently unavailable/,
    requests: ONE_A_PAUSE,
  },
  {
    what: 'Entra ID hangs',
    fault: { host: 'login.microsoftonline.com', effect: { kind: 'hang' } },
    says: /getting a token for client .*no answer within 20000 ms/,
    requests: ONE_A_PAUSE,
  },
  {
    what: 'the API server resets connections',
    fault: { cluster: 'c', effect: { kind: 'reset' } },
    says: /failed to get secretproviderclass default\/new-2, error: .*does not answer/,
    requests: TWO_WATCHES_AND_MOUNTS,
  },
];

let lab: TestLab;
let cluster: TestCluster;

beforeAll(async () => {
  lab = await startTestLab();
  // Refreshes too ask while a service is down.
  cluster = await makeCluster(lab, '--enable-secret-rotation --rotation-poll-interval 1m');
  await lab.az(`az keyvault create -n ${VAULT} -g g`);
  await lab.az(`az keyvault secret set --vault-name ${VAULT} -n Fine --value v`);
  const { clientId } = await makeReader(lab, cluster, { vault: VAULT });
  const parameters = { clientId, tenantId: cluster.tenantId, vault: VAULT };
  for (const name of ['outage', ...OUTAGES.map((_outage, index) => `new-${index}`)]) {
    const spc = secretProviderClass({ name, ...parameters, secrets: ['Fine'] });
    await cluster.client.create(SECRET_CLASS_RESOURCES.classes, 'default', spc);
  }
  for (const name of STEADY) await cluster.client.create(RESOURCES.pods, 'default', watchingPod(name));
  for (const name of STEADY) await podReady(cluster.client, name);
}, 90_000);
afterAll(async () => {
  cluster?.[Symbol.dispose]();
  await lab?.[Symbol.asyncDispose]();
});

/** A pod that tells when its file is not what it was, looking all the time. */
function watchingPod(name: string) {
  const pod = podWithClass(name, 'reader', 'outage');
  const look = '[ "$(cat /mnt/secrets-store/Fine)" = v ] || echo the file is gone; sleep 0.1';
  const [container] = pod.spec.containers;
  Object.assign(container ?? {}, { command: ['/bin/sh', '-c', `while :; do ${look}; done`] });
  return pod;
}

/** A CronJob that makes one pod a minute, as nobody else can while the API server is away; the next one waits for the last. */
function cronJob(name: string, pod: ReturnType<typeof podWithClass>) {
  const template = {
    metadata: { labels: { ...pod.metadata.labels, outage: name } },
    spec: { ...pod.spec, restartPolicy: 'Never' },
  };
  return {
    apiVersion: 'batch/v1',
    kind: 'CronJob',
    metadata: { name },
    spec: { schedule: '* * * * *', concurrencyPolicy: 'Forbid', jobTemplate: { spec: { template } } },
  };
}

/** Lets the lab's time go on, step by step, until `done` or until `ms` are over; answers how long that was. */
async function pass(ms: number, done: () => Promise<boolean> = () => Promise.resolve(false)): Promise<number> {
  for (let passedMs = 0; passedMs < ms; passedMs += STEP_MS) {
    if (await done()) return passedMs;
    await lab.lab.control.clock.advance(STEP_MS);
  }
  return ms;
}

async function waitingPod(name: string): Promise<Pod> {
  const query = { namespace: 'default', labelSelector: `outage=${name}` };
  const { items } = await cluster.client.list<Pod>(RESOURCES.pods, query);
  const [pod] = items;
  if (pod === undefined) throw new Error(`no pod of ${name}`);
  return pod;
}

const isReady = ({ status }: Pod) =>
  status?.conditions?.some(({ type, status: is }) => type === 'Ready' && is === 'True') ?? false;

async function eventsOf(pod: Pod, reason: string): Promise<string[]> {
  const { items } = await cluster.client.list<Event>(RESOURCES.events, {
    namespace: 'default',
    fieldSelector: `involvedObject.name=${pod.metadata?.name ?? ''},reason=${reason}`,
  });
  return items.map(({ message = '' }) => message);
}

describe.each(OUTAGES)('ten minutes in which $what', ({ what, fault, says, requests }) => {
  it(`cost at most ${requests} requests, running pods keep their files, a new pod waits with a clear event, and all heals`, async () => {
    const name = `new-${OUTAGES.findIndex((each) => each.what === what)}`;
    const { faults } = lab.lab.control;
    await cluster.client.create(
      { group: 'batch', version: 'v1', resource: 'cronjobs' },
      'default',
      cronJob(name, podWithClass(name, 'reader', name)),
    );
    // What was proved before may still serve for the freshness window; then it is asked again.
    const { id } = await faults.add(fault);
    await pass(OUTAGE_MS);

    const [over] = await faults.clear([id]);
    const hits = over?.hits ?? 0;
    expect(hits).toBeGreaterThan(5);
    expect(hits).toBeLessThanOrEqual(requests);

    const pod = await waitingPod(name);
    expect(isReady(pod)).toBe(false);
    expect(await eventsOf(pod, 'FailedMount')).toContainEqual(expect.stringMatching(says));

    // A container is created as soon as its volumes are there.
    const mounted = async () => (await eventsOf(await waitingPod(name), 'Created')).length > 0;
    const healedMs = await pass(HEALS_WITHIN_MS, mounted);
    const healed = await eventually(`${name} is ready`, async () => {
      const seen = await waitingPod(name);
      return isReady(seen) ? { found: seen } : { seen: (await eventsOf(seen, 'FailedMount')).join('\n') };
    });
    expect(healed.status?.phase).toBe('Running');
    console.log(
      `${what}: ${hits} requests in ten minutes; the new pod had its files ${healedMs / 1000} s of the lab's time after`,
    );
    await cluster.client.delete(
      { group: 'batch', version: 'v1', resource: 'cronjobs' },
      { namespace: 'default', name },
    );

    for (const steady of STEADY) {
      const { status } = await cluster.client.get<Pod>(RESOURCES.pods, { namespace: 'default', name: steady });
      expect(status?.containerStatuses?.map(({ restartCount }) => restartCount)).toEqual([0]);
      let log = '';
      for await (const chunk of cluster.client.logs({ namespace: 'default', name: steady })) log += String(chunk);
      expect(log).toBe('');
    }
  }, 120_000);
});
