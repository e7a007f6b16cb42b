import { beforeEach, describe, expect, it } from 'vitest';
import { KeyferryError } from '#base';
import { createMemoryStore, type Store } from '#lab/store';
import { createArmLab, SUBSCRIPTION, type ArmLab } from './testing/index.ts';

const GROUP = `${SUBSCRIPTION}/resourceGroups/g`;
const CLUSTER = `${GROUP}/providers/Microsoft.ContainerService/managedClusters/c`;

/** A store on a disk that may be full. */
function createFillingStore(): Store & { full: boolean } {
  const memory = createMemoryStore();
  const store = {
    ...memory,
    full: false,
    write: (writes: Parameters<Store['write']>[0]) => {
      if (store.full) throw new KeyferryError('unavailable', 'no space left on device');
      memory.write(writes);
    },
    put: (key: string, value: Parameters<Store['put']>[1]) => store.write([{ key, value }]),
    delete: (key: string) => store.write([{ key, value: undefined }]),
  };
  return store;
}

let store: ReturnType<typeof createFillingStore>;
let lab: ArmLab;
let statusPath: string;
let finish: (error?: Error) => void;

const status = async () => (await lab.send('GET', statusPath)).body['status'];
const provisioningState = async () => (await lab.send('GET', CLUSTER)).body['properties']?.['provisioningState'];

beforeEach(async () => {
  store = createFillingStore();
  lab = createArmLab(store);
  await lab.send('PUT', GROUP, { location: 'eastus' });
  lab.clusters.onApply = () =>
    new Promise((resolve, reject) => {
      finish = (error) => (error === undefined ? resolve() : reject(error));
    });
  const agentPoolProfiles = [{ name: 'nodepool1', count: 1, mode: 'System' }];
  const sent = { location: 'eastus', properties: { dnsPrefix: 'c', agentPoolProfiles } };
  const { headers } = await lab.send('PUT', CLUSTER, sent);
  const url = new URL(headers.get('azure-asyncoperation') ?? '');
  statusPath = url.pathname + url.search;
});

describe('an operation whose end cannot be written', () => {
  it.each([
    ['succeeded', undefined, 'Succeeded'],
    ['failed', new Error('no room for a cluster'), 'Failed'],
  ] as const)('runs on until there is room, and then has %s, as has its cluster', async (_how, error, end) => {
    store.full = true;
    finish(error);
    await lab.clock.sleepers();
    expect([await status(), await provisioningState()]).toEqual(['InProgress', 'Creating']);
    await lab.clock.advance(60_000);
    expect([await status(), await provisioningState()]).toEqual(['InProgress', 'Creating']);
    store.full = false;
    await lab.clock.advance(60_000);
    await lab.arm.idle();
    expect([await status(), await provisioningState()]).toEqual([end, end]);
  });

  it('does not hold up the end of the lab; the next one finds both failed', async () => {
    store.full = true;
    finish();
    await lab.clock.sleepers();
    await lab.arm.stop();
    store.full = false;
    lab = createArmLab(store);
    expect([await status(), await provisioningState()]).toEqual(['Failed', 'Failed']);
  });
});
