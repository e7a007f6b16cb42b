import { beforeEach, describe, expect, it } from 'vitest';
import { bearer, SUBSCRIPTION_ID, TENANT_ID, USER, type FakeToken } from '../rest/testing/index.ts';
import { createArmLab, SUBSCRIPTION, type ArmLab } from './testing/index.ts';

const GROUP = `${SUBSCRIPTION}/resourceGroups/Rg1`;
const IDENTITIES = `${GROUP}/providers/Microsoft.ManagedIdentity/userAssignedIdentities`;

let lab: ArmLab;
beforeEach(() => {
  lab = createArmLab();
});

describe('a request to ARM', () => {
  const ask = async (token: FakeToken | string | undefined) => {
    const request = new Request(`https://management.azure.com${SUBSCRIPTION}?api-version=2022-12-01`, {
      headers: token === undefined ? {} : { authorization: typeof token === 'string' ? token : bearer(token) },
    });
    const response = await lab.arm.fetch(request);
    return { response, request, body: (await response.json()) as { error?: { code: string; message: string } } };
  };

  it.each<[string, FakeToken | undefined, string]>([
    ['no token', undefined, 'AuthenticationFailed'],
    ['a token for the vault', { aud: 'https://vault.azure.net' }, 'InvalidAuthenticationTokenAudience'],
    ['an expired token', { aud: 'x', refusal: 'expired' }, 'ExpiredAuthenticationToken'],
    ['a forged token', { aud: 'x', refusal: 'signature' }, 'InvalidAuthenticationToken'],
    [
      "another tenant's token",
      { aud: 'x', refusal: 'issuer', found: 'https://sts.windows.net/x/' },
      'InvalidAuthenticationTokenTenant',
    ],
  ])('with %s is refused with its own code', async (_what, token, code) => {
    const { response, request, body } = await ask(token);
    expect([response.status, body.error?.code]).toEqual([401, code]);
    expect(response.headers.get('www-authenticate')).toContain(
      `Bearer authorization_uri="https://login.windows.net/${TENANT_ID}"`,
    );
    expect(lab.audit.facts(request)).toEqual({ operation: 'Authentication', result: code });
  });

  it.each([
    'https://management.azure.com',
    'https://management.azure.com/',
    'https://management.core.windows.net',
    'https://management.core.windows.net/',
  ])('is served for the audience %s', async (aud) => {
    expect((await ask({ aud })).response.status).toBe(200);
  });

  it('is found without regard to case, double slashes or api-version', async () => {
    await lab.send('PUT', GROUP, { location: 'eastus' });
    const paths = [GROUP.toLowerCase(), GROUP.toUpperCase(), `/${GROUP}/`];
    for (const path of paths) {
      const answer = await lab.send('GET', `${path}?api-version=2099-01-01-preview`);
      expect([answer.status, answer.body['id']]).toEqual([200, GROUP]);
    }
  });

  it.each([
    ['GET', `${SUBSCRIPTION}?api-version=`, 400, 'MissingApiVersionParameter'],
    ['GET', `${SUBSCRIPTION}?api-version=latest`, 400, 'InvalidApiVersionParameter'],
    ['GET', `${SUBSCRIPTION}?api-version=1999-01-01`, 400, 'InvalidApiVersionParameter'],
    ['GET', `${SUBSCRIPTION}?api-version=2024-13-01`, 400, 'InvalidApiVersionParameter'],
    ['GET', `${IDENTITIES}/x?api-version=1999-01-01`, 400, 'NoRegisteredProviderFound'],
    ['GET', '/subscriptions/mine', 400, 'InvalidSubscriptionId'],
    ['GET', `/subscriptions/${TENANT_ID}/resourceGroups`, 404, 'SubscriptionNotFound'],
    ['GET', '/nothing', 404, 'InvalidResourcePath'],
    ['GET', `${SUBSCRIPTION}/providers/Microsoft.Nothing/things`, 404, 'InvalidResourceNamespace'],
    ['GET', `${SUBSCRIPTION}/providers/Microsoft.KeyVault/things`, 404, 'InvalidResourceType'],
    ['POST', GROUP, 405, 'HttpMethodNotAllowed'],
    ['GET', GROUP, 404, 'ResourceGroupNotFound'],
    ['GET', `${IDENTITIES}/x`, 404, 'ResourceGroupNotFound'],
    ['GET', '/subscriptions/%FF', 400, 'BadRequest'],
  ])('%s %s is %i %s', async (method, path, status, code) => {
    const answer = await lab.send(method, path);
    expect([answer.status, answer.body['error']?.['code']]).toEqual([status, code]);
    expect(lab.audit.facts(lab.lastRequest())).toMatchObject({ result: code, identity: { objectId: USER.objectId } });
  });

  it.each([
    ['POST', `${GROUP}/providers/Microsoft.ContainerService/managedClusters/c/stop`, 'managedClusters/stop'],
    [
      'PATCH',
      `${GROUP}/providers/Microsoft.ContainerService/managedClusters/c/agentPools/p`,
      'managedClusters/agentPools',
    ],
    [
      'GET',
      `${SUBSCRIPTION}/providers/Microsoft.ContainerService/locations/eastus/meshRevisionProfiles`,
      'locations/eastus/meshRevisionProfiles',
    ],
  ])('%s %s, which Azure has and the lab lacks, is refused in words that say so', async (method, path, what) => {
    const { body } = await lab.send(method, path, method === 'GET' ? undefined : {});
    expect(body['error']?.['message']).toContain(
      `The lab does not emulate '${method} Microsoft.ContainerService/${what}'.`,
    );
  });

  it.each([
    ['text/plain', 'text/plain'],
    ['application/x-www-form-urlencoded', 'application/x-www-form-urlencoded'],
    ['', '<null>'],
  ])('whose body says to be "%s" is 415, and changes nothing', async (mediaType, shown) => {
    const answer = await lab.send('PUT', GROUP, { location: 'eastus' }, undefined, { 'content-type': mediaType });
    expect([answer.status, answer.body['error']]).toEqual([
      415,
      {
        code: 'UnsupportedMediaType',
        message: `The content media type '${shown}' is not supported. Only 'application/json' is supported.`,
      },
    ]);
    expect((await lab.send('GET', GROUP)).status).toBe(404);
  });

  it.each(['application/json', 'Application/JSON; charset=utf-8', 'text/json', 'application/merge-patch+json'])(
    'whose body says to be "%s" is read',
    async (mediaType) => {
      const headers = { 'content-type': mediaType };
      expect((await lab.send('PUT', GROUP, { location: 'eastus' }, undefined, headers)).status).toBe(201);
    },
  );

  it('that breaks the lab itself is answered 500 without the reason', async () => {
    lab.store.list = () => {
      throw new Error('boom');
    };
    const answer = await lab.send('GET', `${SUBSCRIPTION}/resourceGroups`);
    expect([answer.status, answer.body['error']]).toEqual([
      500,
      { code: 'InternalServerError', message: 'Encountered internal server error.' },
    ]);
  });
});

it('shows the tenant, the subscription, its locations and its providers', async () => {
  expect((await lab.send('GET', '/tenants')).body['value']?.[0]).toMatchObject({ tenantId: TENANT_ID });
  expect((await lab.send('GET', '/subscriptions')).body['value']?.[0]).toMatchObject({
    id: SUBSCRIPTION,
    subscriptionId: SUBSCRIPTION_ID,
    state: 'Enabled',
    tenantId: TENANT_ID,
  });
  const locations = (await lab.send('GET', `${SUBSCRIPTION}/locations`)).body['value'];
  expect(locations).toContainEqual(expect.objectContaining({ name: 'eastus', displayName: 'East US' }));
  const registered = { namespace: 'Microsoft.KeyVault', registrationState: 'Registered' };
  expect((await lab.send('POST', `${SUBSCRIPTION}/providers/microsoft.keyvault/register`)).body).toMatchObject(
    registered,
  );
  expect((await lab.send('GET', `${SUBSCRIPTION}/providers`)).body['value']).toContainEqual(
    expect.objectContaining(registered),
  );
});

describe('a resource group', () => {
  it('is created with 201, updated with 200, and keeps its casing', async () => {
    const created = await lab.send('PUT', `${SUBSCRIPTION}/resourcegroups/Rg1`, {
      location: 'East US',
      tags: { a: 'b' },
    });
    expect([created.status, created.body]).toEqual([
      201,
      {
        id: GROUP,
        name: 'Rg1',
        type: 'Microsoft.Resources/resourceGroups',
        location: 'eastus',
        tags: { a: 'b' },
        properties: { provisioningState: 'Succeeded' },
      },
    ]);
    const updated = await lab.send('PUT', `${SUBSCRIPTION}/resourceGroups/RG1`, { location: 'eastus' });
    expect([updated.status, updated.body['id'], updated.body['tags']]).toEqual([200, GROUP, {}]);
    expect((await lab.send('GET', `${SUBSCRIPTION}/resourceGroups`)).body['value']).toHaveLength(1);
  });

  it('answers HEAD with 204 or 404', async () => {
    expect((await lab.send('HEAD', GROUP)).status).toBe(404);
    await lab.send('PUT', GROUP, { location: 'eastus' });
    expect((await lab.send('HEAD', GROUP)).status).toBe(204);
  });

  it.each([
    ['no location', 'Rg1', {}, 400, 'LocationRequired'],
    ['an unknown location', 'Rg1', { location: 'atlantis' }, 400, 'LocationNotAvailableForResourceGroup'],
    ['a name that ends with a dot', 'Rg1.', { location: 'eastus' }, 400, 'InvalidResourceGroup'],
    ['a tag that is no text', 'Rg1', { location: 'eastus', tags: { a: 1 } }, 400, 'BadRequest'],
    ['a body that is not JSON', 'Rg1', 'location', 400, 'InvalidRequestContent'],
    ['another location than before', 'There', { location: 'westus' }, 409, 'InvalidResourceGroupLocation'],
  ])('with %s is refused', async (_what, name, body, status, code) => {
    await lab.send('PUT', `${SUBSCRIPTION}/resourceGroups/There`, { location: 'eastus' });
    const answer = await lab.send('PUT', `${SUBSCRIPTION}/resourceGroups/${name}`, body);
    expect([answer.status, answer.body['error']?.['code']]).toEqual([status, code]);
  });

  it('takes what is in it along when it is deleted', async () => {
    await lab.send('PUT', GROUP, { location: 'eastus' });
    const identity = await lab.send('PUT', `${IDENTITIES}/demo`, { location: 'eastus' });
    expect(identity.status).toBe(201);
    const before = lab.directory.principals();
    const deleted = await lab.send('DELETE', GROUP);
    expect(deleted.status).toBe(202);
    expect(deleted.headers.get('retry-after')).toBe('1');
    await lab.arm.idle();
    const poll = new URL(deleted.headers.get('location') ?? '');
    expect((await lab.send('GET', poll.pathname + poll.search)).status).toBe(204);
    expect((await lab.send('GET', GROUP)).status).toBe(404);
    expect(before.filter(({ displayName }) => displayName === 'demo')).toHaveLength(1);
    expect(lab.directory.principals().filter(({ displayName }) => displayName === 'demo')).toEqual([]);
    expect(lab.store.list('arm/subscriptions')).toEqual([]);
  });
});

describe('an escaped slash in a path', () => {
  const escaped = (id: string) => `${SUBSCRIPTION}/resourceGroups/${encodeURIComponent(id)}`;

  it('parts it, so that no resource can be taken for a group', async () => {
    await lab.send('PUT', GROUP, { location: 'eastus' });
    await lab.send('PUT', `${IDENTITIES}/demo`, { location: 'eastus' });
    const identity = `Rg1/providers/Microsoft.ManagedIdentity/userAssignedIdentities/demo`;
    const found = await lab.send('GET', escaped(identity));
    expect(found.body).toMatchObject({ type: 'Microsoft.ManagedIdentity/userAssignedIdentities' });
    expect(lab.audit.facts(lab.lastRequest())).toMatchObject({ operation: 'UserAssignedIdentityGet' });
  });

  it('leads out of no group whose contributor asks', async () => {
    expect((await lab.send('GET', escaped('Rg1/../Rg2/resources'))).status).toBe(404);
  });
});

describe('the look-up of resources', () => {
  const find = async (filter: string, scope = SUBSCRIPTION) => {
    const answer = await lab.send('GET', `${scope}/resources?$filter=${encodeURIComponent(filter)}`);
    return answer.status === 200
      ? (answer.body['value'] as unknown as { name: string }[]).map(({ name }) => name)
      : answer.body['error']?.['code'];
  };

  beforeEach(async () => {
    await lab.send('PUT', GROUP, { location: 'eastus' });
    for (const name of ['one', 'two']) await lab.send('PUT', `${IDENTITIES}/${name}`, { location: 'eastus' });
  });

  it.each([
    ["resourceType eq 'Microsoft.ManagedIdentity/userAssignedIdentities' and name eq 'TWO'", ['two']],
    ["resourceType eq 'microsoft.managedidentity/userassignedidentities'", ['one', 'two']],
    ["resourceType eq 'Microsoft.KeyVault/vaults' and name eq 'one'", []],
    ["name eq 'one and two'", []],
    ['', ['one', 'two']],
    ["name ne 'one'", ['two']],
    ["colour eq 'red'", 'InvalidFilterInQueryString'],
  ])('by %s finds %o', async (filter, found) => {
    expect(await find(filter)).toEqual(found);
    expect(await find(filter, GROUP)).toEqual(found);
  });
});
