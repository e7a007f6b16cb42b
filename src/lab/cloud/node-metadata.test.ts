import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createDisposeStack, Secret, silentLog } from '#base';
import { createFakeClock, createFakeRandom } from '../../base/testing/index.ts';
import { createAuditLog } from './audit-log.ts';
import type { ClusterSpec, NodeIdentities } from './clusters.ts';
import { createLabNodes, type LabNodes } from './node-metadata.ts';
import { createFakeDirectory } from './rest/testing/index.ts';

const spec = (name: string): ClusterSpec => ({
  armId: `/subscriptions/s/resourceGroups/g/providers/Microsoft.ContainerService/managedClusters/${name}`,
  name,
  resourceGroup: 'g',
  location: name === 'one' ? 'eastus' : 'westeurope',
  issuerUrl: 'https://issuer/',
  secretsProvider: undefined,
  nodeName: 'aks-nodepool1-12345678-vmss000000',
  maxPods: 250,
  workloadIdentity: true,
  kubernetesVersion: '1.33.5',
});

let stack = createDisposeStack();
let assigned: Record<string, NodeIdentities>;
let nodes: LabNodes;

beforeEach(() => {
  const clock = createFakeClock();
  const directory = createFakeDirectory();
  for (const name of ['one', 'two', 'system']) {
    directory.put({
      type: 'ManagedIdentity',
      objectId: name,
      clientId: name,
      displayName: name,
      secrets: [],
      federatedCredentials: [],
    });
  }
  const specs = [spec('one'), spec('two')];
  assigned = Object.fromEntries(
    specs.map(({ armId, name }) => [armId, { systemAssigned: undefined, userAssigned: [name] }]),
  );
  nodes = createLabNodes({
    clock,
    random: createFakeRandom(),
    log: silentLog,
    directory,
    audit: createAuditLog({ clock }),
    tokens: () => Promise.resolve({ token: new Secret('t'), issuedAtSec: 0, expiresInSec: 1 }),
    clusters: () => specs,
    assignedIdentities: (clusterId) => assigned[clusterId] ?? { systemAssigned: undefined, userAssigned: [] },
  });
});

afterEach(async () => {
  await stack[Symbol.asyncDispose]();
  stack = createDisposeStack();
});

const TOKEN = '/metadata/identity/oauth2/token?api-version=2018-02-01&resource=https://vault.azure.net';
const headers = { metadata: 'true' };
const clientIn = async (response: Response) => {
  const body = (await response.json()) as { readonly client_id?: string; readonly error_description?: string };
  return body.client_id ?? body.error_description;
};
const fromMachine = async (query: string) =>
  clientIn(await nodes.machine.service.fetch(new Request(`https://169.254.169.254${TOKEN}${query}`, { headers })));
const fromNode = async (cluster: string, path = TOKEN) => {
  const { port } = stack.use(await nodes.startNode(spec(cluster).armId));
  return fetch(`http://127.0.0.1:${port}${path}`, { headers });
};

describe('the node of a cluster', () => {
  it('has the identities of its own cluster and no others', async () => {
    expect(await clientIn(await fromNode('one'))).toBe('one');
    expect(await clientIn(await fromNode('two', `${TOKEN}&client_id=two`))).toBe('two');
    expect(await clientIn(await fromNode('two', `${TOKEN}&client_id=one`))).toBe('Identity not found');
  });

  it('is where its cluster is', async () => {
    const path = '/metadata/instance/compute/location?api-version=2021-02-01&format=text';
    expect(await (await fromNode('two', path)).text()).toBe('westeurope');
  });
});

describe('the machine that commands run on', () => {
  it('has the identities of every cluster, by name', async () => {
    expect(await fromMachine('&client_id=one')).toBe('one');
    expect(await fromMachine('&client_id=two')).toBe('two');
    expect(await fromMachine('')).toMatch(/^Multiple user assigned identities exist/);
  });

  it('has the one system-assigned identity of a node without a name', async () => {
    assigned[spec('one').armId] = { systemAssigned: 'system', userAssigned: ['one'] };
    expect(await fromMachine('')).toBe('system');
  });

  it('does not choose between the system-assigned identities of two nodes', async () => {
    assigned[spec('one').armId] = { systemAssigned: 'system', userAssigned: [] };
    assigned[spec('two').armId] = { systemAssigned: 'two', userAssigned: [] };
    expect(await fromMachine('')).toMatch(/^Multiple user assigned identities exist/);
    expect(await fromMachine('&client_id=system')).toBe('system');
  });
});
