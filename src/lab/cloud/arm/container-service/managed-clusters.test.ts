import { beforeEach, describe, expect, it } from 'vitest';
import { textOr } from '../../rest/request.ts';
import { TENANT_ID } from '../../rest/testing/index.ts';
import { createArmLab, SUBSCRIPTION, type ArmLab, type JsonBody } from '../testing/index.ts';

const GROUP = `${SUBSCRIPTION}/resourceGroups/Rg1`;
const CLUSTER = `${GROUP}/providers/Microsoft.ContainerService/managedClusters/Aks1`;
const NODE_GROUP = `${SUBSCRIPTION}/resourceGroups/MC_Rg1_Aks1_eastus`;
const ISSUER = new RegExp(`^https://eastus\\.oic\\.prod-aks\\.azure\\.com/${TENANT_ID}/[0-9a-f-]{36}/$`);

/** What az sends for `aks create`. */
const body = (properties: object = {}) => ({
  location: 'eastus',
  identity: { type: 'SystemAssigned' },
  sku: { name: 'Base', tier: 'Free' },
  properties: {
    kubernetesVersion: '',
    dnsPrefix: 'Aks1-Rg1-222222',
    agentPoolProfiles: [{ name: 'nodepool1', count: 1, vmSize: '', mode: 'System' }],
    addonProfiles: {
      azureKeyvaultSecretsProvider: {
        enabled: true,
        config: { enableSecretRotation: 'false', rotationPollInterval: '2m' },
      },
    },
    oidcIssuerProfile: { enabled: true },
    securityProfile: { workloadIdentity: { enabled: true } },
    ...properties,
  },
});

let lab: ArmLab;
beforeEach(async () => {
  lab = createArmLab();
  await lab.send('PUT', GROUP, { location: 'eastus' });
});

/** Creates or updates the cluster, waits for its end, and answers what it became. */
async function provide(sent: unknown, path = CLUSTER): Promise<JsonBody> {
  await lab.send('PUT', path, sent);
  await lab.arm.idle();
  return (await lab.send('GET', CLUSTER)).body;
}

const poll = (header: string | null) => {
  const url = new URL(header ?? '');
  return lab.send('GET', url.pathname + url.search);
};

describe('a managed cluster', () => {
  it('has what az and scripts read', async () => {
    const created = { body: await provide(body()) };
    const identityId = (name: string) =>
      `${NODE_GROUP}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/${name}`;
    const identity = (name: string) => ({
      resourceId: identityId(name),
      clientId: expect.stringMatching(/^[0-9a-f-]{36}$/),
      objectId: expect.stringMatching(/^[0-9a-f-]{36}$/),
    });
    expect(created.body).toMatchObject({
      id: CLUSTER,
      identity: { type: 'SystemAssigned', principalId: expect.any(String), tenantId: TENANT_ID },
      properties: {
        provisioningState: 'Succeeded',
        servicePrincipalProfile: { clientId: 'msi' },
        nodeResourceGroup: 'MC_Rg1_Aks1_eastus',
        fqdn: expect.stringMatching(/^aks1-rg1-222222-[0-9a-f]{8}\.hcp\.eastus\.azmk8s\.io$/),
        oidcIssuerProfile: { enabled: true, issuerURL: expect.stringMatching(ISSUER) },
        securityProfile: { workloadIdentity: { enabled: true } },
        identityProfile: { kubeletidentity: identity('Aks1-agentpool') },
        addonProfiles: {
          azureKeyvaultSecretsProvider: {
            enabled: true,
            config: { enableSecretRotation: 'false', rotationPollInterval: '2m' },
            identity: identity('azurekeyvaultsecretsprovider-Aks1'),
          },
        },
      },
    });
    expect(created.body).not.toHaveProperty('internal');
    const spec = lab.clusters.running.get(CLUSTER.toLowerCase());
    expect(spec).toEqual({
      armId: CLUSTER,
      name: 'Aks1',
      resourceGroup: 'Rg1',
      location: 'eastus',
      issuerUrl: created.body['properties']?.['oidcIssuerProfile']?.['issuerURL'],
      secretsProvider: { enableSecretRotation: false, rotationPollInterval: '2m' },
      workloadIdentity: true,
      nodeName: expect.stringMatching(/^aks-nodepool1-\d{8}-vmss000000$/),
      maxPods: 250,
      kubernetesVersion: created.body['properties']?.['kubernetesVersion'],
    });
    expect(lab.arm.clusters()).toEqual([spec]);
    const addon = await lab.send('GET', identityId('azurekeyvaultsecretsprovider-Aks1'));
    expect(addon.body['properties']?.['clientId']).toBe(
      created.body['properties']?.['addonProfiles']?.['azureKeyvaultSecretsProvider']?.['identity']?.['clientId'],
    );
    expect(lab.directory.principals().map(({ clientId }) => clientId)).toContain(
      addon.body['properties']?.['clientId'],
    );
  });

  it('keeps its issuer and gains the add-on when the whole object is sent back, as az does', async () => {
    const created = { body: await provide(body({ addonProfiles: undefined, securityProfile: undefined })) };
    expect(lab.clusters.running.get(CLUSTER.toLowerCase())).toMatchObject({
      secretsProvider: undefined,
      workloadIdentity: false,
    });
    expect(created.body['properties']?.['addonProfiles']).toEqual({});
    const whole = {
      ...created.body,
      properties: {
        ...created.body['properties'],
        addonProfiles: { AzureKeyvaultSecretsProvider: { enabled: true, config: { enableSecretRotation: 'true' } } },
      },
    };
    const updated = { body: await provide(whole, CLUSTER.toLowerCase()) };
    expect(updated.body['properties']?.['oidcIssuerProfile']).toEqual(
      created.body['properties']?.['oidcIssuerProfile'],
    );
    expect(updated.body['properties']?.['fqdn']).toBe(created.body['properties']?.['fqdn']);
    expect(updated.body['identity']).toEqual(created.body['identity']);
    expect(Object.keys(updated.body['properties']?.['addonProfiles'] as JsonBody)).toEqual([
      'azureKeyvaultSecretsProvider',
    ]);
    expect(lab.clusters.running.get(CLUSTER.toLowerCase())?.secretsProvider).toEqual({
      enableSecretRotation: true,
      rotationPollInterval: '2m',
    });
  });

  it('is there while it is created, is polled until it runs, and refuses other changes meanwhile', async () => {
    let finish: () => void = () => undefined;
    lab.clusters.onApply = () =>
      new Promise((resolve) => {
        finish = resolve;
      });
    const created = await lab.send('PUT', CLUSTER, body());
    expect([created.status, created.body['properties']?.['provisioningState']]).toEqual([201, 'Creating']);
    expect((await lab.send('GET', CLUSTER)).body).toEqual(created.body);
    expect(created.headers.get('retry-after')).toBe('1');
    const status = created.headers.get('azure-asyncoperation');
    const running = await poll(status);
    expect([running.body['status'], running.headers.get('retry-after')]).toEqual(['InProgress', '1']);
    for (const method of ['PUT', 'PATCH', 'DELETE']) {
      const refused = await lab.send(method, CLUSTER, method === 'PUT' ? body() : {});
      expect([refused.status, refused.body['error']?.['code']]).toEqual([409, 'OperationNotAllowed']);
    }
    finish();
    await lab.arm.idle();
    expect((await poll(status)).body).toMatchObject({ status: 'Succeeded', startTime: '2026-01-01T00:00:00.000Z' });
    expect((await lab.send('GET', CLUSTER)).body['properties']?.['provisioningState']).toBe('Succeeded');
  });

  it('that does not start is told by the operation, and can be tried again', async () => {
    lab.clusters.onApply = () => Promise.reject(new Error('no namespaces on this machine'));
    const created = await lab.send('PUT', CLUSTER, body());
    await lab.arm.idle();
    expect((await lab.send('GET', CLUSTER)).body['properties']?.['provisioningState']).toBe('Failed');
    expect((await poll(created.headers.get('azure-asyncoperation'))).body).toMatchObject({
      status: 'Failed',
      error: { code: 'InternalOperationError', message: 'no namespaces on this machine' },
    });
    lab.clusters.onApply = () => Promise.resolve();
    const again = await lab.send('PUT', CLUSTER, body());
    expect([again.status, again.body['properties']?.['provisioningState']]).toEqual([200, 'Updating']);
    await lab.arm.idle();
    expect((await lab.send('GET', CLUSTER)).body['properties']?.['provisioningState']).toBe('Succeeded');
  });

  it('whose start the end of the lab interrupted has failed after the restart', async () => {
    lab.clusters.onApply = () => new Promise(() => undefined);
    const creating = await lab.send('PUT', CLUSTER, body());
    const status = new URL(creating.headers.get('azure-asyncoperation') ?? '');
    lab = lab.restarted();
    expect((await lab.send('GET', status.pathname)).body).toMatchObject({
      status: 'Failed',
      error: { code: 'OperationInterrupted' },
    });
    expect((await lab.send('GET', CLUSTER)).body['properties']?.['provisioningState']).toBe('Failed');
    expect(lab.arm.clusters()).toHaveLength(1);
  });

  it.each(['listClusterUserCredential', 'listClusterAdminCredential'])('gives its kubeconfig by %s', async (action) => {
    await provide(body());
    const answer = await lab.send('POST', `${CLUSTER}/${action}`);
    const [kubeconfig] = answer.body['kubeconfigs'] as unknown as { name: string; value: string }[];
    expect(kubeconfig?.name).toBe(action === 'listClusterUserCredential' ? 'clusterUser' : 'clusterAdmin');
    expect(Buffer.from(kubeconfig?.value ?? '', 'base64').toString()).toBe(`kind: Config # ${CLUSTER}\n`);
  });

  it('goes with its node resource group and its identities', async () => {
    const before = lab.directory.principals().length;
    await provide(body());
    const deleted = await lab.send('DELETE', CLUSTER);
    expect(deleted.status).toBe(202);
    await lab.arm.idle();
    expect((await poll(deleted.headers.get('location'))).status).toBe(204);
    expect(lab.clusters.running.size).toBe(0);
    expect((await lab.send('GET', CLUSTER)).status).toBe(404);
    expect((await lab.send('GET', NODE_GROUP)).status).toBe(404);
    expect(lab.directory.principals()).toHaveLength(before);
    expect((await lab.send('DELETE', CLUSTER)).status).toBe(204);
  });

  it('gets new signing keys, in a step that takes a while', async () => {
    await provide(body());
    const answer = await lab.send('POST', `${CLUSTER}/rotateServiceAccountSigningKeys`);
    expect(answer.status).toBe(202);
    await lab.arm.idle();
    expect(lab.clusters.rotated).toEqual([CLUSTER]);
    expect((await lab.send('GET', CLUSTER)).body['properties']?.['provisioningState']).toBe('Succeeded');
  });

  it('goes with its resource group', async () => {
    await provide(body());
    await lab.send('DELETE', GROUP);
    await lab.arm.idle();
    expect(lab.clusters.running.size).toBe(0);
    expect((await lab.send('GET', `${SUBSCRIPTION}/resourceGroups`)).body['value']).toEqual([]);
  });

  it.each<[string, string, object, string]>([
    ['no agent pool', 'Aks1', body({ agentPoolProfiles: [] }), 'InvalidParameter'],
    [
      'an agent pool in capitals',
      'Aks1',
      body({ agentPoolProfiles: [{ name: 'Pool', count: 1 }] }),
      'InvalidParameter',
    ],
    ['a version that is none', 'Aks1', body({ kubernetesVersion: 'new' }), 'K8sVersionNotSupported'],
    ['workload identity without an issuer', 'Aks1', body({ oidcIssuerProfile: undefined }), 'BadRequest'],
    ['a name that ends with a hyphen', 'Aks1-', body(), 'InvalidParameter'],
    ['no location', 'Aks1', { properties: body().properties }, 'LocationRequired'],
  ])('with %s is refused, and nothing of it is left', async (_what, name, sent, code) => {
    const answer = await lab.send('PUT', CLUSTER.replace('Aks1', name), sent);
    expect([answer.status, answer.body['error']?.['code']]).toEqual([400, code]);
    expect((await lab.send('GET', `${SUBSCRIPTION}/resourceGroups`)).body['value']).toHaveLength(1);
    expect(lab.clusters.running.size).toBe(0);
  });
});

describe('an agent pool', () => {
  it('is shown with its cluster and by itself, in the state of its cluster', async () => {
    const created = await lab.send('PUT', CLUSTER, body());
    expect(created.body['properties']?.['agentPoolProfiles']).toMatchObject([
      { name: 'nodepool1', provisioningState: 'Creating' },
    ]);
    await lab.arm.idle();
    const shown = await lab.send('GET', `${CLUSTER}/agentPools/NodePool1`);
    expect(shown.body).toMatchObject({
      id: `${CLUSTER}/agentPools/nodepool1`,
      name: 'nodepool1',
      type: 'Microsoft.ContainerService/managedClusters/agentPools',
      properties: { count: 1, mode: 'System', vmSize: 'Standard_DS2_v2', provisioningState: 'Succeeded' },
    });
    expect((await lab.send('GET', `${CLUSTER}/agentPools`)).body['value']).toEqual([shown.body]);
    expect((await lab.send('GET', `${CLUSTER}/agentPools/other`)).status).toBe(404);
  });
});

describe('agent pools, one by one', () => {
  const POOLS = `${CLUSTER}/agentPools`;
  const machines = async () => {
    const { body: answer } = await lab.send('GET', `${NODE_GROUP}/providers/Microsoft.Compute/virtualMachineScaleSets`);
    return (answer['value'] as unknown as readonly { name: string }[]).map(({ name }) => name.split('-')[1]);
  };
  beforeEach(async () => {
    await provide(body());
  });

  it('are added, changed and removed, each with its machines, and polled to their end', async () => {
    const added = await lab.send('PUT', `${POOLS}/np2`, { properties: { count: 2, vmSize: 'Standard_B2s' } });
    expect([added.status, added.body]).toMatchObject([
      201,
      { id: `${POOLS}/np2`, properties: { count: 2, mode: 'User', provisioningState: 'Updating' } },
    ]);
    await lab.arm.idle();
    expect((await poll(added.headers.get('azure-asyncoperation'))).body).toMatchObject({ status: 'Succeeded' });
    expect(await machines()).toEqual(['nodepool1', 'np2']);
    const scaled = await lab.send('PUT', `${POOLS}/NP2`, { properties: { ...added.body['properties'], count: 3 } });
    expect([scaled.status, scaled.body['name'], scaled.body['properties']?.['count']]).toEqual([200, 'np2', 3]);
    await lab.arm.idle();
    expect((await lab.send('GET', CLUSTER)).body['properties']?.['agentPoolProfiles']).toMatchObject([
      { name: 'nodepool1', count: 1 },
      { name: 'np2', count: 3, provisioningState: 'Succeeded' },
    ]);
    const removed = await lab.send('DELETE', `${POOLS}/np2`);
    expect(removed.status).toBe(202);
    await lab.arm.idle();
    expect((await poll(removed.headers.get('location'))).status).toBe(204);
    expect(await machines()).toEqual(['nodepool1']);
    expect((await lab.send('DELETE', `${POOLS}/np2`)).status).toBe(204);
  });

  it.each<[what: string, method: string, pool: string, properties: object, status: number, code: string]>([
    ['a name in capitals', 'PUT', 'NP-2', {}, 400, 'InvalidParameter'],
    ['a name of 13 characters', 'PUT', 'a234567890123', {}, 400, 'InvalidParameter'],
    ['a negative count', 'PUT', 'np2', { count: -1 }, 400, 'InvalidParameter'],
    ['the last system pool made a user pool', 'PUT', 'nodepool1', { mode: 'User' }, 400, 'OperationNotAllowed'],
    ['the last system pool removed', 'DELETE', 'nodepool1', {}, 400, 'OperationNotAllowed'],
  ])('refuse %s', async (_what, method, pool, properties, status, code) => {
    const before = (await lab.send('GET', POOLS)).body;
    const answer = await lab.send(method, `${POOLS}/${pool}`, method === 'PUT' ? { properties } : undefined);
    expect([answer.status, answer.body['error']?.['code']]).toEqual([status, code]);
    expect((await lab.send('GET', POOLS)).body).toEqual(before);
  });

  it('wait for the operation before, and are checked by their own eTag', async () => {
    const stale = await lab.send('PUT', `${POOLS}/nodepool1`, { properties: { mode: 'System' } }, undefined, {
      'if-match': 'stale',
    });
    expect([stale.status, stale.body['error']?.['code']]).toEqual([412, 'PreconditionFailed']);
    let finish: () => void = () => undefined;
    lab.clusters.onApply = () =>
      new Promise((resolve) => {
        finish = resolve;
      });
    await lab.send('PUT', `${POOLS}/np2`, { properties: {} });
    const second = await lab.send('PUT', `${POOLS}/np3`, { properties: {} });
    expect([second.status, second.body['error']?.['code']]).toEqual([409, 'OperationNotAllowed']);
    finish();
    await lab.arm.idle();
  });

  it('lose their machines when the cluster is sent without them', async () => {
    await lab.send('PUT', `${POOLS}/np2`, { properties: {} });
    await lab.arm.idle();
    await provide(body());
    expect(await machines()).toEqual(['nodepool1']);
  });
});

describe('the versions of Kubernetes', () => {
  const path = `${SUBSCRIPTION}/providers/Microsoft.ContainerService/locations/eastus/kubernetesVersions`;

  it('are listed, with one that is taken by default', async () => {
    const versions = (await lab.send('GET', path)).body['values'] as unknown as {
      version: string;
      isDefault?: boolean;
      patchVersions: Record<string, { upgrades: string[] }>;
    }[];
    const [standard] = versions.filter(({ isDefault }) => isDefault === true);
    const created = await provide(body());
    expect(Object.keys(standard?.patchVersions ?? {})).toContain(created['properties']?.['kubernetesVersion']);
    for (const { patchVersions } of versions) {
      for (const [patch, { upgrades }] of Object.entries(patchVersions)) expect(upgrades).not.toContain(patch);
    }
  });

  it('stand for their newest patch', async () => {
    const created = await provide(body({ kubernetesVersion: '1.32' }));
    expect(created['properties']?.['kubernetesVersion']).toMatch(/^1\.32\.[1-9]\d*$/);
  });
});

describe('the machines of a cluster', () => {
  const list = async () =>
    (await lab.send('GET', `${NODE_GROUP}/providers/Microsoft.Compute/virtualMachineScaleSets`)).body[
      'value'
    ] as unknown as JsonBody[];
  const only = async (): Promise<JsonBody> => (await list())[0] ?? {};
  const identityPath = (name: string) => `${GROUP}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/${name}`;
  const createIdentity = async (name: string) =>
    (await lab.send('PUT', identityPath(name), { location: 'eastus' })).body['properties']?.['principalId'];
  const assigned = () => lab.arm.assignedIdentities(CLUSTER);
  const change = async (identity: object) => lab.send('PATCH', textOr((await only())['id'], ''), { identity });

  it('are a scale set in the node resource group, with the identities of the kubelet and of the add-on', async () => {
    const cluster = await provide(body());
    const scaleSet = await only();
    expect(scaleSet).toMatchObject({
      name: expect.stringMatching(/^aks-nodepool1-\d{8}-vmss$/),
      type: 'Microsoft.Compute/virtualMachineScaleSets',
      sku: { name: 'Standard_DS2_v2', capacity: 1 },
      identity: { type: 'UserAssigned' },
      tags: { 'aks-managed-poolName': 'nodepool1' },
    });
    const { nodeName } = lab.clusters.running.get(CLUSTER.toLowerCase()) ?? {};
    expect(nodeName).toBe(`${textOr(scaleSet['name'], '')}000000`);
    const properties = cluster['properties'];
    const identities = [
      properties?.['identityProfile']?.['kubeletidentity'],
      properties?.['addonProfiles']?.['azureKeyvaultSecretsProvider']?.['identity'],
    ];
    expect(Object.keys(scaleSet['identity']?.['userAssignedIdentities'] ?? {})).toEqual(
      identities.map((identity) => identity?.['resourceId']),
    );
    expect(assigned()).toMatchObject({
      systemAssigned: undefined,
      userAssigned: identities.map((identity) => identity?.['objectId']),
    });
  });

  it('are given and lose identities by PATCH', async () => {
    await provide(body({ addonProfiles: undefined }));
    const [kubelet] = assigned().userAssigned;
    const principalId = await createIdentity('mine');
    const given = await change({
      type: 'SystemAssigned, UserAssigned',
      userAssignedIdentities: { [identityPath('mine')]: {} },
    });
    expect(given.status).toBe(200);
    const { systemAssigned, userAssigned } = assigned();
    expect(userAssigned).toEqual([kubelet, principalId]);
    expect(lab.directory.byObjectId(systemAssigned ?? '')).toMatchObject({
      type: 'ManagedIdentity',
      armId: (await only())['id'],
    });
    await change({ type: 'UserAssigned', userAssignedIdentities: { [identityPath('mine').toLowerCase()]: null } });
    expect(assigned()).toMatchObject({ systemAssigned: undefined, userAssigned: [kubelet] });
    expect(lab.directory.byObjectId(systemAssigned ?? '')).toBeUndefined();
    await change({ type: 'None' });
    expect(assigned()).toMatchObject({ systemAssigned: undefined, userAssigned: [] });
  });

  it('keep what they were given when the cluster changes, and lose an identity that is deleted', async () => {
    const cluster = await provide(body());
    const principalId = await createIdentity('mine');
    await change({ type: 'UserAssigned', userAssignedIdentities: { [identityPath('mine')]: {} } });
    await provide(cluster);
    expect(assigned().userAssigned).toContain(principalId);
    await lab.send('DELETE', identityPath('mine'));
    expect(assigned().userAssigned).not.toContain(principalId);
  });

  it('are given no identity that does not exist, or that the caller may not assign', async () => {
    await provide(body());
    const missing = await change({ type: 'UserAssigned', userAssignedIdentities: { [identityPath('none')]: {} } });
    expect([missing.status, missing.body['error']?.['code']]).toEqual([400, 'FailedIdentityOperation']);

    await createIdentity('mine');
    const caller = { oid: '55555555-5555-5555-5555-555555555555', appid: '66666666-6666-6666-6666-666666666666' };
    lab.directory.put({
      type: 'Application',
      objectId: caller.oid,
      clientId: caller.appid,
      displayName: 'app',
      secrets: [],
      federatedCredentials: [],
    });
    const role = `${SUBSCRIPTION}/providers/Microsoft.Authorization/roleDefinitions/b24988ac-6180-42a0-ab88-20f7382dd24c`;
    await lab.send('PUT', `${NODE_GROUP}/providers/Microsoft.Authorization/roleAssignments/${caller.oid}`, {
      properties: { roleDefinitionId: role, principalId: caller.oid },
    });
    const identity = { type: 'UserAssigned', userAssignedIdentities: { [identityPath('mine')]: {} } };
    const refused = await lab.send('PATCH', textOr((await only())['id'], ''), { identity }, caller);
    expect([refused.status, refused.body['error']?.['code']]).toEqual([403, 'LinkedAuthorizationFailed']);
  });

  it('cannot be made by hand', async () => {
    const path = `${GROUP}/providers/Microsoft.Compute/virtualMachineScaleSets/mine`;
    const answer = await lab.send('PUT', path, { location: 'eastus' });
    expect([answer.status, answer.body['error']?.['code']]).toEqual([400, 'OperationNotAllowed']);
  });
});

describe('a cluster with identities of its own', () => {
  it('uses them, for itself and for its nodes', async () => {
    const path = (name: string) => `${GROUP}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/${name}`;
    const made = (await lab.send('PUT', path('control'), { location: 'eastus' })).body['properties'];
    const kubelet = (await lab.send('PUT', path('nodes'), { location: 'eastus' })).body['properties'];
    const cluster = await provide({
      ...body({ addonProfiles: undefined, identityProfile: { kubeletidentity: { resourceId: path('nodes') } } }),
      identity: { type: 'UserAssigned', userAssignedIdentities: { [path('control')]: {} } },
    });
    expect(cluster['identity']).toEqual({
      type: 'UserAssigned',
      userAssignedIdentities: {
        [path('control')]: { principalId: made?.['principalId'], clientId: made?.['clientId'] },
      },
    });
    expect(cluster['properties']?.['identityProfile']?.['kubeletidentity']).toEqual({
      resourceId: path('nodes'),
      clientId: kubelet?.['clientId'],
      objectId: kubelet?.['principalId'],
    });
    expect(lab.arm.assignedIdentities(CLUSTER).userAssigned).toEqual([kubelet?.['principalId']]);
  });
});

it('is refused where there is nothing to run it on, and nothing is kept of it', async () => {
  Object.assign(lab.clusters, { refusal: 'no Kubernetes here' });
  const refused = await lab.send('PUT', CLUSTER, body());
  expect([refused.status, refused.body['error']]).toEqual([
    409,
    { code: 'OperationNotAllowed', message: 'no Kubernetes here' },
  ]);
  expect((await lab.send('GET', CLUSTER)).status).toBe(404);
  expect((await lab.send('GET', NODE_GROUP)).status).toBe(404);
});
