// The production node process under a hostile operator: killed, restarted, asked to rotate, and searched for what it
// must not tell. One lab for all of it, at the highest verbosity; the last test searches what the others left.
import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { RESOURCES, type Event, type Pod, type SecretObject } from '#kube';
import { podWithClass, secretProviderClass } from '../support/manifests.ts';
import { killNodeProcess, nodeLogOf, nodeProcessOf, readProcessFile } from '../support/node-process.ts';
import { makeReader } from '../support/reader.ts';
import {
  eventually,
  makeCluster,
  podReady,
  startTestLab,
  type TestCluster,
  type TestLab,
} from '../support/test-lab.ts';

const GROUP = { group: 'secrets-store.csi.x-k8s.io', version: 'v1' } as const;
const CLASSES = { ...GROUP, resource: 'secretproviderclasses' } as const;
const POD_STATUSES = { ...GROUP, resource: 'secretproviderclasspodstatuses' } as const;
const VAULT = 'kv-node-process';
const VALUES = { first: 'Wq7-the-first-value?', second: 'Wq7-the-second-value?', other: 'Wq7-the-other-value?' };

let lab: TestLab;
let cluster: TestCluster;

beforeAll(async () => {
  // The lab takes its level from the environment; vitest gives each test file a process of its own.
  process.env['KEYFERRY_LOG_LEVEL'] = 'debug';
  lab = await startTestLab();
  cluster = await makeCluster(lab, '--enable-secret-rotation --rotation-poll-interval 1s');
  await lab.az(`az keyvault create -n ${VAULT} -g g`);
  await lab.az(`az keyvault secret set --vault-name ${VAULT} -n Password --value ${VALUES.first}`);
  await lab.az(`az keyvault secret set --vault-name ${VAULT} -n Other --value ${VALUES.other}`);
  const { clientId } = await makeReader(lab, cluster, { vault: VAULT });
  await cluster.client.create(RESOURCES.serviceaccounts, 'default', {
    apiVersion: 'v1',
    kind: 'ServiceAccount',
    metadata: { name: 'stranger' },
  });
  const shared = { clientId, tenantId: cluster.tenantId, vault: VAULT };
  const secretObjects = [{ secretName: 'synced', type: 'Opaque', data: [{ objectName: 'Password', key: 'password' }] }];
  for (const spc of [
    secretProviderClass({ ...shared, name: 'reader', secrets: ['Password', 'Other'], secretObjects }),
    secretProviderClass({ ...shared, name: 'missing', secrets: ['Password', 'Nowhere'] }),
  ]) {
    await cluster.client.create(CLASSES, 'default', spc);
  }
}, 60_000);
afterAll(async () => {
  cluster?.[Symbol.dispose]();
  await lab?.[Symbol.asyncDispose]();
});

const createPod = (name: string, serviceAccount = 'reader', className = 'reader') =>
  cluster.client.create<Pod>(RESOURCES.pods, 'default', podWithClass(name, serviceAccount, className));

/** Kills the node process as the kernel's out-of-memory killer does, once there is one that is not `but`. */
const killNode = (but?: number) =>
  eventually('a node process to kill', async () => {
    const pid = nodeProcessOf(lab.folder.root);
    if (pid === undefined || pid === but) return { seen: String(pid) };
    await killNodeProcess(cluster.client, pid);
    return { found: pid };
  });

const fileIn = async (pod: string, file: string): Promise<string> => {
  let text = '';
  await cluster.client.exec(
    { namespace: 'default', name: pod },
    {
      command: ['cat', `/mnt/secrets-store/${file}`],
      onStdout: (chunk) => {
        text += chunk.toString('utf8');
      },
    },
  );
  return text;
};

const syncedPassword = async () => {
  const { data } = await cluster.client.get<SecretObject>(RESOURCES.secrets, { namespace: 'default', name: 'synced' });
  return Buffer.from(data?.['password'] ?? '', 'base64').toString();
};

const eventsOf = async (pod: string, reason: string) => {
  const fieldSelector = `involvedObject.name=${pod},reason=${reason}`;
  return (await cluster.client.list<Event>(RESOURCES.events, { namespace: 'default', fieldSelector })).items;
};

describe('a node process that is killed', () => {
  it('while it publishes for many pods leaves none without its files', async () => {
    const names = Array.from({ length: 8 }, (_, index) => `many-${index}`);
    const created = Promise.all(names.map((name) => createPod(name)));
    await killNode(await killNode());
    await created;
    for (const name of names) await podReady(cluster.client, name);
    for (const name of names) {
      expect([await fileIn(name, 'Password'), await fileIn(name, 'Other')]).toEqual([VALUES.first, VALUES.other]);
    }
    expect(await syncedPassword()).toBe(VALUES.first);
  }, 90_000);

  it('before a pod is deleted leaves neither the pod nor its mount', async () => {
    const pod = await createPod('short-lived');
    await podReady(cluster.client, 'short-lived');
    const killed = await killNode();
    await cluster.client.delete(RESOURCES.pods, { namespace: 'default', name: 'short-lived' });
    await eventually('the pod is gone', async () => {
      const { items } = await cluster.client.list(RESOURCES.pods, {
        namespace: 'default',
        fieldSelector: 'metadata.name=short-lived',
      });
      return items.length === 0 ? { found: true } : { seen: JSON.stringify(items[0]?.['status']) };
    });
    const mounts = await eventually('its mount is gone', async () => {
      const pid = nodeProcessOf(lab.folder.root);
      const found = pid === undefined || pid === killed ? '' : readProcessFile(pid, 'mountinfo');
      return found !== '' && !found.includes(pod.metadata?.uid ?? '-') ? { found } : { seen: found };
    });
    expect(mounts).toContain('kubernetes.io~csi'); // those of the other pods
  }, 60_000);
});

describe('a secret that changes in the vault', () => {
  // Kubelet publishes a running pod's volume again after 60 to 85 s.
  it('reaches the file, the Secret and the pod status, and the pod is told once', async () => {
    await createPod('rotating');
    await podReady(cluster.client, 'rotating');
    await lab.az(`az keyvault secret set --vault-name ${VAULT} -n Password --value ${VALUES.second}`);
    await lab.lab.control.clock.advance(85_000);
    await eventually('the event of the rotation', async () => {
      const found = await eventsOf('rotating', 'MountRotationComplete');
      return found.length > 0 ? { found } : { seen: await fileIn('rotating', 'Password') };
    });
    expect(await fileIn('rotating', 'Password')).toBe(VALUES.second);
    expect(await fileIn('rotating', 'Other')).toBe(VALUES.other);
    // The other pods of the class write it too, each after its own refresh.
    await expect.poll(syncedPassword).toBe(VALUES.second);
    expect((await eventsOf('rotating', 'MountRotationComplete')).map(({ count }) => count)).toEqual([1]);
    expect(await eventsOf('rotating', 'MountRotationFailed')).toEqual([]);
  }, 60_000);
});

describe('what can be read of a node process', () => {
  it('holds no secret value and no token: logs, events, statuses, metrics, arguments, environment, state', async () => {
    await createPod('refused', 'stranger');
    await createPod('lost', 'reader', 'missing');
    for (const name of ['refused', 'lost']) {
      await eventually(`${name} is refused`, async () => {
        const found = await eventsOf(name, 'FailedMount');
        return found.length > 0 ? { found } : { seen: 'no event' };
      });
    }
    const pid = await eventually('the node process', async () => {
      const found = nodeProcessOf(lab.folder.root);
      return found === undefined ? { seen: 'none' } : { found };
    });
    const texts = new Map<string, string>([
      ['arguments', readProcessFile(pid, 'cmdline')],
      ['environment', readProcessFile(pid, 'environ')],
      ['audit', JSON.stringify(await lab.audit())],
      ['records', readRecords(pid)],
    ]);
    for (const resource of [RESOURCES.events, RESOURCES.pods, CLASSES, POD_STATUSES]) {
      texts.set(resource.resource, JSON.stringify((await cluster.client.list(resource)).items));
    }
    const secrets = (await cluster.client.list(RESOURCES.secrets)).items;
    texts.set('secrets but for their data', JSON.stringify(secrets.map(({ data: _data, ...rest }) => rest)));
    for (const path of filesBelow(lab.folder.root)) {
      texts.set(relative(lab.folder.root, path), readFileSync(path, 'utf8'));
    }
    const nodeLog = nodeLogOf(lab.folder.clusters);
    texts.set('metrics', await metricsOf(nodeLog));

    // The search looks where there is something to find.
    expect(nodeLog).toContain('"level":20');
    expect(texts.get('lab.log')).toContain('"level":20');
    expect(texts.get('metrics')).toContain('node_publish_total');
    expect(texts.get('records')).toContain('secret/Password');
    expect(texts.get('audit')).toContain('SecretGet');
    expect(texts.get('secretproviderclasspodstatuses')).toContain('secret/Password');
    expect(texts.get('secrets but for their data')).toContain('f:password');
    const found = [...texts].flatMap(([name, text]) => traitorsIn(name, text));
    expect(found).toEqual([]);
  }, 60_000);
});

/** The names of values and tokens that a text holds, in any of the usual encodings. */
function traitorsIn(name: string, text: string): string[] {
  const forms = Object.entries(VALUES).flatMap(([value, plain]) => {
    const bytes = Buffer.from(plain);
    // Of base64 all but the end, which depends on what follows.
    return [plain, encodeURIComponent(plain), bytes.toString('hex'), bytes.toString('base64').slice(0, -4)]
      .filter((form) => text.includes(form))
      .map(() => `the ${value} value in ${name}`);
  });
  // The lab hands these two out on purpose: the person's own login, of az.
  const isLogin = name.startsWith('azure/');
  const hasToken = !isLogin && /\beyJ[\w-]{10,}\.eyJ[\w-]{10,}/.test(text);
  return hasToken ? [...forms, `a token in ${name}`] : forms;
}

function filesBelow(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
}

/** The driver's volume records, which lie in the lab's own mount namespace. */
function readRecords(pid: number): string {
  const endpoint = /--endpoint=unix:\/\/([^\0]+)\/csi\.sock/.exec(readProcessFile(pid, 'cmdline'))?.[1] ?? '';
  return filesBelow(`/proc/${pid}/root${endpoint}/volumes`)
    .map((path) => readFileSync(path, 'utf8'))
    .join('\n');
}

/** What Prometheus would read; the port is that of the last start in the log. */
async function metricsOf(nodeLog: string): Promise<string> {
  const starts = nodeLog.split('\n').filter((line) => line.includes('Metrics and probes are served'));
  const { port } = JSON.parse(starts.at(-1) ?? '{}') as { port?: number };
  return (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
}
