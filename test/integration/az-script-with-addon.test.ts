import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { parse } from 'yaml';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startAzLab, type AzLab } from './support/az-lab.ts';

// The az commands of a script such as examples/file-and-env, in their order: each test goes on from the one before.
let lab: AzLab;
let clientId = '';
let issuer = '';

beforeAll(async () => {
  lab = await startAzLab();
});
afterAll(() => lab[Symbol.asyncDispose]());

it('creates the resource group', async () => {
  expect(await lab.json('group create -g DemoRG -l eastus')).toEqual({
    id: `/subscriptions/${lab.cloud.directory.subscription.subscriptionId}/resourceGroups/DemoRG`,
    location: 'eastus',
    managedBy: null,
    name: 'DemoRG',
    properties: { provisioningState: 'Succeeded' },
    tags: {},
    type: 'Microsoft.Resources/resourceGroups',
  });
});

it('creates the cluster with its features, in the region of the group, and a key pair in the home', async () => {
  const cluster = await lab.json(
    'aks create -g DemoRG -n demo --node-count 1 --enable-oidc-issuer --enable-workload-identity --enable-addons azure-keyvault-secrets-provider --generate-ssh-keys',
  );
  expect(cluster).toMatchObject({
    name: 'demo',
    resourceGroup: 'DemoRG',
    location: 'eastus',
    provisioningState: 'Succeeded',
    oidcIssuerProfile: { enabled: true },
    securityProfile: { workloadIdentity: { enabled: true } },
    addonProfiles: { azureKeyvaultSecretsProvider: { enabled: true } },
  });
  expect([...lab.clusters.applied.values()]).toMatchObject([
    { name: 'demo', workloadIdentity: true, secretsProvider: { enableSecretRotation: false } },
  ]);
  expect(await readFile(join(lab.home, '.ssh', 'id_rsa.pub'), 'utf8')).toMatch(/^ssh-rsa AAAAB3NzaC1yc2E/);
  expect((await stat(join(lab.home, '.ssh', 'id_rsa'))).mode & 0o777).toBe(0o600);
});

it('puts the credentials into the kubeconfig', async () => {
  const path = join(lab.home, '.kube', 'config');
  const { code, stdout, stderr } = await lab.run('aks get-credentials -g DemoRG -n demo');
  expect({ code, stdout, stderr }).toEqual({
    code: 0,
    stdout: '',
    stderr: `WARNING: Merged "demo" as current context in ${path}\n`,
  });
  expect(parse(await readFile(path, 'utf8'))).toMatchObject({ 'current-context': 'demo' });
});

it('prints the issuer and the tenant', async () => {
  issuer = await lab.text('aks show -n demo -g DemoRG --query "oidcIssuerProfile.issuerUrl"');
  expect(issuer).toMatch(/^https:\/\/eastus\.oic\.prod-aks\.azure\.com\/[0-9a-f-]{36}\/[0-9a-f-]{36}\/$/);
  expect(await lab.text('account show --query tenantId')).toBe(lab.cloud.directory.tenant.tenantId);
});

it('creates the identity and trusts the service account', async () => {
  await lab.json('identity create --name demo-identity --resource-group DemoRG --location eastus');
  clientId = await lab.text('identity show --resource-group DemoRG --name demo-identity --query clientId');
  expect(lab.cloud.directory.byClientId(clientId)).toMatchObject({ type: 'ManagedIdentity' });
  expect(
    await lab.json(
      `identity federated-credential create --name trust --identity-name demo-identity --resource-group DemoRG --issuer ${issuer} --subject system:serviceaccount:default:demo-sa`,
    ),
  ).toMatchObject({
    name: 'trust',
    resourceGroup: 'DemoRG',
    issuer,
    subject: 'system:serviceaccount:default:demo-sa',
    audiences: ['api://AzureADTokenExchange'],
    type: 'Microsoft.ManagedIdentity/userAssignedIdentities/federatedIdentityCredentials',
  });
  expect(lab.cloud.directory.byClientId(clientId)?.federatedCredentials).toMatchObject([{ name: 'trust', issuer }]);
});

it('creates the vault with all permissions for its creator', async () => {
  const all = { certificates: ['all'], keys: ['all'], secrets: ['all'], storage: ['all'] };
  expect(await lab.json('keyvault create --name demo-vault-1 --resource-group DemoRG --location eastus')).toMatchObject(
    {
      name: 'demo-vault-1',
      resourceGroup: 'DemoRG',
      type: 'Microsoft.KeyVault/vaults',
      properties: {
        accessPolicies: [{ applicationId: null, objectId: lab.cloud.directory.user.objectId, permissions: all }],
        enableRbacAuthorization: false,
        sku: { family: 'A', name: 'standard' },
        softDeleteRetentionInDays: 90,
        vaultUri: 'https://demo-vault-1.vault.azure.net/',
      },
    },
  );
});

it('sets the secret and lets the identity read it', async () => {
  expect(
    await lab.json('keyvault secret set --vault-name demo-vault-1 --name TestSecret --value "Hello from Key Vault"'),
  ).toMatchObject({
    attributes: { enabled: true, expires: null, notBefore: null },
    contentType: null,
    kid: null,
    managed: null,
    name: 'TestSecret',
    tags: { 'file-encoding': 'utf-8' },
    value: 'Hello from Key Vault',
  });
  const principalId = lab.cloud.directory.byClientId(clientId)?.objectId;
  expect(
    await lab.json(`keyvault set-policy --name demo-vault-1 -g DemoRG --secret-permissions get --spn ${clientId}`),
  ).toMatchObject({
    properties: {
      accessPolicies: [
        { objectId: lab.cloud.directory.user.objectId },
        { objectId: principalId, permissions: { secrets: ['get'], keys: null, certificates: null, storage: null } },
      ],
    },
  });
});

it('prints the id of the secret, whose last part is its version', async () => {
  expect(await lab.text('keyvault secret show --vault-name demo-vault-1 --name TestSecret --query id')).toMatch(
    /^https:\/\/demo-vault-1\.vault\.azure\.net\/secrets\/TestSecret\/[0-9a-f]{32}$/,
  );
});

it('asks Entra ID for one token a resource in all of this', () => {
  const issued = lab.cloud.audit.records().filter((record) => record.path.endsWith('/oauth2/v2.0/token'));
  expect(issued).toHaveLength(3);
});
