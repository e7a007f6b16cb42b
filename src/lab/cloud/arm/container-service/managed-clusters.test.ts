import { beforeEach, describe, expect, it } from 'vitest';
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

const poll = (header: string | null) => {
  const url = new URL(header ?? '');
  return lab.send('GET', url.pathname + url.search);
};

describe('a managed cluster', () => {
  it('runs when the answer comes, and has what az and scripts read', async () => {
    const created = await lab.send('PUT', CLUSTER, body());
    expect(created.status).toBe(201);
    expect(created.headers.get('azure-asyncoperation')).toBeNull();
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
    const created = await lab.send('PUT', CLUSTER, body({ addonProfiles: undefined, securityProfile: undefined }));
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
    const updated = await lab.send('PUT', CLUSTER.toLowerCase(), whole);
    expect(updated.status).toBe(200);
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

  it('that takes longer is polled until it runs, and refuses other changes meanwhile', async () => {
    let finish: () => void = () => undefined;
    lab.clusters.onApply = () =>
      new Promise((resolve) => {
        finish = resolve;
      });
    const creating = lab.send('PUT', CLUSTER, body());
    await lab.clock.sleepers();
    await lab.clock.advance(10_000);
    const created = await creating;
    expect([created.status, created.body['properties']?.['provisioningState']]).toEqual([201, 'Creating']);
    expect(created.headers.get('retry-after')).toBe('1');
    const status = created.headers.get('azure-asyncoperation');
    const running = await poll(status);
    expect([running.body['status'], running.headers.get('retry-after')]).toEqual(['InProgress', '1']);
    const refused = await lab.send('DELETE', CLUSTER);
    expect([refused.status, refused.body['error']?.['code']]).toEqual([409, 'OperationNotAllowed']);
    finish();
    await lab.arm.idle();
    expect((await poll(status)).body).toMatchObject({ status: 'Succeeded', startTime: '2026-01-01T00:00:00.000Z' });
    expect((await lab.send('GET', CLUSTER)).body['properties']?.['provisioningState']).toBe('Succeeded');
  });

  it('that does not start is told by the operation, and can be tried again', async () => {
    lab.clusters.onApply = () => Promise.reject(new Error('no namespaces on this machine'));
    const created = await lab.send('PUT', CLUSTER, body());
    expect(created.body['properties']?.['provisioningState']).toBe('Failed');
    expect((await poll(created.headers.get('azure-asyncoperation'))).body).toMatchObject({
      status: 'Failed',
      error: { code: 'InternalOperationError', message: 'no namespaces on this machine' },
    });
    lab.clusters.onApply = () => Promise.resolve();
    expect((await lab.send('PUT', CLUSTER, body())).body['properties']?.['provisioningState']).toBe('Succeeded');
  });

  it('whose start the end of the lab interrupted has failed after the restart', async () => {
    lab.clusters.onApply = () => new Promise(() => undefined);
    const creating = lab.send('PUT', CLUSTER, body());
    await lab.clock.sleepers();
    await lab.clock.advance(10_000);
    const status = new URL((await creating).headers.get('azure-asyncoperation') ?? '');
    lab = lab.restarted();
    expect((await lab.send('GET', status.pathname)).body).toMatchObject({
      status: 'Failed',
      error: { code: 'OperationInterrupted' },
    });
    expect((await lab.send('GET', CLUSTER)).body['properties']?.['provisioningState']).toBe('Failed');
    expect(lab.arm.clusters()).toHaveLength(1);
  });

  it.each(['listClusterUserCredential', 'listClusterAdminCredential'])('gives its kubeconfig by %s', async (action) => {
    await lab.send('PUT', CLUSTER, body());
    const answer = await lab.send('POST', `${CLUSTER}/${action}`);
    const [kubeconfig] = answer.body['kubeconfigs'] as unknown as { name: string; value: string }[];
    expect(kubeconfig?.name).toBe(action === 'listClusterUserCredential' ? 'clusterUser' : 'clusterAdmin');
    expect(Buffer.from(kubeconfig?.value ?? '', 'base64').toString()).toBe(`kind: Config # ${CLUSTER}\n`);
  });

  it('goes with its node resource group and its identities', async () => {
    const before = lab.directory.principals().length;
    await lab.send('PUT', CLUSTER, body());
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

  it('goes with its resource group', async () => {
    await lab.send('PUT', CLUSTER, body());
    await lab.send('DELETE', GROUP);
    await lab.arm.idle();
    expect(lab.clusters.running.size).toBe(0);
    expect((await lab.send('GET', `${SUBSCRIPTION}/resourceGroups`)).body['value']).toEqual([]);
  });

  it.each<[string, string, object, string]>([
    ['no agent pool', 'Aks1', body({ agentPoolProfiles: [] }), 'InvalidParameter'],
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
