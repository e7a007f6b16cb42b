import { beforeEach, expect, it } from 'vitest';
import { createArmLab, SUBSCRIPTION, type ArmLab } from '../testing/index.ts';

const GROUP = `${SUBSCRIPTION}/resourceGroups/rg`;
const CLUSTERS = `${GROUP}/providers/Microsoft.ContainerService/managedClusters`;
const BODY = {
  location: 'eastus',
  properties: { dnsPrefix: 'x', agentPoolProfiles: [{ name: 'np1', count: 1, mode: 'System' }] },
};

let lab: ArmLab;
let etag: string;
const read = async (path = '') => (await lab.send('GET', `${CLUSTERS}/there${path}`)).body;
beforeEach(async () => {
  lab = createArmLab();
  await lab.send('PUT', GROUP, { location: 'eastus' });
  await lab.send('PUT', `${CLUSTERS}/there`, BODY);
  await lab.arm.idle();
  etag = (await read())['eTag'] as unknown as string;
});

// The table of "Configurations and expected behavior" in AKS's documentation on eTags; 202 is its 200 of a DELETE.
it.each<[method: string, name: string, header: string, value: string, status: number]>([
  ['PUT', 'new', 'If-Match', '', 201],
  ['PUT', 'new', 'If-Match', '*', 412],
  ['PUT', 'new', 'If-Match', 'xyz', 412],
  ['PUT', 'new', 'If-None-Match', '*', 201],
  ['PUT', 'there', 'If-Match', '', 200],
  ['PUT', 'there', 'If-Match', '*', 200],
  ['PUT', 'there', 'If-Match', 'xyz', 412],
  ['PUT', 'there', 'If-Match', 'its eTag', 200],
  ['PUT', 'there', 'If-None-Match', '*', 412],
  ['PATCH', 'new', 'If-Match', 'xyz', 404],
  ['PATCH', 'there', 'If-Match', '*', 200],
  ['PATCH', 'there', 'If-Match', 'xyz', 412],
  ['PATCH', 'there', 'If-Match', 'its eTag', 200],
  ['DELETE', 'new', 'If-Match', 'xyz', 204],
  ['DELETE', 'there', 'If-Match', 'xyz', 412],
  ['DELETE', 'there', 'If-Match', 'its eTag', 202],
])('%s of a cluster that is %s with %s: "%s" is %i', async (method, name, header, value, status) => {
  const before = await read();
  const sent = `"${value === 'its eTag' ? etag : value}"`;
  const body = method === 'DELETE' ? undefined : method === 'PATCH' ? { tags: { a: 'b' } } : BODY;
  const answer = await lab.send(method, `${CLUSTERS}/${name}`, body, undefined, {
    [header]: value === '' ? '' : sent,
  });
  expect(answer.status).toBe(status);
  if (status !== 412) return;
  expect(answer.body['error']?.['code']).toBe('PreconditionFailed');
  expect(await read()).toEqual(before);
});

it('stays the same when the operation that made it ends', async () => {
  const answered = await lab.send('PUT', `${CLUSTERS}/new`, BODY);
  await lab.arm.idle();
  expect(answered.body['eTag']).toBe((await lab.send('GET', `${CLUSTERS}/new`)).body['eTag']);
});

it('changes with the cluster, and the agent pools have their own', async () => {
  const pool = (await read('/agentPools/np1'))['properties']?.['eTag'];
  expect(pool).not.toBe(etag);
  expect((await read())['properties']?.['agentPoolProfiles']?.[0]).toMatchObject({ name: 'np1', eTag: pool });
  await lab.send('PATCH', `${CLUSTERS}/there`, { tags: { a: 'b' } });
  expect((await read())['eTag']).not.toBe(etag);
  expect((await read('/agentPools/np1'))['properties']?.['eTag']).not.toBe(pool);
});
