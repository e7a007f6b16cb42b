// Three nodes on which pods come and go, while two secrets change as fast as az sets them: nobody reads half of anything,
// Azure is asked once a check of a node, and in the end files, pod statuses and the Secret of all nodes say the same.
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { systemClock } from '#base';
import { RESOURCES, type Pod, type SecretObject } from '#kube';
import { SECRET_CLASS_RESOURCES } from '#secretclass';
import { startCsiNode, type CsiNode } from '../support/csi-node.ts';
import type { TestVolume } from '../support/csi-volume.ts';
import { podWithClass, secretProviderClass } from '../support/manifests.ts';
import { makeReader } from '../support/reader.ts';
import { eventually, makeCluster, startTestLab, type TestCluster, type TestLab } from '../support/test-lab.ts';

const NODES = 3;
const PODS_A_NODE = 12;
const CHURN_MS = 30_000;
const ROTATION_MS = 300;
const VAULT = 'kv-churn';
const AUDIENCE = 'api://AzureADTokenExchange';
const SECRETS = ['Password', 'Other'];
const FILLER = 'x'.repeat(2000);
const valueOf = (name: string, count: number) => `${name}-${count}-${FILLER}-end`;
const WHOLE = /^(Password|Other)-\d+-x{2000}-end$/;

interface Mounted extends TestVolume {
  readonly node: CsiNode;
}

let lab: TestLab;
let cluster: TestCluster;
const nodes: CsiNode[] = [];
const mounted = new Set<Mounted>();
let podCount = 0;

beforeAll(async () => {
  lab = await startTestLab();
  cluster = await makeCluster(lab);
  await lab.az(`az keyvault create -n ${VAULT} -g g`);
  await rotate(0);
  const { clientId } = await makeReader(lab, cluster, { vault: VAULT });
  const made = secretProviderClass({
    name: 'churned',
    clientId,
    tenantId: cluster.tenantId,
    vault: VAULT,
    secrets: [...SECRETS, ['Password', 'twin']],
    secretObjects: [
      {
        secretName: 'churned',
        type: 'Opaque',
        data: SECRETS.map((name) => ({ objectName: name, key: name })),
      },
    ],
  });
  await cluster.client.create(SECRET_CLASS_RESOURCES.classes, 'default', made);
  for (let index = 0; index < NODES; index += 1) {
    // Pods of nodes that are not there would be taken away.
    await cluster.client.create(RESOURCES.nodes, undefined, {
      apiVersion: 'v1',
      kind: 'Node',
      metadata: { name: `churn-${index}` },
    });
    const flags = [`--nodeid=churn-${index}`, '--enable-secret-rotation', '--rotation-poll-interval=1s'];
    nodes.push(await startCsiNode({ ...lab.env }, flags));
  }
}, 60_000);
afterAll(async () => {
  for (const node of nodes) await node[Symbol.asyncDispose]();
  cluster?.[Symbol.dispose]();
  await lab?.[Symbol.asyncDispose]();
});

/** Sets both secrets; answers their versions as a pod status has them. */
async function rotate(count: number): Promise<Record<string, string>> {
  const versions: Record<string, string> = {};
  for (const name of SECRETS) {
    const id = await lab.az(
      `az keyvault secret set --vault-name ${VAULT} -n ${name} --value ${valueOf(name, count)} --query id -o tsv`,
    );
    versions[`secret/${name}`] = id.split('/').at(-1) ?? '';
  }
  return versions;
}

/** A pod of a node that is only a name, and its volume as kubelet would have it. */
async function addPod(node: CsiNode, nodeName: string): Promise<void> {
  podCount += 1;
  const draft = podWithClass(`churn-${podCount}`, 'reader', 'churned');
  const body = { ...draft, spec: { ...draft.spec, nodeName } };
  const { metadata } = await cluster.client.create<Pod>(RESOURCES.pods, 'default', body);
  const account = { namespace: 'default', name: 'reader' };
  const token = await cluster.client.createToken(account, { audiences: [AUDIENCE] });
  const volume = { ...node.volume(), podName: metadata?.name ?? '', podUid: metadata?.uid ?? '', node };
  await node.publish(volume, { className: 'churned', serviceAccount: 'reader', tokens: { [AUDIENCE]: token } });
  mounted.add(volume);
}

async function removePod(volume: Mounted): Promise<void> {
  mounted.delete(volume);
  await volume.node.unpublish(volume);
  await cluster.client.delete(
    RESOURCES.pods,
    { namespace: 'default', name: volume.podName },
    { gracePeriodSeconds: 0 },
  );
}

/** What is wrong with a volume at this moment; undefined when all is right. */
function wrongOf({ node, targetPath }: Mounted): string | undefined {
  const target = join(`/proc/${node.pid}/root`, targetPath);
  for (const name of [...SECRETS, 'twin']) {
    const text = readFileSync(join(target, name), 'utf8');
    if (!WHOLE.test(text)) return `${name} is ${JSON.stringify(text.slice(0, 40))} of ${text.length}`;
  }
  for (;;) {
    const generation = readlinkSync(join(target, '..data'));
    try {
      const [first, twin] = ['Password', 'twin'].map((name) => readFileSync(join(target, generation, name), 'utf8'));
      return first === twin ? undefined : `two versions of one secret: ${first?.slice(0, 20)}, ${twin?.slice(0, 20)}`;
    } catch (error) {
      // It went while it was read; the one that took its place is read.
      if (readlinkSync(join(target, '..data')) === generation) return String(error);
    }
  }
}

it('whoever reads while everything changes reads whole files, and in the end all say the same', async () => {
  const names = nodes.map((_node, index) => `churn-${index}`);
  await Promise.all(
    nodes.flatMap((node, index) => Array.from({ length: PODS_A_NODE }, () => addPod(node, names[index] ?? ''))),
  );
  const audited = (await lab.audit()).length;
  const startMs = systemClock.monotonic();
  const going = () => systemClock.monotonic() - startMs < CHURN_MS;
  const wrong: string[] = [];
  let reads = 0;
  let rotations = 0;
  let versions: Record<string, string> = {};

  const read = async () => {
    while (going()) {
      for (const volume of mounted) {
        reads += 1;
        const found = wrongOf(volume);
        if (found !== undefined) wrong.push(found);
      }
      await systemClock.sleep(5);
    }
  };
  const change = async () => {
    while (going()) {
      rotations += 1;
      versions = await rotate(rotations);
      await systemClock.sleep(ROTATION_MS);
    }
  };
  const churn = async (node: CsiNode, name: string) => {
    while (going()) {
      const oldest = [...mounted].find((volume) => volume.node === node);
      if (oldest !== undefined) await removePod(oldest);
      await addPod(node, name);
      await systemClock.sleep(200);
    }
  };
  await Promise.all([read(), change(), ...nodes.map((node, index) => churn(node, names[index] ?? ''))]);
  const tookMs = systemClock.monotonic() - startMs;
  const asked = (await lab.audit()).slice(audited);
  const count = (operation: string) => asked.filter((record) => record.operation === operation).length;
  const requests = { exchanges: count('TokenIssue'), reads: count('SecretGet') };
  console.log(
    `${reads} reads, ${rotations} rotations, ${podCount} pods in ${Math.round(tookMs)} ms; ${JSON.stringify(requests)}`,
  );

  expect(wrong).toEqual([]);
  expect(reads).toBeGreaterThan(1000);
  // Once a second and node, up to a twentieth sooner, and once more at either end.
  const checks = NODES * (tookMs / 950 + 2);
  expect(requests.exchanges).toBeLessThanOrEqual(checks);
  expect(requests.reads).toBeLessThanOrEqual(SECRETS.length * checks);

  const wanted = Object.fromEntries(SECRETS.map((name) => [name, valueOf(name, rotations)]));
  await eventually('files, statuses and the Secret are of the last rotation', async () => {
    const statuses = (await cluster.client.list(SECRET_CLASS_RESOURCES.podStatuses, { namespace: 'default' })).items;
    const secret = await cluster.client.get<SecretObject>(RESOURCES.secrets, { namespace: 'default', name: 'churned' });
    const held = Object.entries(secret.data ?? {}).map(([key, text]) => [key, Buffer.from(text, 'base64').toString()]);
    const old = [...mounted].filter((volume) =>
      SECRETS.some((name) => volume.node.file(volume, name) !== wanted[name]),
    );
    const untrue = [...mounted].filter(({ podName }) => {
      const status = statuses.find(({ metadata }) => metadata.name === `${podName}-default-churned`)?.['status'] as
        { readonly objects?: readonly { readonly id: string; readonly version: string }[] } | undefined;
      return !isDeepStrictEqual(
        Object.fromEntries((status?.objects ?? []).map(({ id, version }) => [id, version])),
        versions,
      );
    });
    const seen = [
      ...(old.length === 0 ? [] : [`${old.length} volumes are old`]),
      ...(untrue.length === 0 ? [] : [`${untrue.length} statuses are old`]),
      ...(isDeepStrictEqual(Object.fromEntries(held), wanted) ? [] : ['the Secret is old']),
    ];
    return seen.length === 0 ? { found: true } : { seen: seen.join(', ') };
  });
  for (const { node, targetPath } of mounted) {
    const generations = readdirSync(join(`/proc/${node.pid}/root`, targetPath)).filter((name) => /^\.\.\d/.test(name));
    expect(generations).toHaveLength(1);
  }
}, 150_000);
