import { beforeEach, describe, expect, it } from 'vitest';
import { createArmLab, SUBSCRIPTION, type ArmLab, type JsonBody } from '../testing/index.ts';

const GROUP = `${SUBSCRIPTION}/resourceGroups/rg`;
const IDENTITY = `${GROUP}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/one`;

let lab: ArmLab;
beforeEach(async () => {
  lab = createArmLab();
  await lab.send('PUT', GROUP, { location: 'eastus', tags: { team: 'blue' } });
  await lab.send('PUT', IDENTITY, { location: 'eastus', tags: { team: 'red' } });
});

describe('tags', () => {
  const tagsOf = (scope: string) => `${scope}/providers/Microsoft.Resources/tags/default`;
  const tags = async (scope: string) => (await lab.send('GET', tagsOf(scope))).body['properties']?.['tags'];
  const sent = (wanted: Record<string, string>, more: object = {}) => ({ ...more, properties: { tags: wanted } });

  it.each([
    ['a resource', IDENTITY, { team: 'red' }],
    ['a group', GROUP, { team: 'blue' }],
    ['the subscription', SUBSCRIPTION, {}],
  ])('of %s are read, replaced, changed and deleted', async (_what, scope, before) => {
    expect(await tags(scope)).toEqual(before);
    const put = await lab.send('PUT', tagsOf(scope), sent({ a: '1', b: '2' }));
    expect(put.body).toEqual({
      id: tagsOf(scope),
      name: 'default',
      type: 'Microsoft.Resources/tags',
      properties: { tags: { a: '1', b: '2' } },
    });
    await lab.send('PATCH', tagsOf(scope), sent({ b: '3', c: '4' }, { operation: 'Merge' }));
    expect(await tags(scope)).toEqual({ a: '1', b: '3', c: '4' });
    // `a` has another value than that.
    await lab.send('PATCH', tagsOf(scope), sent({ a: '2', c: '4' }, { operation: 'Delete' }));
    expect(await tags(scope)).toEqual({ a: '1', b: '3' });
    await lab.send('PATCH', tagsOf(scope), sent({ d: '5' }, { operation: 'Replace' }));
    expect(await tags(scope)).toEqual({ d: '5' });
    await lab.send('DELETE', tagsOf(scope));
    expect(await tags(scope)).toEqual({});
  });

  const numbered = (from: number, count: number) =>
    Object.fromEntries(Array.from({ length: count }, (_, index) => [`t${from + index}`, 'x']));

  it.each<[what: string, sent: Record<string, string>, code: string | undefined]>([
    ['50 of them', numbered(0, 50), undefined],
    ['51 of them', numbered(0, 51), 'InvalidTagsCount'],
    ['names of 512 characters and values of 256', { ['n'.repeat(512)]: 'v'.repeat(256) }, undefined],
    ['a name of 513 characters', { ['n'.repeat(513)]: '' }, 'InvalidTagName'],
    ['a value of 257 characters', { n: 'v'.repeat(257) }, 'InvalidTagValueLength'],
    ['a reserved character in a name', { 'a/b': '' }, 'InvalidTagNameCharacters'],
    ['any other character', { 'ключ ♡': 'значение <>%&?/' }, undefined],
  ])('may be %s: %s', async (_what, wanted, code) => {
    const answer = await lab.send('PATCH', GROUP, { tags: wanted });
    expect([answer.status, answer.body['error']?.['code']]).toEqual([code === undefined ? 200 : 400, code]);
    expect(await tags(GROUP)).toEqual(code === undefined ? wanted : { team: 'blue' });
  });

  it('are at most 50 after a merge too', async () => {
    await lab.send('PATCH', tagsOf(GROUP), sent(numbered(0, 49), { operation: 'Merge' }));
    const more = await lab.send('PATCH', tagsOf(GROUP), sent(numbered(49, 1), { operation: 'Merge' }));
    expect([more.status, more.body['error']?.['code']]).toEqual([400, 'InvalidTagsCount']);
  });

  it('are those that the resource itself shows', async () => {
    await lab.send('PUT', tagsOf(IDENTITY), sent({ a: '1' }));
    expect((await lab.send('GET', IDENTITY)).body['tags']).toEqual({ a: '1' });
  });

  it('of what does not exist are 404', async () => {
    expect((await lab.send('GET', tagsOf(`${IDENTITY}x`))).body['error']).toMatchObject({ code: 'ResourceNotFound' });
  });

  it('find groups and resources', async () => {
    const find = async (path: string, filter: string) => {
      const { value } = (await lab.send('GET', `${SUBSCRIPTION}/${path}?$filter=${filter}`)).body;
      return (value as unknown as JsonBody[]).map(({ name }) => name);
    };
    expect(await find('resourceGroups', "tagName eq 'TEAM' and tagValue eq 'blue'")).toEqual(['rg']);
    expect(await find('resourceGroups', "tagName eq 'team' and tagValue eq 'red'")).toEqual([]);
    expect(await find('resources', "tagName eq 'team'")).toEqual(['one']);
  });

  it('are counted by name', async () => {
    const { value } = (await lab.send('GET', `${SUBSCRIPTION}/tagNames`)).body;
    expect(value).toMatchObject([
      { tagName: 'team', count: { value: 2 }, values: [{ tagValue: 'blue' }, { tagValue: 'red' }] },
    ]);
  });
});

describe('a group that is being deleted', () => {
  it('takes nothing in, and is gone when that ends', async () => {
    const cluster = `${GROUP}/providers/Microsoft.ContainerService/managedClusters/c`;
    await lab.send('PUT', cluster, { location: 'eastus', properties: { agentPoolProfiles: [{ name: 'p' }] } });
    await lab.arm.idle();
    let finish: () => void = () => undefined;
    lab.clusters.remove = () =>
      new Promise((resolve) => {
        finish = resolve;
      });
    const deleting = await lab.send('DELETE', GROUP);
    expect(deleting.status).toBe(202);
    expect((await lab.send('GET', GROUP)).body['properties']).toEqual({ provisioningState: 'Deleting' });
    for (const path of [GROUP, `${IDENTITY}2`]) {
      const refused = await lab.send('PUT', path, { location: 'eastus' });
      expect([refused.status, refused.body['error']?.['code']]).toEqual([409, 'ResourceGroupBeingDeleted']);
    }
    finish();
    await lab.arm.idle();
    expect((await lab.send('GET', GROUP)).status).toBe(404);
  });

  it('is a group as before when the end of the lab interrupted that', async () => {
    lab.clusters.remove = () => new Promise(() => undefined);
    await lab.send('PUT', `${GROUP}/providers/Microsoft.ContainerService/managedClusters/c`, {
      location: 'eastus',
      properties: { agentPoolProfiles: [{ name: 'p' }] },
    });
    await lab.arm.idle();
    await lab.send('DELETE', GROUP);
    lab = lab.restarted();
    expect((await lab.send('PUT', `${IDENTITY}2`, { location: 'eastus' })).status).toBe(201);
  });
});

describe('the endpoints of the cloud', () => {
  const ask = async (host: string, query: string) => {
    const response = await lab.arm.fetch(new Request(`https://${host}/metadata/endpoints${query}`));
    return { status: response.status, body: (await response.json()) as JsonBody };
  };

  it.each([
    ['management.azure.com', 'AzureCloud', 'vault.azure.net'],
    ['management.usgovcloudapi.net', 'AzureUSGovernment', 'vault.usgovcloudapi.net'],
    ['management.chinacloudapi.cn', 'AzureChinaCloud', 'vault.azure.cn'],
  ])('are told at %s to who has no token', async (host, name, keyVaultDns) => {
    const { status, body } = await ask(host, '?api-version=2022-09-01');
    expect([status, body]).toMatchObject([
      200,
      { name, resourceManager: `https://${host}/`, suffixes: { keyVaultDns } },
    ]);
  });

  it.each([
    ['?api-version=2019-05-01', 'a list of clouds'],
    ['?api-version=2015-01-01', 'one without a name'],
    ['', 'one without a name'],
  ])('asked with "%s" are %s', async (query, what) => {
    const { body } = await ask('management.azure.com', query);
    const shape = Array.isArray(body) ? 'a list of clouds' : 'name' in body ? 'one cloud' : 'one without a name';
    expect(shape).toBe(what);
  });
});

describe('deployments', () => {
  it.each([
    ['PUT', `${GROUP}/providers/Microsoft.Resources/deployments/d`, 400, 'DeploymentsNotSupported'],
    ['POST', `${SUBSCRIPTION}/providers/Microsoft.Resources/deployments/d/validate`, 400, 'DeploymentsNotSupported'],
    ['GET', `${GROUP}/providers/Microsoft.Resources/deployments/d`, 404, 'DeploymentNotFound'],
  ])('%s %s is %i %s', async (method, path, status, code) => {
    const answer = await lab.send(method, path, method === 'GET' ? undefined : {});
    expect([answer.status, answer.body['error']?.['code']]).toEqual([status, code]);
  });
});

it('preview features of providers are registered', async () => {
  const feature = `${SUBSCRIPTION}/providers/Microsoft.Features/providers/Microsoft.ContainerService/features/Some`;
  const registered = { name: 'Microsoft.ContainerService/Some', properties: { state: 'Registered' } };
  expect((await lab.send('POST', `${feature}/register`)).body).toMatchObject(registered);
  expect((await lab.send('GET', feature)).body).toMatchObject(registered);
});

describe('resource providers', () => {
  it('announce the api-versions of what the lab has', async () => {
    const provider = await lab.send('GET', `${SUBSCRIPTION}/providers/microsoft.keyvault`);
    expect(provider.body).toMatchObject({ namespace: 'Microsoft.KeyVault', registrationState: 'Registered' });
    const types = provider.body['resourceTypes'] as unknown as { resourceType: string; apiVersions: string[] }[];
    expect(types.map(({ resourceType }) => resourceType)).toContain('vaults');
    for (const { apiVersions } of types) expect(apiVersions.length).toBeGreaterThan(0);
  });
});
