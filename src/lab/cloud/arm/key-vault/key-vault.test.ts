import { beforeEach, describe, expect, it } from 'vitest';
import { TENANT_ID } from '../../rest/testing/index.ts';
import { createArmLab, SUBSCRIPTION, type ArmLab } from '../testing/index.ts';

const GROUP = `${SUBSCRIPTION}/resourceGroups/Rg1`;
const vaultPath = (name: string, group = GROUP) => `${group}/providers/Microsoft.KeyVault/vaults/${name}`;
const VAULT = vaultPath('Kv1');
const OBJECT_ID = 'aaaaaaaa-0000-0000-0000-000000000001';
const OTHER_ID = 'aaaaaaaa-0000-0000-0000-000000000002';
const policy = (secrets: readonly string[], objectId = OBJECT_ID) => ({
  tenantId: TENANT_ID,
  objectId,
  permissions: { secrets },
});
const body = (properties: object = {}, location = 'eastus') => ({
  location,
  properties: { tenantId: TENANT_ID, sku: { family: 'A', name: 'standard' }, accessPolicies: [], ...properties },
});

let lab: ArmLab;
beforeEach(async () => {
  lab = createArmLab();
  await lab.send('PUT', GROUP, { location: 'eastus' });
});

describe('a vault', () => {
  it('has what Azure fills in', async () => {
    const created = await lab.send('PUT', VAULT, body({ accessPolicies: [policy(['get'])] }));
    expect([created.status, created.body]).toEqual([
      201,
      {
        id: VAULT,
        name: 'Kv1',
        type: 'Microsoft.KeyVault/vaults',
        location: 'eastus',
        tags: {},
        properties: {
          sku: { family: 'A', name: 'standard' },
          tenantId: TENANT_ID,
          accessPolicies: [policy(['get'])],
          enabledForDeployment: false,
          enableSoftDelete: true,
          softDeleteRetentionInDays: 90,
          enableRbacAuthorization: false,
          vaultUri: 'https://kv1.vault.azure.net/',
          provisioningState: 'Succeeded',
          publicNetworkAccess: 'Enabled',
        },
      },
    ]);
    expect(lab.arm.vaultRegistry.find('kV1')).toEqual({
      name: 'Kv1',
      armId: VAULT,
      tenantId: TENANT_ID,
      location: 'eastus',
      sku: 'standard',
      rbac: false,
      accessPolicies: [policy(['get'])],
      softDeleteRetentionDays: 90,
      purgeProtection: false,
      network: { publicAccess: 'Enabled', denyByDefault: false, allowedRanges: [] },
    });
    expect(lab.arm.vaults()).toEqual([{ name: 'Kv1', resourceGroup: 'Rg1', armId: VAULT }]);
    expect(lab.audit.facts(lab.lastRequest())).toMatchObject({ operation: 'VaultPut', result: 'Success' });
  });

  it('can be read, changed and sent back whole, as az set-policy does', async () => {
    await lab.send('PUT', VAULT, body({ softDeleteRetentionInDays: 7 }));
    const read = await lab.send('GET', VAULT);
    const whole = { ...read.body, properties: { ...read.body['properties'], accessPolicies: [policy(['list'])] } };
    const updated = await lab.send('PUT', VAULT.toLowerCase(), whole);
    expect([updated.status, updated.body]).toEqual([200, whole]);
    expect(lab.arm.vaultRegistry.find('kv1')?.accessPolicies).toEqual([policy(['list'])]);
  });

  it.each([
    ['2023-07-01', {}, false],
    ['2026-02-01', {}, true],
    ['2026-02-01', { enableRbacAuthorization: false }, false],
    ['2023-07-01', { enableRbacAuthorization: true, accessPolicies: undefined }, true],
  ])('created by %s with %o: RBAC is %s', async (version, properties, rbac) => {
    await lab.send('PUT', `${VAULT}?api-version=${version}`, body(properties));
    expect(lab.arm.vaultRegistry.find('kv1')?.rbac).toBe(rbac);
    // A later PUT that does not speak of it leaves it as it is.
    await lab.send('PUT', `${VAULT}?api-version=2023-07-01`, body());
    expect(lab.arm.vaultRegistry.find('kv1')?.rbac).toBe(rbac);
  });

  it.each(['ab', 'kv-techventure-secrets-001', '1kv', 'kv-', 'k--v', 'k_v'])('cannot be named %s', async (name) => {
    const answer = await lab.send('PUT', vaultPath(name), body());
    expect([answer.status, answer.body['error']]).toEqual([
      400,
      {
        code: 'VaultNameNotValid',
        message: `The vault name '${name}' is invalid. A vault's name must be between 3-24 alphanumeric characters. The name must begin with a letter, end with a letter or digit, and not contain consecutive hyphens. Follow this link for more information: https://go.microsoft.com/fwlink/?linkid=2147742`,
      },
    ]);
    const check = await lab.send('POST', `${SUBSCRIPTION}/providers/Microsoft.KeyVault/checkNameAvailability`, {
      name,
    });
    expect(check.body).toMatchObject({ nameAvailable: false, reason: 'AccountNameInvalid' });
  });

  it.each(['abc', 'kv-techventure-sec-001', 'A1-b2-c3-d4-e5-f6-g7-h8x'])('can be named %s', async (name) => {
    expect((await lab.send('PUT', vaultPath(name), body())).status).toBe(201);
  });

  it.each<[string, unknown, string, string]>([
    ['no location', { properties: body().properties }, 'LocationRequired', 'location'],
    ['an unknown location', body({}, 'atlantis'), 'LocationNotAvailableForResourceType', 'atlantis'],
    ['no properties', { location: 'eastus' }, 'BadRequest', "'properties' is not specified"],
    ['no tenant', body({ tenantId: undefined }), 'BadRequest', "'tenantId'"],
    ['no sku', body({ sku: undefined }), 'BadRequest', "'sku.family'"],
    ['another sku', body({ sku: { family: 'A', name: 'gold' } }), 'BadRequest', "'sku.name'"],
    ['no policies without RBAC', body({ accessPolicies: undefined }), 'BadRequest', "'accessPolicies'"],
    [
      'a policy for a name',
      body({ accessPolicies: [policy(['get'], 'me')] }),
      'BadRequest',
      "'accessPolicies.objectId'",
    ],
    [
      'an unknown permission',
      body({ accessPolicies: [policy(['peek'])] }),
      'BadRequest',
      "'accessPolicies.permissions.secrets'",
    ],
    ['six days of retention', body({ softDeleteRetentionInDays: 6 }), 'BadRequest', "'softDeleteRetentionInDays'"],
    ['purge protection switched off', body({ enablePurgeProtection: false }), 'BadRequest', 'irreversible'],
  ])('with %s is refused', async (_what, sent, code, text) => {
    const answer = await lab.send('PUT', VAULT, sent);
    expect([answer.status, answer.body['error']?.['code']]).toEqual([400, code]);
    expect(answer.body['error']).toMatchObject({ message: expect.stringContaining(text) });
    expect((await lab.send('GET', VAULT)).status).toBe(404);
  });

  it('is changed by PATCH where it is named', async () => {
    await lab.send('PUT', VAULT, body({ accessPolicies: [policy(['get'])] }));
    const patched = await lab.send('PATCH', VAULT, {
      tags: { a: 'b' },
      properties: { enableRbacAuthorization: true, enablePurgeProtection: true },
    });
    expect(patched.body).toMatchObject({
      tags: { a: 'b' },
      properties: {
        enableRbacAuthorization: true,
        softDeleteRetentionInDays: 90,
        enablePurgeProtection: true,
        accessPolicies: [policy(['get'])],
      },
    });
    expect((await lab.send('PUT', VAULT, body())).body['properties']).toMatchObject({ enablePurgeProtection: true });
  });

  it('keeps the retention that it was created with', async () => {
    await lab.send('PUT', VAULT, body({ softDeleteRetentionInDays: 7 }));
    for (const method of ['PUT', 'PATCH']) {
      const answer = await lab.send(method, VAULT, body({ softDeleteRetentionInDays: 30 }));
      expect([answer.status, answer.body['error']?.['message']]).toEqual([
        400,
        'The property "softDeleteRetentionInDays" has been set already and it can\'t be modified.',
      ]);
    }
    expect((await lab.send('PUT', VAULT, body())).body['properties']).toMatchObject({ softDeleteRetentionInDays: 7 });
  });

  it.each(['PUT', 'PATCH'])('keeps its soft delete when %s would switch it off', async (method) => {
    await lab.send('PUT', VAULT, body());
    const answer = await lab.send(method, VAULT, body({ enableSoftDelete: false }));
    expect([answer.status, answer.body['error']?.['message']]).toEqual([
      400,
      expect.stringContaining('"enableSoftDelete" cannot be set to false'),
    ]);
  });

  it('shows its network rules as the service writes them, and tells the data plane', async () => {
    const subnet = `${GROUP}/providers/Microsoft.Network/virtualNetworks/vnet/subnets/one`;
    const created = await lab.send(
      'PUT',
      VAULT,
      body({
        publicNetworkAccess: 'enabled',
        networkAcls: {
          defaultAction: 'deny',
          ipRules: [{ value: '20.1.2.3' }, { value: '20.1.0.0/16' }],
          virtualNetworkRules: [{ id: subnet }],
        },
      }),
    );
    expect(created.body['properties']).toMatchObject({
      publicNetworkAccess: 'Enabled',
      networkAcls: {
        bypass: 'AzureServices',
        defaultAction: 'Deny',
        ipRules: [{ value: '20.1.2.3/32' }, { value: '20.1.0.0/16' }],
        virtualNetworkRules: [{ id: subnet.toLowerCase(), ignoreMissingVnetServiceEndpoint: false }],
      },
    });
    expect(lab.arm.vaultRegistry.find('kv1')?.network).toEqual({
      publicAccess: 'Enabled',
      denyByDefault: true,
      allowedRanges: ['20.1.2.3/32', '20.1.0.0/16'],
    });
    const sentBack = await lab.send('PUT', VAULT, created.body);
    expect(sentBack.body).toEqual(created.body);
  });

  it.each([
    [{ defaultAction: 'Refuse' }, "'defaultAction'"],
    [{ bypass: 'Everybody' }, "'bypass'"],
    [{ ipRules: [{ value: '20.1.2.300' }] }, 'properties.networkAcls.ipRules[0].value: 20.1.2.300'],
    [{ ipRules: [{ value: '20.1.2.0/33' }] }, 'properties.networkAcls.ipRules[0].value: 20.1.2.0/33'],
    [
      { ipRules: [{ value: '20.1.2.3' }, { value: '10.0.1.0/24' }] },
      'properties.networkAcls.ipRules[1].value: 10.0.1.0/24 belongs to forbidden range 10.0.0.0–10.255.255.255 (private',
    ],
  ])('with the network rules %j is refused', async (networkAcls, text) => {
    const answer = await lab.send('PUT', VAULT, body({ networkAcls }));
    expect(answer).toMatchObject({ status: 400, body: { error: { message: expect.stringContaining(text) } } });
  });

  it('has a name that nobody else in Azure has', async () => {
    await lab.send('PUT', VAULT, body());
    const other = `${SUBSCRIPTION}/resourceGroups/Rg2`;
    await lab.send('PUT', other, { location: 'eastus' });
    const second = await lab.send('PUT', vaultPath('KV1', other), body());
    expect([second.status, second.body['error']?.['code']]).toEqual([409, 'VaultAlreadyExists']);
    const check = await lab.send('POST', `${SUBSCRIPTION}/providers/Microsoft.KeyVault/checkNameAvailability`, {
      name: 'kv1',
    });
    expect(check.body).toMatchObject({ nameAvailable: false, reason: 'AlreadyExists' });
  });

  it('is found again after a restart', async () => {
    await lab.send('PUT', VAULT, body());
    expect(lab.restarted().arm.vaultRegistry.find('kv1')?.armId).toBe(VAULT);
  });
});

describe('access policies', () => {
  it.each<[string, readonly object[], readonly object[]]>([
    ['add', [policy(['LIST', 'get']), policy(['set'], OTHER_ID)], [policy(['get', 'LIST']), policy(['set'], OTHER_ID)]],
    ['replace', [policy(['list'])], [policy(['list'])]],
    ['replace', [policy(['list'], OTHER_ID)], [policy(['get']), policy(['list'], OTHER_ID)]],
    ['remove', [policy(['get'])], []],
    ['remove', [policy(['list'])], [policy(['get'])]],
    ['remove', [policy(['get'], OTHER_ID)], [policy(['get'])]],
  ])('are changed by %s of %o', async (kind, accessPolicies, expected) => {
    await lab.send('PUT', VAULT, body({ accessPolicies: [policy(['get'])] }));
    const changed = await lab.send('PUT', `${VAULT}/accessPolicies/${kind}`, { properties: { accessPolicies } });
    expect([changed.status, changed.body['properties']?.['accessPolicies']]).toEqual([200, expected]);
    expect((await lab.send('GET', VAULT)).body['properties']?.['accessPolicies']).toEqual(expected);
  });

  it('have no other changes, and need their vault', async () => {
    const sent = { properties: { accessPolicies: [] } };
    expect((await lab.send('PUT', `${VAULT}/accessPolicies/add`, sent)).body['error']?.['code']).toBe(
      'ResourceNotFound',
    );
    await lab.send('PUT', VAULT, body());
    expect((await lab.send('PUT', `${VAULT}/accessPolicies/forget`, sent)).status).toBe(400);
  });
});

it.each(['managedHSMs', 'deletedManagedHSMs'])('lists no %s, which az asks for beside vaults', async (kind) => {
  expect(await lab.send('GET', `${SUBSCRIPTION}/providers/Microsoft.KeyVault/${kind}`)).toMatchObject({
    status: 200,
    body: { value: [] },
  });
});

describe('a deleted vault', () => {
  const deleted = `${SUBSCRIPTION}/providers/Microsoft.KeyVault/deletedVaults`;
  const grave = `${SUBSCRIPTION}/providers/Microsoft.KeyVault/locations/eastus/deletedVaults/Kv1`;
  const CONTENT = 'vault/kv1/secrets/s/1';

  beforeEach(async () => {
    await lab.send('PUT', VAULT, body({ accessPolicies: [policy(['get'])] }));
    lab.store.put(CONTENT, { name: 's' });
    await lab.send('DELETE', VAULT);
  });

  it('is listed with its dates, is no vault any more, and keeps its contents and its name', async () => {
    expect((await lab.send('DELETE', VAULT)).status).toBe(204);
    expect((await lab.send('GET', VAULT)).status).toBe(404);
    expect(lab.arm.vaultRegistry.find('kv1')).toBeUndefined();
    const listed = {
      id: grave,
      name: 'Kv1',
      type: 'Microsoft.KeyVault/deletedVaults',
      properties: {
        vaultId: VAULT,
        location: 'eastus',
        tags: {},
        deletionDate: '2026-01-01T00:00:00.000Z',
        scheduledPurgeDate: '2026-04-01T00:00:00.000Z',
      },
    };
    expect((await lab.send('GET', deleted)).body['value']).toEqual([listed]);
    expect((await lab.send('GET', grave.toLowerCase())).body).toEqual(listed);
    const again = await lab.send('PUT', VAULT, body());
    expect([again.status, again.body['error']?.['code']]).toEqual([409, 'ConflictError']);
    expect(lab.store.get(CONTENT)).toBeDefined();
    expect((await lab.send('GET', `${SUBSCRIPTION}/resources`)).body['value']).toEqual([]);
  });

  it('comes back as it was', async () => {
    const back = await lab.send('PUT', VAULT, { location: 'eastus', properties: { createMode: 'recover' } });
    expect([back.status, back.body['properties']?.['accessPolicies']]).toEqual([200, [policy(['get'])]]);
    expect((await lab.send('GET', deleted)).body['value']).toEqual([]);
    expect(lab.arm.vaultRegistry.find('kv1')).toBeDefined();
    const twice = await lab.send('PUT', vaultPath('Kv2'), {
      location: 'eastus',
      properties: { createMode: 'recover' },
    });
    expect(twice.status).toBe(404);
  });

  it('is forgotten with its contents when it is purged', async () => {
    const purged = await lab.send('POST', `${grave}/purge`);
    expect(purged.status).toBe(202);
    const poll = new URL(purged.headers.get('location') ?? '');
    await lab.arm.idle();
    expect((await lab.send('GET', poll.pathname)).status).toBe(204);
    expect(lab.store.get(CONTENT)).toBeUndefined();
    expect((await lab.send('PUT', VAULT, body())).status).toBe(201);
  });

  it('is forgotten when its retention is over', async () => {
    await lab.clock.advance(90 * 86_400_000);
    expect((await lab.send('GET', deleted)).body['value']).toEqual([]);
    expect(lab.store.get(CONTENT)).toBeUndefined();
  });
});
