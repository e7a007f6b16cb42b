// Refreshing without kubelet: the lab's CSIDriver asks for no republishing, so whatever reaches a pod is the driver's own
// doing. The interval is a day, so it is not that either, unless a test says so.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { RESOURCES, type ResourceRef } from '#kube';
import { SECRET_CLASS_RESOURCES } from '#secretclass';
import { startCsiNode, type CsiNode } from '../support/csi-node.ts';
import { killNodeProcess, nodeProcessOf } from '../support/node-process.ts';
import { daemonOf, nextRegistration, registrationOf } from '../support/node-volumes.ts';
import { podWithClass, secretProviderClass } from '../support/manifests.ts';
import { makeReader } from '../support/reader.ts';
import {
  eventually,
  makeCluster,
  podReady,
  startTestLab,
  warnings,
  type TestCluster,
  type TestLab,
} from '../support/test-lab.ts';

const VAULT = 'kv-refresh';
const HOUR_MS = 3_600_000;
const AUDIENCE = 'api://AzureADTokenExchange';
const REFRESH = 'secrets-store.csi.k8s.io/refresh';
const INTERVAL = 'secrets-store.csi.k8s.io/rotation-poll-interval';
const CSI_DRIVERS = { group: 'storage.k8s.io', version: 'v1', resource: 'csidrivers' } as const;
const { classes: CLASSES } = SECRET_CLASS_RESOURCES;

let lab: TestLab;
let cluster: TestCluster;
let clientId: string;

beforeAll(async () => {
  lab = await startTestLab();
  cluster = await makeCluster(lab, '--enable-secret-rotation --rotation-poll-interval 24h');
  await patch(CSI_DRIVERS, { name: 'secrets-store.csi.k8s.io' }, { spec: { requiresRepublish: false } });
  await lab.az(`az keyvault create -n ${VAULT} -g g`);
  await setSecret('Password', 'first');
  await setSecret('Other', 'other');
  ({ clientId } = await makeReader(lab, cluster, { vault: VAULT }));
  await createClass('reader', ['Password']);
  await cluster.client.create(RESOURCES.pods, 'default', podWithClass('app', 'reader', 'reader'));
  await podReady(cluster.client, 'app');
}, 60_000);
afterAll(async () => {
  cluster?.[Symbol.dispose]();
  await lab?.[Symbol.asyncDispose]();
});

const patch = (
  resource: ResourceRef,
  { namespace, name }: { readonly namespace?: string; readonly name: string },
  body: unknown,
) => cluster.client.patch(resource, { namespace, name }, { type: 'merge', body });
const annotate = (resource: ResourceRef, name: string, annotations: Record<string, string>) =>
  patch(resource, { namespace: 'default', name }, { metadata: { annotations } });
const setSecret = (name: string, value: string) =>
  lab.az(`az keyvault secret set --vault-name ${VAULT} -n ${name} --value ${value}`);
const classOf = (name: string, secrets: readonly string[]) =>
  secretProviderClass({ name, clientId, tenantId: cluster.tenantId, vault: VAULT, secrets });
const createClass = (name: string, secrets: readonly string[]) =>
  cluster.client.create(CLASSES, 'default', classOf(name, secrets));

const hasFile = (pod: string, file: string, wanted: string) =>
  eventually(`${pod} has ${wanted} in ${file}`, async () => {
    let seen = '';
    const onStdout = (chunk: Buffer) => {
      seen += chunk.toString('utf8');
    };
    const command = ['cat', `/mnt/secrets-store/${file}`];
    await cluster.client.exec({ namespace: 'default', name: pod }, { command, onStdout, onStderr: () => undefined });
    return seen === wanted ? { found: seen } : { seen };
  });

// Before the lab's clock is moved, which this process does not follow.
describe('fifty volumes that share an identity', () => {
  const VOLUMES = 50;
  let node: CsiNode;

  beforeAll(async () => {
    await createClass('shared', ['Password', 'Other']);
    node = await startCsiNode({ ...lab.env }, ['--enable-secret-rotation', '--rotation-poll-interval=4s']);
  }, 60_000);
  afterAll(async () => {
    await node?.[Symbol.asyncDispose]();
  });

  it('make one exchange and one read an object at each check', async () => {
    const account = { namespace: 'default', name: 'reader' };
    const token = await cluster.client.createToken(account, { audiences: [AUDIENCE] });
    const request = { className: 'shared', serviceAccount: 'reader', tokens: { [AUDIENCE]: token } };
    await Promise.all(Array.from({ length: VOLUMES }, () => node.publish(node.volume(), request)));
    const checks = () => node.output().split('"msg":"Volume is up to date"').length - 1;
    const first = (await lab.audit()).length;
    await eventually('two checks of each volume', async () =>
      checks() >= 2 * VOLUMES ? { found: true } : { seen: `${checks()} checks` },
    );
    const rounds = Math.ceil(checks() / VOLUMES);
    const asked = (await lab.audit()).slice(first);
    const count = (operation: string) => asked.filter((record) => record.operation === operation).length;
    expect({ tokens: count('TokenIssue'), reads: count('SecretGet') }).toEqual({ tokens: rounds, reads: 2 * rounds });
  }, 60_000);
});

describe('a secret that changes in the vault', () => {
  it.each([
    ['class', CLASSES, 'reader'],
    ['pod', RESOURCES.pods, 'app'],
  ] as const)(
    'reaches a running pod when somebody annotates the %s, within the freshness window too',
    async (what, resource, name) => {
      await setSecret('Password', `by-${what}`);
      await annotate(resource, name, { [REFRESH]: `${what}-1` });
      await hasFile('app', 'Password', `by-${what}`);
      await setSecret('Password', `again-by-${what}`);
      await annotate(resource, name, { [REFRESH]: `${what}-2` });
      await hasFile('app', 'Password', `again-by-${what}`);
      expect(await warnings(cluster.client, 'app')).toEqual([]);
    },
  );
});

describe('an edit of a class', () => {
  it('reaches a running pod: another object is another file', async () => {
    const { spec } = classOf('reader', ['Password', 'Other']);
    await patch(CLASSES, { namespace: 'default', name: 'reader' }, { spec });
    expect(await hasFile('app', 'Other', 'other')).toBe('other');
  });
});

describe("a class's own interval", () => {
  it('counts in place of the flag, for running pods too', async () => {
    await annotate(CLASSES, 'reader', { [INTERVAL]: '10m' });
    await setSecret('Password', 'by-interval');
    // The driver may hear of the annotation after the clock has moved, so a second interval may be needed.
    const seen = await eventually('the class counts', async () => {
      await lab.lab.control.clock.advance(11 * 60_000);
      const found = await hasFile('app', 'Password', 'by-interval').catch(String);
      return found === 'by-interval' ? { found } : { seen: found };
    });
    expect(seen).toBe('by-interval');
    await annotate(CLASSES, 'reader', { [INTERVAL]: '24h' });
  });
});

describe('with kubelet publishing again', () => {
  beforeAll(async () => {
    await patch(CSI_DRIVERS, { name: 'secrets-store.csi.k8s.io' }, { spec: { requiresRepublish: true } });
    await cluster.client.create(RESOURCES.pods, 'default', podWithClass('later', 'reader', 'reader'));
    await podReady(cluster.client, 'later');
  }, 60_000);

  it('a token that has expired is not used: the refresh waits for the next one, and nothing fails', async () => {
    await lab.lab.control.clock.advance(2 * HOUR_MS);
    await setSecret('Password', 'with-new-token');
    await annotate(CLASSES, 'reader', { [REFRESH]: 'with-new-token' });
    await hasFile('later', 'Password', 'with-new-token');
    expect(await warnings(cluster.client, 'later')).toEqual([]);
    // No publish ever brings this one a new token: it keeps what it has.
    await hasFile('app', 'Password', 'by-interval');
    expect(await warnings(cluster.client, 'app')).toEqual([]);
  });

  it('a driver that starts again asks the vault for nothing that is not due', async () => {
    const before = await vaultReads();
    await restartNode();
    await lab.lab.control.clock.advance(90_000);
    await createClass('second', ['Other']);
    await cluster.client.create(RESOURCES.pods, 'default', podWithClass('second', 'reader', 'second'));
    await podReady(cluster.client, 'second');
    expect((await vaultReads()) - before).toBe(1); // the new pod's
  });
});

const vaultReads = async () => (await lab.audit()).filter(({ operation }) => operation === 'SecretGet').length;

/** Kills the node process and waits for the next one to serve. */
const restartNode = async () => {
  const daemon = await daemonOf(lab.folder.root);
  const before = registrationOf(daemon);
  await killNodeProcess(cluster.client, nodeProcessOf(lab.folder.root) ?? Number.NaN);
  await nextRegistration(daemon, before);
};
