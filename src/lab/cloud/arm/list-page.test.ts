import { beforeEach, expect, it } from 'vitest';
import { createArmLab, SUBSCRIPTION, type ArmLab } from './testing/index.ts';

const NAMES = ['a', 'B', 'c', 'd', 'e'];

let lab: ArmLab;
beforeEach(async () => {
  lab = createArmLab();
  for (const name of NAMES) await lab.send('PUT', `${SUBSCRIPTION}/resourceGroups/${name}`, { location: 'eastus' });
});

/** The names on all pages, page by page. */
async function pages(path: string): Promise<readonly (readonly string[])[]> {
  const { body, status } = await lab.send('GET', path);
  expect(status).toBe(200);
  const names = (body['value'] as unknown as readonly { name: string }[]).map(({ name }) => name);
  const nextLink = body['nextLink'] as unknown as string | undefined;
  if (nextLink === undefined) return [names];
  const next = new URL(nextLink);
  return [names, ...(await pages(next.pathname + next.search))];
}

it('shows all of a list, or pages of $top with links from each to the next', async () => {
  const groups = `${SUBSCRIPTION}/resourceGroups`;
  expect(await pages(groups)).toEqual([NAMES]);
  expect(await pages(`${groups}?$top=2`)).toEqual([['a', 'B'], ['c', 'd'], ['e']]);
  expect(await pages(`${groups}?$top=5`)).toEqual([NAMES]);
});

it('goes on behind a page although the last of it is gone', async () => {
  const first = await lab.send('GET', `${SUBSCRIPTION}/resourceGroups?$top=2`);
  await lab.send('DELETE', `${SUBSCRIPTION}/resourceGroups/B`);
  await lab.arm.idle();
  const next = new URL(first.body['nextLink'] as unknown as string);
  expect(await pages(next.pathname + next.search)).toEqual([['c', 'd'], ['e']]);
});

it('pages the resources of a filter, of a group and of a type', async () => {
  const type = 'Microsoft.ManagedIdentity/userAssignedIdentities';
  const inA = (name: string) => `${SUBSCRIPTION}/resourceGroups/a/providers/${type}/${name}`;
  for (const name of ['one', 'two']) await lab.send('PUT', inA(name), { location: 'eastus' });
  const lists = [
    `${SUBSCRIPTION}/resources?$top=1&$filter=${encodeURIComponent(`resourceType eq '${type}'`)}`,
    `${SUBSCRIPTION}/resourceGroups/a/resources?$top=1`,
    `${SUBSCRIPTION}/providers/${type}?$top=1`,
  ];
  for (const list of lists) expect(await pages(list)).toEqual([['one'], ['two']]);
});

it.each(['$top=0', '$top=many', '$top=1001', '$skiptoken=garbage'])('%s is 400', async (query) => {
  expect((await lab.send('GET', `${SUBSCRIPTION}/resourceGroups?${query}`)).status).toBe(400);
});
